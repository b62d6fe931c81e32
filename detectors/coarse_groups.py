"""A few coarse groups of each field, fixed with its bins: parts of the stream that a person can name."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detectors.bins import CategoryBins, FieldBins, NumericBins
from detectors.wording import name, number

NUMERIC_GROUPS = 8
CATEGORY_GROUPS = 20


@dataclass(frozen=True, slots=True, eq=False)
class CoarseGroups:
    """The groups of one field: what each holds, in words, and for every slot of the field its group (int64[S])."""

    field: str
    titles: tuple[str, ...]
    of_slot: NDArray[np.int64]


def coarse_groups(bins: FieldBins) -> CoarseGroups:
    """The groups of a field.

    Numbers: eight runs of bins, as many bins in each as can be, so that they hold about equally many rows of the
    baseline where no value is frequent by itself; the outer bins join the runs at the ends. A field of at most eight
    values has a group for each. Categories: the 20 most frequent of the baseline, and all others together. Rows
    without a value of the field are a group too. Every row is in exactly one group of a field.
    """
    return _numeric(bins) if isinstance(bins, NumericBins) else _categories(bins)


def _numeric(bins: NumericBins) -> CoarseGroups:
    starts = _run_starts(bins)
    run_of_bin = np.searchsorted(starts, np.arange(bins.n_bins), side="right")
    n_runs = len(starts) + 1
    of_slot = np.full(bins.n_slots, n_runs, dtype=np.int64)
    of_slot[NumericBins.NEGATIVE_INFINITY], of_slot[NumericBins.POSITIVE_INFINITY] = 0, n_runs - 1
    of_slot[NumericBins.FIRST_BIN :] = run_of_bin
    # A run begins at the edge below its first bin.
    cuts = [number(float(bins.edges[start - 1])) for start in starts]
    return CoarseGroups(bins.name, (*_spans(bins.name, cuts), f"{bins.name} missing"), of_slot)


def _run_starts(bins: NumericBins) -> NDArray[np.int64]:
    """The first bin of every run but the first."""
    first, last = bins.inner
    inner = np.arange(first, last)
    is_value = np.zeros(bins.n_bins, dtype=bool)
    is_value[1:-1] = np.nextafter(bins.edges[:-1], np.inf) == bins.edges[1:]
    # The gap behind a frequent value goes with the value, so that whole numbers are one unit each.
    units = inner[is_value[inner] | ~is_value[inner - 1]] if len(inner) else inner
    runs = np.array_split(units, min(NUMERIC_GROUPS, max(len(units), 1)))
    return np.array([run[0] for run in runs[1:]], dtype=np.int64)


def _spans(field: str, cuts: list[str]) -> list[str]:
    if not cuts:
        return [f"any {field}"]
    between = [f"{low} <= {field} < {high}" for low, high in pairwise(cuts)]
    return [f"{field} < {cuts[0]}", *between, f"{field} >= {cuts[-1]}"]


def _categories(bins: CategoryBins) -> CoarseGroups:
    kept = bins.categories[:CATEGORY_GROUPS]
    others, missing = len(kept), len(kept) + 1
    of_slot = np.full(bins.n_slots, others, dtype=np.int64)
    of_slot[[CategoryBins.MISSING, CategoryBins.MISTYPED]] = missing
    of_slot[CategoryBins.FIRST_BIN : CategoryBins.FIRST_BIN + len(kept)] = np.arange(len(kept))
    titles = [f"{bins.name}={name(category)}" for category in kept]
    return CoarseGroups(bins.name, (*titles, f"another {bins.name}", f"{bins.name} missing"), of_slot)
