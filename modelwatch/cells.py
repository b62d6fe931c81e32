"""The cells of a file's column: what kind of field they make, and each cell as the value an event would carry.

In a column of texts without types (csv), a number is a number where the column is one. Cells that are not of the
column's kind keep their text, and count as mistyped later on, as they would in an event.
"""

from collections import Counter
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as arrow

from store.definitions import FieldKind

Kind = FieldKind | Literal["times", "nested"]

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_WHOLE = r"^[+-]?[0-9]{1,18}$"
# Whole numbers with zeros in front are codes: as numbers they would lose them.
_CODE = r"^[+-]?0[0-9]"
_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?( ?(Z|[+-][0-9]{2}:?([0-9]{2})?))?)?$"
)
# How programs write that there is no number.
_NO_NUMBER = ["NA", "N/A", "#N/A", "NaN", "nan", "NAN", "NULL", "Null", "null", "None", "none", "?"]
_NOT_FINITE = ["inf", "-inf", "+inf", "Inf", "-Inf", "INF", "-INF", "Infinity", "-Infinity", "infinity", "-infinity"]
_TRUTHS = {"true": True, "false": False}
_DECLARED_TRUTHS = _TRUTHS | {"1": True, "0": False}


class Typed(NamedTuple):
    """A column with its kind. ``n_infinite`` cells were infinite and are taken as missing."""

    cells: "pd.Series[Any]"
    kind: Kind
    n_infinite: int = 0


def typed(cells: "pd.Series[Any]", declared: FieldKind | None, texts: bool) -> Typed:
    """The column as values of ``declared`` kind, or of the kind that its cells have.

    Of itself a column is numeric when all its values are numbers (in a csv also: without zeros in front), boolean
    when all are true or false, categorical otherwise, and numeric when it has no value at all. Columns of times
    and of nested values are no fields. Infinite numbers are taken as missing: events cannot carry them.
    """
    if texts:
        return _from_text(cells, declared)
    kind = declared or _kind(cells)
    if kind == "numeric" and pd.api.types.is_float_dtype(cells.dtype):
        infinite = np.isinf(cells.to_numpy(dtype=np.float64, na_value=np.nan))
        if infinite.any():
            return Typed(cells.mask(infinite), kind, int(infinite.sum()))
    if kind == "categorical" and pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return Typed(cells.map(lambda time: time.isoformat(), na_action="ignore"), kind)
    return Typed(cells, kind)


def loosely_typed(cells: "pd.Series[Any]", texts: bool) -> "pd.Series[Any]":
    """The column as an output (prediction or label) that is a class: numbers as numbers where all are."""
    if not texts:
        return cells
    found = typed(cells, None, texts)
    return found.cells if found.kind in ("numeric", "boolean") else cells


def _kind(cells: "pd.Series[Any]") -> Kind:
    dtype = cells.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_numeric_dtype(dtype):
        return "numeric"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "times"
    return _kind_of_values(cells.dropna().tolist())


def _kind_of_values(values: list[object]) -> Kind:
    """What most of the values are; numeric if there is none."""
    if not values:
        return "numeric"
    most = Counter(_kind_of_value(value) for value in values).most_common(1)[0][0]
    if most != "categorical":
        return most
    texts = {value for value in values if isinstance(value, str)}
    if texts <= {"true", "false"}:
        return "boolean"
    return "times" if _all_match(pa.array(sorted(texts), pa.string()), _TIME) else "categorical"


def _kind_of_value(value: object) -> Kind:
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, int | float | np.number):
        return "numeric"
    return "categorical" if isinstance(value, str) else "nested"


def _from_text(cells: "pd.Series[Any]", declared: FieldKind | None) -> Typed:
    texts = pa.array(cells, type=pa.string(), from_pandas=True)
    if declared == "categorical":
        return Typed(cells, declared)
    trimmed = arrow.utf8_trim_whitespace(texts)
    if declared == "boolean":
        return Typed(_truths(cells, trimmed, _DECLARED_TRUTHS), declared)
    if declared == "numeric":
        return _numbers(cells, trimmed)
    return _inferred(cells, trimmed)


def _inferred(cells: "pd.Series[Any]", texts: pa.Array) -> Typed:
    if texts.null_count == len(texts):
        return Typed(pd.Series(np.full(len(cells), np.nan), index=cells.index), "numeric")
    if _all_in(arrow.utf8_lower(texts), list(_TRUTHS)):
        return Typed(_truths(cells, texts, _TRUTHS), "boolean")
    if _all_match(texts, _TIME):
        return Typed(cells, "times")
    without = _without(texts, _NO_NUMBER + _NOT_FINITE)
    if without.null_count < len(without) and _all_match(without, _NUMBER) and not _any_match(without, _CODE):
        return _numbers(cells, texts)
    return Typed(cells, "categorical")


def _numbers(cells: "pd.Series[Any]", texts: pa.Array) -> Typed:
    finite = _without(texts, _NO_NUMBER + _NOT_FINITE)
    n_infinite = int(arrow.sum(arrow.is_in(texts, pa.array(_NOT_FINITE))).as_py() or 0)
    good = arrow.match_substring_regex(finite, _NUMBER)
    parsed = arrow.if_else(good, finite, None)
    numbers: pa.Array
    if _all_match(parsed, _WHOLE) and parsed.null_count == 0:
        return Typed(pd.Series(_cast(parsed, pa.int64()).to_numpy(), index=cells.index), "numeric", n_infinite)
    numbers = _cast(parsed, pa.float64())
    values = pd.Series(numbers.to_numpy(zero_copy_only=False), index=cells.index)
    infinite = np.isinf(values.to_numpy())
    values = values.mask(infinite)
    wrong = arrow.fill_null(arrow.invert(good), False).to_numpy(zero_copy_only=False)
    if wrong.any():
        values = values.astype(object).mask(wrong, cells.astype(object))
    return Typed(values, "numeric", n_infinite + int(infinite.sum()))


def _truths(cells: "pd.Series[Any]", texts: pa.Array, meaning: dict[str, bool]) -> "pd.Series[Any]":
    lowered = arrow.utf8_lower(texts).to_pylist()
    found = [
        None if text is None else meaning.get(text, cell) for text, cell in zip(lowered, cells.tolist(), strict=True)
    ]
    return pd.Series(found, index=cells.index, dtype=object)


def _cast(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    return arrow.replace_substring_regex(texts, r"^\+", "").cast(kind)


def _without(texts: pa.Array, words: list[str]) -> pa.Array:
    return arrow.if_else(arrow.is_in(texts, pa.array(words)), None, texts)


def _all_match(texts: pa.Array, pattern: str) -> bool:
    """Whether every value that is there has this form, and there is one."""
    return arrow.all(arrow.match_substring_regex(texts, pattern)).as_py() is True


def _any_match(texts: pa.Array, pattern: str) -> bool:
    return arrow.any(arrow.match_substring_regex(texts, pattern)).as_py() is True


def _all_in(texts: pa.Array, words: list[str]) -> bool:
    present = texts.drop_null()
    return arrow.all(arrow.is_in(present, pa.array(words))).as_py() is True
