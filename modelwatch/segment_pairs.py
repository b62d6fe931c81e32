"""Pairs of segment fields: which pairs of values are watched by themselves.

They are chosen once, with the bins: the most frequent ones of the baseline. Rows with another pair of known values are
counted together.
"""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.bins import CategoryBins
from detectors.columns import Column
from detectors.row_slots import category_codes
from modelwatch.segment_names import others_name, pair_name

# Each segment is profiled by the hour and judged in every window; of more pairs of values the most frequent are kept.
MAX_PAIRS = 50


class SegmentPair(Struct, frozen=True):
    """Two fields, and the pairs of their values that are segments, the most frequent first.

    ``n_seen`` is how many pairs of values the baseline had. Where that is more than were kept, the others are one
    segment together.
    """

    fields: tuple[str, str]
    kept: tuple[tuple[str, str], ...]
    n_seen: int

    @property
    def is_capped(self) -> bool:
        return self.n_seen > len(self.kept)

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of the segments, that of the others last where there are any."""
        named = tuple(pair_name(self.fields, values) for values in self.kept)
        return (*named, others_name(self.fields)) if self.is_capped else named

    def of_rows(self, binning: Binning, columns: Mapping[str, Column]) -> NDArray[np.int64]:
        """Position in ``segments`` of every row; -1 for a row that lacks a known value of either field, and for a new
        pair of known ones where there is no segment of the others."""
        codes, known, width = _codes(binning, columns, self.fields)
        position = np.full(width, len(self.kept) if self.is_capped else -1, dtype=np.int64)
        for at, values in enumerate(self.kept):
            position[_code_of(binning, self.fields, values)] = at
        return np.where(known, position[codes], -1)


def choose_pair(binning: Binning, columns: Mapping[str, Column], fields: tuple[str, str]) -> SegmentPair:
    """The segments of a pair of category fields, from the rows of a baseline; ties are in the order of categories."""
    codes, known, width = _codes(binning, columns, fields)
    counts = np.bincount(codes[known], minlength=width)
    ranked = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    first, second = (_categories(binning, name) for name in fields)
    kept = tuple((first[code // len(second)], second[code % len(second)]) for code in ranked[:MAX_PAIRS].tolist())
    return SegmentPair(fields, kept, len(ranked))


def _codes(
    binning: Binning, columns: Mapping[str, Column], fields: tuple[str, str]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], int]:
    """For every row one code for the pair of its values, whether both are known, and the number of codes."""
    first, second = (category_codes(binning, columns, name) for name in fields)
    n_first, n_second = (len(_categories(binning, name)) for name in fields)
    known = (first >= 0) & (second >= 0)
    return np.where(known, first * n_second + second, 0), known, max(n_first * n_second, 1)


def _code_of(binning: Binning, fields: tuple[str, str], values: tuple[str, str]) -> int:
    first, second = (_categories(binning, name) for name in fields)
    return first.index(values[0]) * len(second) + second.index(values[1])


def _categories(binning: Binning, name: str) -> tuple[str, ...]:
    bins = binning.bins_of(name)
    if not isinstance(bins, CategoryBins):
        raise ValueError(f"field {name!r} is numeric: only a categorical or boolean field has segments")
    return bins.categories
