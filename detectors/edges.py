"""Where the edges of a numeric field's bins are put, given the values of the baseline.

Inner bins hold equally many baseline rows each, so that distances between distributions computed from counts are
good wherever the baseline has mass: no bin can hide more than its own share of it. A value that is frequent by
itself (a zero, a default, an integer) gets a bin of its own, [v, next float). Beyond either end bins double in
width, so that a unit error or a long tail still lands in a bin that tells how far away it is.
"""

import numpy as np
from numpy.typing import NDArray

OUTER_BINS = 24
# The first outer bin is this fraction of the baseline's range wide.
OUTER_FRACTION = 1 / 64


def bin_edges(finite: NDArray[np.float64], max_bins: int) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Edges for the finite values of a baseline, and the range of the bins within its [min, max].

    ``finite`` need not be sorted. With no value at all the edges are those around a constant 0, and no bin is
    inner. Fewer outer bins than usual come out where floats end.
    """
    ordered = np.sort(finite) if len(finite) else np.zeros(1)
    low, high = float(ordered[0]), float(ordered[-1])
    with np.errstate(over="ignore"):
        inner = _inner_edges(ordered, max_bins)
        steps = _outer_width(low, high) * (2.0 ** np.arange(1, OUTER_BINS + 1) - 1)
        edges = np.unique(np.concatenate([low - steps, inner, np.nextafter(high, np.inf) + steps]))
    # Adding zero turns a negative zero into zero: equal edges are then equal bytes too.
    edges = edges[np.isfinite(edges)] + 0.0
    start, last = np.searchsorted(edges, [low, high], side="right").tolist()
    return edges, (start, last + 1) if len(finite) else (start, start)


def _inner_edges(ordered: NDArray[np.float64], max_bins: int) -> NDArray[np.float64]:
    """Edges from the smallest value to just above the largest."""
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    runs = np.diff(starts, append=len(ordered))
    # A value seen once is not frequent, however few rows there are.
    frequent = runs > max(1.0, len(ordered) / max_bins)
    atoms = ordered[starts[frequent]]
    rest = ordered[np.repeat(~frequent, runs)]
    n_rest_bins = -(-len(rest) * max_bins // len(ordered))
    n_rest_bins = min(n_rest_bins, len(rest))
    cuts = rest[np.arange(1, n_rest_bins) * len(rest) // max(1, n_rest_bins)]
    ends = [ordered[0], np.nextafter(ordered[-1], np.inf)]
    return np.concatenate([ends, atoms, np.nextafter(atoms, np.inf), cuts])


def _outer_width(low: float, high: float) -> float:
    """Width of the first outer bin: a fraction of the range, or of the value where there is no range."""
    # Divided before subtracting: the range itself may be beyond the largest float.
    width = high * OUTER_FRACTION - low * OUTER_FRACTION
    if high == low:
        width = abs(high) * OUTER_FRACTION or OUTER_FRACTION
    return max(width, float(np.spacing(max(abs(low), abs(high)))))
