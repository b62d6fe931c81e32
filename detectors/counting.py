"""Counting one column into the slots of its field: the fast way, for one group of rows.

A numeric column is sorted block by block (a block fits the processor's cache, and sorting releases the interpreter
lock); where each edge falls in the sorted block then gives all counts at once. Searching the bin of every value
instead takes several times as long.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.bins import CategoryBins, FieldBins, NumericBins
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.unseen import UnseenSample, sample

_BLOCK = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class FieldCounts:
    """Counts and sums per slot of one field, and what does not split into slots."""

    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    squares: float
    low: float
    high: float
    unseen: UnseenSample


def count_numeric(bins: NumericBins, column: NumericColumn) -> FieldCounts:
    """Counts, and sums of values, per slot of a numeric field."""
    counts = np.zeros(bins.n_slots, dtype=np.int64)
    sums = np.zeros(bins.n_slots)
    bin_counts, bin_sums = counts[bins.FIRST_BIN :], sums[bins.FIRST_BIN :]
    # Positions of these in a sorted block: where -inf ends, every edge, where +inf begins, where NaN begins.
    probes = np.concatenate([[np.finfo(np.float64).min], bins.edges, [np.inf, np.nan]])
    squares, low, high, not_numbers = 0.0, np.inf, -np.inf, 0
    for start in range(0, len(column), _BLOCK):
        ordered = np.sort(column.values[start : start + _BLOCK])
        cuts = ordered.searchsorted(probes)
        inside = np.diff(cuts[:-1])
        bin_counts += inside
        first, end, nan = int(cuts[0]), int(cuts[-2]), int(cuts[-1])
        counts[bins.NEGATIVE_INFINITY] += first
        counts[bins.POSITIVE_INFINITY] += nan - end
        not_numbers += len(ordered) - nan
        if end == first:
            continue
        filled = np.flatnonzero(inside)
        with np.errstate(over="ignore", invalid="ignore"):
            bin_sums[filled] += np.add.reduceat(ordered[:end], cuts[filled])
            away = ordered[first:end] - bins.centre
            # Not a dot product: that would start threads of its own for every block.
            squares += float(np.square(away, out=away).sum())
        low, high = min(low, float(ordered[first])), max(high, float(ordered[end - 1]))
    counts[bins.MISSING] = np.count_nonzero(column.missing)
    counts[bins.MISTYPED] = np.count_nonzero(column.mistyped)
    counts[bins.NAN] = not_numbers - counts[bins.MISSING] - counts[bins.MISTYPED]
    return FieldCounts(counts, sums, squares, low, high, {})


def count_categories(bins: CategoryBins, column: CategoryColumn) -> FieldCounts:
    """Counts per slot of a category field, and the sample of what is new."""
    size = len(column.vocabulary)
    # Shifted so that the codes -2 and -1 count at 0 and 1.
    seen = np.bincount(column.codes + np.int32(2), minlength=size + 2)
    slots = bins.slots_of(column.vocabulary)
    counts = np.zeros(bins.n_slots, dtype=np.int64)
    np.add.at(counts, slots, np.roll(seen, -2))
    unseen: UnseenSample = {}
    if counts[bins.NEW]:
        new = np.flatnonzero((slots[:size] == bins.NEW) & (seen[2:] > 0)).tolist()
        unseen = sample((column.vocabulary[code], int(seen[code + 2])) for code in new)
    return FieldCounts(counts, np.zeros(bins.n_slots), 0.0, np.inf, -np.inf, unseen)


def count_column(bins: FieldBins, column: Column) -> FieldCounts:
    """Counts of one column in the slots of its field; ValueError where the kinds differ."""
    if isinstance(bins, NumericBins) and isinstance(column, NumericColumn):
        return count_numeric(bins, column)
    if isinstance(bins, CategoryBins) and isinstance(column, CategoryColumn):
        return count_categories(bins, column)
    raise kinds_differ(bins, column)


def kinds_differ(bins: FieldBins, column: Column) -> ValueError:
    """The error for a column that is not of the kind of its field."""
    return ValueError(
        f"field {bins.name!r}: the baseline has it as {type(bins).__name__}, the batch as {type(column).__name__}: "
        "read the batch by the kind the binning gives"
    )


def aligned_columns(binning: Binning, columns: Mapping[str, Column]) -> tuple[int, list[Column]]:
    """The number of rows, and the column of every field in the order of the binning; others are left out."""
    absent = [name for name in binning.names if name not in columns]
    if absent:
        raise ValueError(f"field {absent[0]!r} has no column: give one with every row missing")
    aligned = [columns[name] for name in binning.names]
    lengths = {len(column) for column in aligned} or {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"columns differ in length: {sorted(lengths)}")
    return (lengths.pop() if lengths else 0), aligned
