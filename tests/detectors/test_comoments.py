"""Laws of the sums of products, and the codes they are made of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.binning import Binning, choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.comoments import (
    CoMoments,
    add,
    comoments,
    correlations,
    decode_comoments,
    encode_comoments,
    no_comoments,
    subtract,
    total,
)
from detectors.profile_groups import encode_rows
from detectors.rank_codes import ABSENT, RankCodes, rank_codes, ranked_fields
from tests.detectors.strategies import batches, law

MARK = b"binning1"


@st.composite
def ranks(draw: st.DrawFn, n_fields: int = 3) -> RankCodes:
    rows = draw(st.lists(st.tuples(*[st.integers(-128, 127)] * n_fields), max_size=12))
    return RankCodes(("a", "b", "c"), np.array(rows, dtype=np.int8).reshape(-1, n_fields), MARK)


def same(a: CoMoments, b: CoMoments) -> bool:
    pairs = ((a.n, b.n), (a.sums, b.sums), (a.squares, b.squares), (a.products, b.products))
    return a.n_rows == b.n_rows and a.fingerprint == b.fingerprint and all(np.array_equal(x, y) for x, y in pairs)


@law
@given(ranks(), ranks())
def test_the_sums_of_rows_add_up_in_any_order_and_can_be_taken_away(one: RankCodes, other: RankCodes) -> None:
    both = RankCodes(one.fields, np.concatenate([one.codes, other.codes]), MARK)
    (a,), (b,), (whole,) = comoments(one), comoments(other), comoments(both)
    assert same(add(a, b), whole)
    assert same(add(b, a), whole)
    assert same(subtract(whole, b), a)
    assert same(total(3, MARK, [b, a, no_comoments(3, MARK)]), whole)


@law
@given(ranks(), st.lists(st.sampled_from([0, 1, 2]), unique=True))
def test_some_fields_have_the_sums_they_have_among_all(rows: RankCodes, chosen: list[int]) -> None:
    (whole,) = comoments(rows)
    some = RankCodes(tuple(rows.fields[at] for at in chosen), rows.codes[:, chosen], MARK)
    assert same(whole.of(chosen), comoments(some)[0])


@law
@given(ranks(), st.data())
def test_groups_are_the_sums_of_their_own_rows(rows: RankCodes, data: st.DataObject) -> None:
    n = len(rows.codes)
    groups = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n)), dtype=np.int64)
    found = comoments(rows, groups, 3)
    for group in range(3):
        assert same(found[group], comoments(RankCodes(rows.fields, rows.codes[groups == group], MARK))[0])


@law
@given(ranks(), ranks())
def test_bytes_keep_all_of_the_sums(one: RankCodes, other: RankCodes) -> None:
    (a,), (b,) = comoments(one), comoments(other)
    for sums in (a, add(a, b), subtract(a, b), no_comoments(3, MARK)):
        assert same(decode_comoments(encode_comoments(sums)), sums)


@law
@given(st.binary(max_size=60), st.integers(0), st.integers(1, 255))
def test_damaged_bytes_are_refused(garbage: bytes, position: int, change: int) -> None:
    codes = np.random.default_rng(0).integers(-127, 128, (50, 3)).astype(np.int8)
    data = bytearray(encode_comoments(comoments(RankCodes(("a", "b", "c"), codes, MARK))[0]))
    with pytest.raises(ValueError, match="sums of products"):
        decode_comoments(b"mwc1" + garbage)
    data[position % len(data)] ^= change
    with pytest.raises(ValueError, match="sums of products"):
        decode_comoments(bytes(data))


def test_sums_of_different_binnings_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="different binnings"):
        add(no_comoments(3, MARK), no_comoments(3, b"binning2"))
    with pytest.raises(ValueError, match="groups must be from -1 to 0"):
        comoments(RankCodes(("a",), np.zeros((2, 1), dtype=np.int8), MARK), [0, 1])


def test_correlations_are_those_of_numpy_over_the_rows_where_both_are_present() -> None:
    rng = np.random.default_rng(4)
    normal = rng.multivariate_normal(np.zeros(3), np.array([[1, 0.7, 0], [0.7, 1, -0.4], [0, -0.4, 1]]), 500)
    codes = np.clip(np.rint(40 * normal), -127, 127).astype(np.int8)
    codes[rng.random(codes.shape) < 0.2] = ABSENT
    found = correlations(comoments(RankCodes(("a", "b", "c"), codes, MARK))[0])
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = (codes[:, i] != ABSENT) & (codes[:, j] != ABSENT)
        expected = np.corrcoef(codes[both, i].astype(float), codes[both, j].astype(float))[0, 1]
        assert found[i, j] == pytest.approx(expected, abs=1e-12)
        assert found[j, i] == found[i, j]


def test_a_correlation_that_cannot_be_computed_is_not_a_number() -> None:
    codes = np.array([[5, 1], [5, 2], [5, 3]], dtype=np.int8)
    assert np.isnan(correlations(comoments(RankCodes(("a", "b"), codes, MARK))[0])[0, 1])
    assert np.isnan(correlations(no_comoments(2, MARK))).all()


def codes_of(binning: Binning, columns: dict[str, Column]) -> NDArray[np.int8]:
    return rank_codes(encode_rows(binning, columns)).codes


@law
@given(batches(min_size=1), batches(min_size=1))
def test_codes_keep_the_order_of_values(baseline: dict[str, Column], rows: dict[str, Column]) -> None:
    binning = choose_binning(baseline)
    fields = ranked_fields(binning)
    codes = codes_of(binning, rows)
    for position, field in enumerate(fields):
        column = rows[field]
        if isinstance(column, NumericColumn):
            own = codes[:, position]
            assert ((own == ABSENT) == np.isnan(column.values)).all()
            order = np.argsort(column.values[~np.isnan(column.values)])
            assert (np.diff(own[own != ABSENT][order].astype(int)) >= 0).all()


def test_codes_run_over_the_range_of_the_baseline() -> None:
    columns: dict[str, Column] = {
        "x": NumericColumn.of(np.arange(1000.0)),
        "constant": NumericColumn.of(np.full(1000, 3.0)),
        "flag": CategoryColumn.of_booleans([True, False] * 500),
        "word": CategoryColumn.of_strings(["a", "b"] * 500),
    }
    binning = choose_binning(columns)
    assert ranked_fields(binning) == ("x", "flag")
    assert ranked_fields(binning, 1) == ("x",)
    codes = codes_of(binning, columns)
    assert (codes[0, 0], codes[-1, 0]) == (-127, 127)
    assert codes[:2, 1].tolist() == [127, -127]
    odd: dict[str, Column] = {
        "x": NumericColumn.of([np.inf, -np.inf, 1e9, np.nan, 0.0, 0.0], missing=[0, 0, 0, 0, 1, 0]),
        "constant": NumericColumn.of(np.zeros(6)),
        "flag": CategoryColumn.of_booleans([None] * 6),
        "word": CategoryColumn.of_strings(["a"] * 6),
    }
    assert codes_of(binning, odd)[:, 0].tolist() == [127, -127, 127, ABSENT, ABSENT, -127]
    assert (codes_of(binning, odd)[:, 1] == ABSENT).all()
    with pytest.raises(ValueError, match="field 'word' holds categories"):
        rank_codes(encode_rows(binning, columns), ("word",))
