"""A 64-bit mark of every row's content: equal rows have equal marks, on every machine and in any order of fields."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from detectors.columns import Column, NumericColumn
from detectors.unseen import text_hash

Hashes = NDArray[np.uint64]

# What stands in place of a value; no text or number of a field is likely to hash to one of these.
_MISSING, _MISTYPED, _NAN = (text_hash(f"row content: {what}") for what in ("missing", "mistyped", "nan"))


def row_hashes(columns: Mapping[str, Column]) -> Hashes:
    """The mark (uint64[n]) of every row over the given columns, which are to be the features alone.

    Numbers are equal as floats (1 and 1.0, 0 and -0.0), categories as texts; missing, mistyped and NaN each count as
    one value, whatever was sent. Two different rows have one mark in about n^2 / 2^65 cases.
    """
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"columns differ in length: {sorted(lengths)}")
    total = np.zeros(lengths.pop() if lengths else 0, dtype=np.uint64)
    for name, column in columns.items():
        # A sum does not depend on the order of the fields; the name keeps equal values of two fields apart.
        total += _mixed(_values(column) ^ np.uint64(text_hash(name)))
    return _mixed(total)


def _values(column: Column) -> Hashes:
    if isinstance(column, NumericColumn):
        # Adding zero turns a negative zero into zero.
        values = (column.values + 0.0).view(np.uint64)
        values[np.isnan(column.values)] = _NAN
        values[column.missing], values[column.mistyped] = _MISSING, _MISTYPED
        return values
    texts = [*map(text_hash, column.vocabulary), _MISTYPED, _MISSING]
    # The codes -2 and -1 are the two last places.
    return np.array(texts, dtype=np.uint64)[column.codes]


def _mixed(values: Hashes) -> Hashes:
    """Every bit of a value spread over all bits (Steele, Lea and Flood, OOPSLA 2014: the last step of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
