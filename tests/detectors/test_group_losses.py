"""Coarse groups part the rows of a field, and losses by group add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.binning import Binning, choose_binning
from detectors.coarse_groups import coarse_groups
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.group_losses import (
    GroupLosses,
    LossGroups,
    count_losses,
    decode_losses,
    encode_losses,
    join_losses,
    loss_groups,
    no_losses,
    total_losses,
)
from detectors.row_slots import row_slots
from tests.detectors.strategies import batches, law, numeric_column


def binning_of(**columns: Column) -> Binning:
    return choose_binning(columns)


def assert_same(a: GroupLosses, b: GroupLosses) -> None:
    assert a.n.tolist() == b.n.tolist()
    assert a.total == pytest.approx(b.total, abs=1e-9)
    assert a.squares == pytest.approx(b.squares, abs=1e-9)


def test_numbers_fall_into_eight_groups_of_about_equally_many_rows() -> None:
    values = np.random.default_rng(1).lognormal(size=4000)
    column = NumericColumn.of(values)
    binning = binning_of(income=column)
    found = coarse_groups(binning.fields[0])
    assert len(found.titles) == 9
    assert found.titles[-1] == "income missing"
    _, (slots,) = row_slots(binning, {"income": column})
    counts = np.bincount(found.of_slot[slots.slots], minlength=9)
    assert counts[-1] == 0
    assert np.abs(counts[:-1] - 500).max() < 25
    # The words say where the cuts are, in four digits.
    assert abs(counts[0] - (values < float(found.titles[0].removeprefix("income < "))).sum()) <= 2


def test_few_values_have_a_group_each() -> None:
    column = NumericColumn.of(np.repeat([0.0, 1.0, 5.0], [700, 200, 100]))
    binning = binning_of(children=column)
    found = coarse_groups(binning.fields[0])
    assert found.titles == ("children < 1", "1 <= children < 5", "children >= 5", "children missing")
    probe = numeric_column([0.0, 0.5, 1.0, 3.0, 5.0, 1e9, -1e9, "missing", "mistyped", float("inf"), float("-inf")])
    _, (slots,) = row_slots(binning, {"children": probe})
    assert found.of_slot[slots.slots].tolist() == [0, 0, 1, 1, 2, 2, 0, 3, 3, 2, 0]


def test_categories_beyond_the_most_frequent_are_one_group() -> None:
    texts = [f"c{n:02d}" for n in range(30) for _ in range(100 - n)]
    binning = binning_of(city=CategoryColumn.of_strings(texts))
    found = coarse_groups(binning.fields[0])
    assert found.titles[0] == "city='c00'"
    assert found.titles[19:] == ("city='c19'", "another city", "city missing")
    probe = CategoryColumn.of_strings(["c00", "c19", "c20", "brand-new", None])
    _, (slots,) = row_slots(binning, {"city": probe})
    assert found.of_slot[slots.slots].tolist() == [0, 19, 20, 20, 21]


@pytest.mark.parametrize(
    "column", [NumericColumn.of(np.full(50, np.nan), np.full(50, True)), NumericColumn.of(np.full(50, 3.0))]
)
def test_a_field_without_any_difference_is_one_group(column: NumericColumn) -> None:
    assert coarse_groups(binning_of(x=column).fields[0]).titles == ("any x", "x missing")


@settings(law, max_examples=25)
@given(batches(min_size=1), batches(), st.data())
def test_losses_add_up_whatever_the_split(
    reference: dict[str, Column], rows: dict[str, Column], data: st.DataObject
) -> None:
    groups = loss_groups(choose_binning(reference), left_out=["age"])
    assert [each.field for each in groups.fields] == ["income", "region", "member"]
    n = len(rows["age"])
    losses = np.array(data.draw(st.lists(st.sampled_from([0.0, 1.0, 2.5, np.nan]), min_size=n, max_size=n)))
    parts = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n)), dtype=np.int64)
    found = count_losses(groups, rows, losses, parts, 3)
    whole = count_losses(groups, rows, losses, np.where(parts >= 0, 0, -1), 1)[0]
    assert_same(total_losses(groups, found), whole)
    # Every row with a loss is in one group of every field.
    of_field = np.bincount(groups.of_field, whole.n, len(groups.fields))
    assert set(of_field.tolist()) == {float((~np.isnan(losses) & (parts >= 0)).sum())}
    # Taking rows away again leaves nothing, and storage changes nothing.
    taken = count_losses(groups, rows, losses, parts, 3, np.full(n, -1.0))
    assert_same(total_losses(groups, [*found, *taken]), no_losses(groups))
    for part in found:
        assert_same(decode_losses(groups, encode_losses(part)), part)
    joined = join_losses(join_losses(*map(encode_losses, found[:2])), encode_losses(found[2]))
    assert_same(decode_losses(groups, joined), whole)


def _groups(n: int = 200) -> LossGroups:
    return loss_groups(binning_of(x=NumericColumn.of(np.arange(float(n)))))


def test_what_does_not_belong_together_is_refused() -> None:
    groups, other = _groups(), _groups(300)
    with pytest.raises(ValueError, match="other groups"):
        total_losses(groups, [no_losses(other)])
    with pytest.raises(ValueError, match="other groups"):
        decode_losses(groups, encode_losses(no_losses(other)))
    with pytest.raises(ValueError, match="other groups"):
        join_losses(encode_losses(no_losses(groups)), encode_losses(no_losses(other)))
    columns = {"x": NumericColumn.of(np.arange(3.0))}
    with pytest.raises(ValueError, match="2 losses and 3 parts for 3 rows"):
        count_losses(groups, columns, [0.0, 1.0], [0, 0, 0], 1)
    (counted,) = count_losses(groups, columns, [0.0, 1.0, 1.0], [0, 0, 0], 1)
    payload = encode_losses(counted)
    for damaged in (b"", b"nonsense", payload[:-3], payload[:20] + b"x" * 9):
        with pytest.raises(ValueError, match="losses by group"):
            decode_losses(groups, damaged)


def test_a_loss_that_no_sum_can_hold_is_left_out() -> None:
    columns = {"x": NumericColumn.of(np.arange(4.0))}
    (found,) = count_losses(_groups(), columns, [1e200, np.inf, np.nan, 2.0], [0, 0, 0, 0], 1)
    assert (found.n.sum(), found.total.sum(), found.squares.sum()) == (1, 2.0, 4.0)
