"""From rows to the columns that detectors take: events of the log, labels, and frames read from files.

Events are read all at once where every value is of the expected type (``modelwatch.log_reading``), else one by one.
Both ways have one meaning, that of ``modelwatch.values``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from detectors.binning import Binning
from detectors.bins import NumericBins
from detectors.columns import MISSING_CODE, CategoryColumn, Column, NumericColumn
from modelwatch.column_building import CategoryReading, categories, coded, numbers, reading
from modelwatch.fields import field_name, place, score_field
from modelwatch.log_reading import columns_and_names_together, columns_together
from modelwatch.unknown_names import UnknownNames, unknown_names
from modelwatch.values import MISTYPED, decode
from store.definitions import FieldKind
from store.records import LoggedPredictions

__all__ = [
    "columns_and_names_of_log",
    "columns_of_frame",
    "columns_of_log",
    "columns_one_by_one",
    "field_name",
    "label_column",
    "score_field",
]


def columns_of_log(binning: Binning, rows: LoggedPredictions) -> dict[str, Column]:
    """Every field of the binning, read from rows of the prediction log; position i is row i.

    A field that an event does not name is missing there. A value that is not of the field's kind is mistyped.
    """
    together = columns_together(binning, rows)
    return columns_one_by_one(binning, rows) if together is None else together


def columns_and_names_of_log(binning: Binning, rows: LoggedPredictions) -> tuple[dict[str, Column], UnknownNames]:
    """The same, and the names of features that are no fields of the binning, with the rows that had them."""
    together = columns_and_names_together(binning, rows)
    return together or (columns_of_log(binning, rows), unknown_names(binning, rows))


def columns_one_by_one(binning: Binning, rows: LoggedPredictions) -> dict[str, Column]:
    """The same, value by value: slower, and stopped by nothing."""
    decoded: dict[str, list[object]] = {
        "features": [decode(text) for text in rows.features],
        "prediction": [decode(text or "null") for text in rows.predictions],
        "score": [decode(text or "null") for text in rows.scores],
    }
    found: dict[str, Column] = {}
    for bins in binning.fields:
        part, key = place(bins.name)
        values = decoded[part] if key is None else [_member(value, key) for value in decoded[part]]
        if isinstance(bins, NumericBins):
            found[bins.name] = numbers(values)
        else:
            found[bins.name] = categories(values, reading(bins.kind, bins))
    return found


def columns_of_frame(
    frame: pd.DataFrame, kinds: Mapping[str, FieldKind], binning: Binning | None = None
) -> dict[str, Column]:
    """A column for each field of ``kinds``, read from the frame's column of that name.

    A cell means what the same value would in an event; NaN, NaT and None are missing, and so is a column that is
    not there. ``binning`` is the baseline's, None when the frame itself is the baseline.
    """
    found: dict[str, Column] = {}
    for name, kind in kinds.items():
        cells = frame[name] if name in frame.columns else pd.Series([None] * len(frame), dtype=object)
        bins = None if binning is None else binning.bins_of(name)
        found[name] = _numbers_of(cells) if kind == "numeric" else _categories_of(cells, reading(kind, bins))
    return found


def label_column(texts: Sequence[str | None], kind: FieldKind) -> Column:
    """Labels from their JSON texts, None where there is none: numbers, or the canonical texts of classes."""
    values = [decode(text or "null") for text in texts]
    return numbers(values) if kind == "numeric" else categories(values, reading("categorical", None))


def _member(value: object, key: str) -> object:
    """What stands under a key; something that is neither an object nor null has no keys and is mistyped."""
    if isinstance(value, dict):
        return value.get(key)
    return None if value is None else MISTYPED


def _numbers_of(cells: "pd.Series[Any]") -> NumericColumn:
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        return NumericColumn.of(values, np.isnan(values))
    return numbers(plain_values(cells))


def _categories_of(cells: "pd.Series[Any]", read: CategoryReading) -> CategoryColumn:
    if cells.dtype == object:
        return categories(plain_values(cells), read)
    codes, different = pd.factorize(cells)
    unique = plain_values(pd.Series(different))
    codes = codes.astype(np.int32)
    return coded(np.where(codes < 0, np.int32(MISSING_CODE), codes), unique, read)


def plain_values(cells: "pd.Series[Any]") -> list[object]:
    """The cells as Python's own values, None for each that is missing."""
    present = cells.notna().to_numpy()
    values = cells.astype(object).tolist()
    return [
        (value.item() if isinstance(value, np.generic) else value) if there else None
        for value, there in zip(values, present, strict=True)
    ]
