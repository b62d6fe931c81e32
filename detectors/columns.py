"""Columns of a batch of rows, as the detectors take them: flat arrays, with what is not a value said apart.

A field is either numbers or categories. Position i of every column of a batch is one and the same row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

MISSING_CODE = -1
MISTYPED_CODE = -2
BOOLEAN_VOCABULARY = ("false", "true")


@dataclass(frozen=True, slots=True, eq=False)
class NumericColumn:
    """Numbers of one field, a value a row.

    ``values`` (float64) is NaN where there is no number; ``missing`` marks null or absent, ``mistyped`` marks
    rows where something else than a number was given. No row is both. A NaN with neither mark arrived as NaN.
    Infinities are values. Whole numbers beyond 2**53 are rounded to the nearest float64.
    """

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    mistyped: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for name, dtype in (("values", np.float64), ("missing", np.bool_), ("mistyped", np.bool_)):
            array = getattr(self, name)
            if array.dtype != dtype or array.shape != (len(self.values),):
                raise ValueError(
                    f"{name}: want {dtype.__name__}[{len(self.values)}], got {array.dtype}{list(array.shape)}: "
                    "build the column with NumericColumn.of"
                )
        marked = self.missing | self.mistyped
        if not np.isnan(self.values[marked]).all() or (self.missing & self.mistyped).any():
            raise ValueError("a row marked missing or mistyped holds a number, or is both: use NumericColumn.of")

    @classmethod
    def of(cls, values: ArrayLike, missing: ArrayLike | None = None, mistyped: ArrayLike | None = None) -> Self:
        """A column from anything numpy can turn into floats; marked rows become NaN, and missing beats mistyped.

        Without ``missing`` no row is missing: a NaN is then a NaN that arrived as such.
        """
        numbers = np.asarray(values, dtype=np.float64)
        absent = _flags(missing, len(numbers))
        wrong = _flags(mistyped, len(numbers)) & ~absent
        marked = absent | wrong
        if not np.isnan(numbers[marked]).all():
            numbers = np.where(marked, np.nan, numbers)
        return cls(numbers, absent, wrong)

    def take(self, rows: NDArray[np.int64]) -> "NumericColumn":
        """The rows at these positions, in this order."""
        return NumericColumn(self.values[rows], self.missing[rows], self.mistyped[rows])

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True, eq=False)
class CategoryColumn:
    """Categories of one field: ``codes`` (int32) are positions in ``vocabulary``; -1 is missing, -2 mistyped.

    The vocabulary has no text twice, and may hold texts that no row uses. A boolean field is a category column
    with the vocabulary ``("false", "true")``.
    """

    codes: NDArray[np.int32]
    vocabulary: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.codes.dtype != np.int32 or self.codes.ndim != 1:
            raise ValueError(f"codes: want int32[n], got {self.codes.dtype}{list(self.codes.shape)}")
        if len(self.codes) and not MISTYPED_CODE <= self.codes.min() <= self.codes.max() < len(self.vocabulary):
            raise ValueError(f"codes: every code must be from -2 to {len(self.vocabulary) - 1}, a vocabulary position")
        if len(set(self.vocabulary)) != len(self.vocabulary):
            raise ValueError("vocabulary: a text stands in it twice: give each text one code")

    @classmethod
    def of_strings(cls, values: Sequence[str | None]) -> Self:
        """A column from texts; None is missing. The vocabulary is in order of first appearance."""
        positions: dict[str, int] = {}
        codes = np.fromiter(
            (MISSING_CODE if text is None else positions.setdefault(text, len(positions)) for text in values),
            dtype=np.int32,
            count=len(values),
        )
        return cls(codes, tuple(positions))

    @classmethod
    def of_booleans(cls, values: Sequence[bool | None]) -> Self:
        """A boolean column; None is missing."""
        codes = np.fromiter((MISSING_CODE if value is None else int(value) for value in values), np.int32, len(values))
        return cls(codes, BOOLEAN_VOCABULARY)

    def take(self, rows: NDArray[np.int64]) -> "CategoryColumn":
        """The rows at these positions, in this order; the vocabulary stays whole."""
        return CategoryColumn(self.codes[rows], self.vocabulary)

    def __len__(self) -> int:
        return len(self.codes)


Column = NumericColumn | CategoryColumn


def _flags(flags: ArrayLike | None, length: int) -> NDArray[np.bool_]:
    return np.zeros(length, dtype=np.bool_) if flags is None else np.asarray(flags, dtype=np.bool_)
