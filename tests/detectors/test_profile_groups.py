import numpy as np
import pytest

from detectors.binning import choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.encoding import encode_profile, total_encoded
from detectors.profile import profile
from detectors.profile_groups import encode_rows, profile_groups
from detectors.row_slots import category_codes
from tests.detectors.profiles_equal import assert_same, assert_same_counts
from tests.detectors.strategies import taken


def test_many_small_groups_are_those_of_their_rows_and_add_up_to_all() -> None:
    rng = np.random.default_rng(0)
    n, n_groups = 5_000, 70_000
    values = rng.lognormal(size=n)
    values[::17] = np.nan
    columns: dict[str, Column] = {
        "x": NumericColumn.of(values, np.arange(n) % 34 == 0),
        "c": CategoryColumn.of_strings([f"c{code}" for code in rng.geometric(0.01, n).tolist()]),
    }
    binning = choose_binning(taken(columns, np.arange(500)))
    groups = rng.integers(0, n_groups, n)
    grouped = profile_groups(binning, columns, groups, n_groups)
    assert grouped.n_rows.tolist() == np.bincount(groups, minlength=n_groups).tolist()
    for group in (0, *groups[:50].tolist(), n_groups - 1):
        alone = profile(binning, taken(columns, np.flatnonzero(groups == group)))
        assert_same(grouped.profile(group), alone)
        assert grouped.encoded(group) == encode_profile(grouped.profile(group))
    filled = np.flatnonzero(grouped.n_rows).tolist()
    assert_same(total_encoded(binning, [grouped.encoded(group) for group in filled]), profile(binning, columns))


def test_the_same_rows_can_be_grouped_by_segment_and_as_a_whole() -> None:
    columns: dict[str, Column] = {
        "x": NumericColumn.of([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        "region": CategoryColumn.of_strings(["north", "south", "new", None, "north", "north"]),
    }
    binning = choose_binning(taken(columns, np.array([0, 1, 4])))
    codes = category_codes(binning, columns, "region")
    assert codes.tolist() == [0, 1, -1, -1, 0, 0]
    coded = encode_rows(binning, columns)
    north, south = coded.grouped(codes, 2)
    assert_same(north, profile(binning, taken(columns, np.array([0, 4, 5]))))
    assert_same(south, profile(binning, taken(columns, np.array([1]))))
    (whole,) = coded.grouped(np.zeros(6, dtype=np.int64), 1)
    assert_same(whole, profile(binning, columns))
    with pytest.raises(ValueError, match="field 'x' is numeric"):
        category_codes(binning, columns, "x")


def test_no_rows_and_no_fields_are_groups_too() -> None:
    binning = choose_binning({"x": NumericColumn.of([1.0])})
    grouped = profile_groups(binning, {"x": NumericColumn.of([])}, np.zeros(0, dtype=np.int64), 2)
    assert [counted.n for counted in grouped] == [0, 0]
    none = choose_binning({})
    (counted,) = profile_groups(none, {"x": NumericColumn.of([1.0, 2.0])}, [0, 0], 1)
    assert_same_counts(counted, profile(none, {"x": NumericColumn.of([1.0, 2.0])}))
    assert counted.n == 2


def test_positions_are_read_as_in_a_list() -> None:
    binning = choose_binning({"x": NumericColumn.of([1.0])})
    grouped = profile_groups(binning, {"x": NumericColumn.of([1.0, 2.0, 3.0])}, [0, 1, 1], 2)
    assert [counted.n for counted in grouped[::-1]] == [2, 1]
    with pytest.raises(IndexError):
        grouped[2]


@pytest.mark.parametrize(
    ("groups", "message"), [([0, 2], "to 1"), ([-2, 0], "to 1"), ([0], "2 rows"), ([0.0, 1.0], "whole")]
)
def test_groups_that_are_none_are_refused(groups: list[float], message: str) -> None:
    binning = choose_binning({"x": NumericColumn.of([1.0])})
    with pytest.raises(ValueError, match=message):
        profile_groups(binning, {"x": NumericColumn.of([1.0, 2.0])}, groups, 2)
