"""Batches of rows for laws that must hold for any rows: ties, extremes, holes, wrong types and new categories."""

from collections.abc import Mapping

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.columns import CategoryColumn, Column, NumericColumn

law = settings(max_examples=50)

MISSING, MISTYPED = "missing", "mistyped"
Cell = float | str

# Large enough to reach the open bins of any baseline, small enough that a few dozen of them do not overflow.
ordinary_numbers = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 1.0, 1.0, 2.0, -7.0, 1e-300, 5e-324, 1e300, -1e300]),
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.integers(-5, 5).map(float),
)
any_finite = st.floats(allow_nan=False, allow_infinity=False)
cells: st.SearchStrategy[Cell] = st.one_of(
    ordinary_numbers,
    ordinary_numbers,
    st.sampled_from([float("nan"), float("inf"), float("-inf"), MISSING, MISTYPED]),
)
texts = st.one_of(st.sampled_from(["north", "south", "east", "west"]), st.text(max_size=4))
texts_or_missing = st.one_of(texts, texts, texts, st.none())
booleans = st.sampled_from([True, False, None])


def numeric_column(row_cells: list[Cell]) -> NumericColumn:
    """A column in which the words stand for rows without a number."""
    values = [np.nan if isinstance(cell, str) else cell for cell in row_cells]
    return NumericColumn.of(values, [cell == MISSING for cell in row_cells], [cell == MISTYPED for cell in row_cells])


@st.composite
def category_columns(draw: st.DrawFn, n: int) -> CategoryColumn:
    """Categories of n rows, some of them missing, some mistyped."""
    column = CategoryColumn.of_strings(draw(st.lists(texts_or_missing, min_size=n, max_size=n)))
    mistyped = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return CategoryColumn(np.where(mistyped, np.int32(-2), column.codes), column.vocabulary)


@st.composite
def batches(draw: st.DrawFn, min_size: int = 0, max_size: int = 12) -> dict[str, Column]:
    """Columns of one batch: two numeric fields, a categorical and a boolean one."""
    n = draw(st.integers(min_size, max_size))
    return {
        "income": numeric_column(draw(st.lists(cells, min_size=n, max_size=n))),
        "age": numeric_column(draw(st.lists(st.integers(0, 3).map(float), min_size=n, max_size=n))),
        "region": draw(category_columns(n)),
        "member": CategoryColumn.of_booleans(
            draw(st.lists(st.sampled_from([True, False, None]), min_size=n, max_size=n))
        ),
    }


def n_rows(columns: Mapping[str, Column]) -> int:
    """How many rows a batch has."""
    return len(next(iter(columns.values())))


def taken(columns: Mapping[str, Column], rows: NDArray[np.int64]) -> dict[str, Column]:
    """The batch of some rows of a batch."""
    return {
        name: (
            NumericColumn(column.values[rows], column.missing[rows], column.mistyped[rows])
            if isinstance(column, NumericColumn)
            else CategoryColumn(column.codes[rows], column.vocabulary)
        )
        for name, column in columns.items()
    }
