"""Profiles of many groups of rows at once: hours times versions times segments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.binning import Binning
from detectors.bins import CategoryBins
from detectors.columns import Column
from detectors.grouped_profiles import Floats, GroupedProfiles, Integers
from detectors.row_slots import CategorySlots, NumericSlots, row_slots
from detectors.unseen import UnseenSample, sample


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Rows whose slots are known, ready to be grouped any number of times."""

    binning: Binning
    n: int
    fields: tuple[NumericSlots | CategorySlots, ...]

    def grouped(self, groups: ArrayLike, n_groups: int) -> GroupedProfiles:
        """A profile for each of the groups 0 .. n_groups - 1; ``groups`` (int[n]) is the group of every row.

        Rows of group -1 are left out. A group without rows gets the empty profile.
        """
        of_row = _checked_groups(groups, self.n, n_groups)
        rows = np.flatnonzero(of_row >= 0)
        of_row = of_row[rows]
        entries, moments = [_NO_ENTRIES], [_NO_MOMENTS]
        for index, (field, offset) in enumerate(zip(self.fields, self.binning.offsets, strict=True)):
            field_entries, field_moments = _group_field(field, rows, of_row, index, offset)
            entries.append(field_entries)
            moments.append(field_moments)
        group, slots, counts, sums = _by_group(entries, n_groups)
        field_group, fields, squares, low, high = _by_group(moments, n_groups)
        return GroupedProfiles(
            self.binning,
            np.bincount(of_row, minlength=n_groups),
            _starts(group, n_groups),
            slots,
            counts,
            sums,
            _starts(field_group, n_groups),
            fields,
            squares,
            low,
            high,
            _unseen_by_group(self.fields, rows, of_row),
        )


def encode_rows(binning: Binning, columns: Mapping[str, Column]) -> Coded:
    """Finds the slot of every row in every field of a batch."""
    return Coded(binning, *row_slots(binning, columns))


def profile_groups(
    binning: Binning, columns: Mapping[str, Column], groups: ArrayLike, n_groups: int
) -> GroupedProfiles:
    """A profile for each group of rows, equal count for count to ``profile`` of that group's rows alone."""
    return encode_rows(binning, columns).grouped(groups, n_groups)


class _Entries(NamedTuple):
    """Filled slots of one field, in order of group."""

    group: Integers
    slots: Integers
    counts: Integers
    sums: Floats


class _Moments(NamedTuple):
    """What does not split into slots, for the groups in which a field has finite values, in order of group."""

    group: Integers
    fields: Integers
    squares: Floats
    low: Floats
    high: Floats


_NO_WHOLE, _NO_FLOAT = np.zeros(0, dtype=np.int64), np.zeros(0)
_NO_ENTRIES = _Entries(_NO_WHOLE, _NO_WHOLE, _NO_WHOLE, _NO_FLOAT)
_NO_MOMENTS = _Moments(_NO_WHOLE, _NO_WHOLE, _NO_FLOAT, _NO_FLOAT, _NO_FLOAT)


def _checked_groups(groups: ArrayLike, n: int, n_groups: int) -> Integers:
    of_row = np.asarray(groups)
    if of_row.shape != (n,) or of_row.dtype.kind not in "iu":
        raise ValueError(
            f"groups: want whole numbers, one for each of {n} rows, got {of_row.dtype}{list(of_row.shape)}"
        )
    if n and not -1 <= of_row.min() <= of_row.max() < n_groups:
        raise ValueError(f"groups: every group must be from -1 (left out) to {n_groups - 1}")
    return of_row.astype(np.int64)


def _group_field(
    field: NumericSlots | CategorySlots, rows: Integers, of_row: Integers, index: int, offset: int
) -> tuple[_Entries, _Moments]:
    """Entries and moments of one field; ``of_row`` is the group of each of ``rows``."""
    key = of_row * field.bins.n_slots + field.slots[rows]
    order = np.argsort(key)
    ordered = key[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)])
    group, slots = np.divmod(ordered[starts], field.bins.n_slots)
    counts = np.diff(starts, append=len(ordered))
    if isinstance(field, NumericSlots) and len(starts):
        values = field.values[rows[order]]
        sums, moments = _sums(field, values, starts, group, index)
    else:
        sums, moments = np.zeros(len(starts)), _NO_MOMENTS
    return _Entries(group, slots + offset, counts, sums), moments


def _sums(
    field: NumericSlots, values: Floats, starts: Integers, group: Integers, index: int
) -> tuple[Floats, _Moments]:
    """Sums by entry, moments by group, of values that lie in order of group and slot."""
    finite = np.isfinite(values)
    is_first = np.concatenate([[True], group[1:] != group[:-1]])
    group_starts, groups = starts[is_first], group[is_first]
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.add.reduceat(np.where(finite, values, 0.0), starts)
        away = np.where(finite, values - field.bins.centre, 0.0)
        squares = np.add.reduceat(away * away, group_starts)
    low = np.minimum.reduceat(np.where(finite, values, np.inf), group_starts)
    high = np.maximum.reduceat(np.where(finite, values, -np.inf), group_starts)
    some = low <= high
    moments = _Moments(groups[some], np.full(np.count_nonzero(some), index), squares[some], low[some], high[some])
    return sums, moments


def _by_group(parts: Sequence[tuple[NDArray[Any], ...]], n_groups: int) -> tuple[NDArray[Any], ...]:
    """The arrays of all parts, end to end, put in order of their first array, the group; ties keep their order."""
    columns = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    # Stable sorting is linear for 16-bit numbers.
    key = columns[0].astype(np.uint16) if n_groups <= np.iinfo(np.uint16).max else columns[0]
    order = np.argsort(key, kind="stable")
    return tuple(column[order] for column in columns)


def _starts(group: Integers, n_groups: int) -> Integers:
    """Where each group begins in arrays that lie in order of group, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(np.bincount(group, minlength=n_groups))])


def _unseen_by_group(
    fields: Sequence[NumericSlots | CategorySlots], rows: Integers, of_row: Integers
) -> Mapping[int, Mapping[int, UnseenSample]]:
    """For each group with new categories, the sample of each field that has some."""
    unseen: dict[int, dict[int, UnseenSample]] = {}
    for index, field in enumerate(fields):
        if not isinstance(field, CategorySlots):
            continue
        new = np.flatnonzero(field.slots[rows] == CategoryBins.NEW)
        vocabulary = field.column.vocabulary
        key = of_row[new] * len(vocabulary) + field.column.codes[rows[new]]
        pairs, counts = np.unique(key, return_counts=True)
        texts: dict[int, list[tuple[str, int]]] = {}
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            group, code = divmod(pair, len(vocabulary))
            texts.setdefault(group, []).append((vocabulary[code], count))
        for group, found in texts.items():
            unseen.setdefault(group, {})[index] = sample(found)
    return unseen
