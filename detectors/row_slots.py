"""The slot of every single row in every field: the form in which rows can be grouped again and again.

Whole stream, versions, segments and hours are groupings of the same rows; the search for each value's bin, the dear
part, is done once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.bins import CategoryBins, NumericBins
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.counting import aligned_columns, kinds_differ


@dataclass(frozen=True, slots=True, eq=False)
class NumericSlots:
    """The slot within its field of every row (int32[n]), and the values."""

    bins: NumericBins
    slots: NDArray[np.int32]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CategorySlots:
    """The slot within its field of every row (int32[n]), and the column for the texts of what is new."""

    bins: CategoryBins
    slots: NDArray[np.int32]
    column: CategoryColumn


def row_slots(binning: Binning, columns: Mapping[str, Column]) -> tuple[int, tuple[NumericSlots | CategorySlots, ...]]:
    """The number of rows, and the slots of every row for each field in the order of the binning."""
    n, aligned = aligned_columns(binning, columns)
    fields: list[NumericSlots | CategorySlots] = []
    for bins, column in zip(binning.fields, aligned, strict=True):
        if isinstance(bins, NumericBins) and isinstance(column, NumericColumn):
            fields.append(NumericSlots(bins, _numeric_slots(bins, column), column.values))
        elif isinstance(bins, CategoryBins) and isinstance(column, CategoryColumn):
            fields.append(CategorySlots(bins, bins.slots_of(column.vocabulary)[column.codes], column))
        else:
            raise kinds_differ(bins, column)
    return n, tuple(fields)


def category_codes(binning: Binning, columns: Mapping[str, Column], name: str) -> NDArray[np.int64]:
    """Position in the field's ``categories`` of every row; -1 for rows without a category of their own bin.

    That is: missing, mistyped, new and rare ones. ValueError where the field is numeric.
    """
    bins, column = binning.bins_of(name), columns[name]
    if not isinstance(bins, CategoryBins) or not isinstance(column, CategoryColumn):
        raise ValueError(f"field {name!r} is numeric: only a categorical or boolean field has segments")
    slots = bins.slots_of(column.vocabulary)[column.codes].astype(np.int64)
    return np.maximum(slots - bins.FIRST_BIN, -1)


def _numeric_slots(bins: NumericBins, column: NumericColumn) -> NDArray[np.int32]:
    values = column.values
    slots = (bins.bin_of(values) + bins.FIRST_BIN).astype(np.int32)
    special = ~np.isfinite(values)
    if special.any():
        slots[np.isnan(values)] = bins.NAN
        slots[values == -np.inf] = bins.NEGATIVE_INFINITY
        slots[values == np.inf] = bins.POSITIVE_INFINITY
        slots[column.missing] = bins.MISSING
        slots[column.mistyped] = bins.MISTYPED
    return slots
