"""Columns from sequences of values of any type, each read by the rules of ``modelwatch.values``."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import cast

import numpy as np
from numpy.typing import NDArray

from detectors.bins import CategoryBins, FieldBins
from detectors.columns import BOOLEAN_VOCABULARY, MISSING_CODE, MISTYPED_CODE, CategoryColumn, NumericColumn
from modelwatch.values import MISTYPED, Mistyped, category, number, truth
from store.definitions import FieldKind

_PLAIN_NUMBERS = {float, int, type(None)}
_PLAIN_TEXTS = {str, type(None)}

CategoryReading = Callable[[object], "str | Mistyped | None"]


def reading(kind: FieldKind, bins: FieldBins | None) -> CategoryReading:
    """How values of a categorical or boolean field become texts, given the baseline's bins if there are any."""
    if kind == "boolean":
        return truth
    known = bins if isinstance(bins, CategoryBins) else None
    return lambda value: category(value, known)


def numbers(values: Iterable[object]) -> NumericColumn:
    """A numeric column, a value a row."""
    values = list(values)
    if not set(map(type, values)) - _PLAIN_NUMBERS:
        with suppress(OverflowError):
            return _plain_numbers(values)
    read = [number(value) for value in values]
    missing = np.array([value is None for value in read], dtype=np.bool_)
    mistyped = np.array([value is MISTYPED for value in read], dtype=np.bool_)
    found = np.array([value if isinstance(value, float) else np.nan for value in read], dtype=np.float64)
    return NumericColumn.of(found, missing, mistyped)


def _plain_numbers(values: Sequence[object]) -> NumericColumn:
    missing = np.array([value is None for value in values], dtype=np.bool_)
    return NumericColumn.of(np.array(values, dtype=np.float64), missing)


def categories(values: Iterable[object], read: CategoryReading) -> CategoryColumn:
    """A category column, a value a row; each different value is read once."""
    values = list(values)
    if not set(map(type, values)) - _PLAIN_TEXTS:
        texts = CategoryColumn.of_strings(cast("list[str | None]", values))
        return coded(texts.codes, texts.vocabulary, read)
    # True, 1 and 1.0 are equal to Python and different here.
    positions: dict[tuple[type, object], int] = {}
    unique: list[object] = []
    codes: list[int] = []
    for value in values:
        if value is None:
            codes.append(MISSING_CODE)
        elif isinstance(value, str | int | float):
            position = positions.setdefault((type(value), value), len(unique))
            if position == len(unique):
                unique.append(value)
            codes.append(position)
        else:
            codes.append(MISTYPED_CODE)
    return coded(np.array(codes, dtype=np.int32), unique, read)


def coded(codes: NDArray[np.int32], unique: Sequence[object], read: CategoryReading) -> CategoryColumn:
    """A category column from positions in ``unique`` (-1 missing, -2 mistyped).

    Different values may come to one text, or to none. The vocabulary is in order of first appearance, that of a
    boolean field always ("false", "true").
    """
    positions = {text: code for code, text in enumerate(BOOLEAN_VOCABULARY)} if read is truth else {}
    meant: list[int] = []
    for value in unique:
        text = read(value)
        if isinstance(text, Mistyped):
            meant.append(MISTYPED_CODE)
        else:
            meant.append(MISSING_CODE if text is None else positions.setdefault(text, len(positions)))
    # The two last places serve the codes -2 and -1, by Python's reading of negative positions.
    table = np.array([*meant, MISTYPED_CODE, MISSING_CODE], dtype=np.int32)
    return CategoryColumn(table[codes], tuple(positions))
