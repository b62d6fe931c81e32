import numpy as np
import pytest

from detectors.columns import CategoryColumn, NumericColumn


def test_a_marked_row_holds_no_number_and_missing_beats_mistyped() -> None:
    column = NumericColumn.of([1.0, 2.0, 3.0, 4.0], [False, True, True, False], [False, False, True, True])
    assert np.isnan(column.values).tolist() == [False, True, True, True]
    assert column.missing.tolist() == [False, True, True, False]
    assert column.mistyped.tolist() == [False, False, False, True]


def test_of_leaves_the_callers_array_alone() -> None:
    values = np.array([1.0, 2.0])
    NumericColumn.of(values, [True, False])
    assert values.tolist() == [1.0, 2.0]


def test_texts_get_codes_in_order_of_appearance() -> None:
    column = CategoryColumn.of_strings(["b", None, "a", "b", ""])
    assert column.vocabulary == ("b", "a", "")
    assert column.codes.tolist() == [0, -1, 1, 0, 2]


def test_booleans_are_categories() -> None:
    column = CategoryColumn.of_booleans([True, None, False])
    assert column.vocabulary == ("false", "true")
    assert column.codes.tolist() == [1, -1, 0]


@pytest.mark.parametrize("codes", [[2], [-3]])
def test_a_code_outside_the_vocabulary_is_refused(codes: list[int]) -> None:
    with pytest.raises(ValueError, match="from -2 to 1"):
        CategoryColumn(np.array(codes, dtype=np.int32), ("a", "b"))


def test_wrong_types_lengths_and_double_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="int32"):
        CategoryColumn(np.array([0, 1]), ("a", "b"))
    with pytest.raises(ValueError, match="stands in it twice"):
        CategoryColumn(np.zeros(1, dtype=np.int32), ("a", "a"))
    with pytest.raises(ValueError, match=r"missing: want bool\[2\]"):
        NumericColumn(np.zeros(2), np.zeros(3, dtype=np.bool_), np.zeros(2, dtype=np.bool_))


def test_a_marked_row_with_a_number_or_both_marks_is_refused() -> None:
    none, both = np.zeros(2, dtype=np.bool_), np.ones(2, dtype=np.bool_)
    cases = ((both, none, [1.0, np.nan]), (none, both, [1.0, 2.0]), (both, both, [np.nan, np.nan]))
    for missing, mistyped, values in cases:
        with pytest.raises(ValueError, match=r"use NumericColumn\.of"):
            NumericColumn(np.array(values), missing, mistyped)
