"""Rows sent again under new ids, and rows that are alike by nature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.duplicates import duplicates_finding
from detectors.row_hashes import row_hashes
from detectors.row_sketch import (
    SKETCH_SIZE,
    RowSketch,
    copy_share,
    decode_sketch,
    encode_sketch,
    merge,
    sketch_groups,
    sketch_rows,
)
from tests.detectors.strategies import batches, law, taken

Contents = NDArray[np.int64]


def hashed(contents: Contents) -> NDArray[np.uint64]:
    """Rows whose content is a whole number."""
    return row_hashes({"content": NumericColumn.of(contents)})


def sketched(contents: Contents) -> RowSketch:
    return sketch_rows(hashed(contents))


def same(a: RowSketch, b: RowSketch) -> bool:
    return a.n_rows == b.n_rows and np.array_equal(a.hashes, b.hashes) and np.array_equal(a.counts, b.counts)


@given(st.integers(1, 5000), st.integers(0, 2**32), st.lists(st.integers(0, 5000), max_size=4))
@law
def test_sketches_merge_in_any_order_and_split(n: int, seed: int, cuts: list[int]) -> None:
    contents = np.random.default_rng(seed).integers(0, 3 * n, n)
    parts = [sketched(part) for part in np.split(contents, sorted(cuts))]
    whole = sketched(contents)
    assert same(merge(parts), whole)
    assert same(merge(parts[::-1]), whole)
    assert same(merge([merge(parts[:2]), merge(parts[2:])]), whole)


def test_groups_are_the_sketches_of_their_own_rows_and_bytes_keep_them() -> None:
    rng = np.random.default_rng(1)
    contents, groups = rng.integers(0, 9000, 6000), rng.integers(-1, 3, 6000)
    for group, sketch in enumerate(sketch_groups(hashed(contents), groups, 3)):
        assert same(sketch, sketched(contents[groups == group]))
        data = encode_sketch(sketch)
        assert same(decode_sketch(data), sketch)
        assert len(data) <= 9 * SKETCH_SIZE
        for damaged in (data[:-1], data[:4] + bytes([data[4] ^ 1]) + data[5:]):
            with pytest.raises(ValueError, match="damaged"):
                decode_sketch(damaged)
    assert same(decode_sketch(encode_sketch(merge([]))), merge([]))
    with pytest.raises(ValueError, match="not a row sketch"):
        decode_sketch(b"")
    with pytest.raises(ValueError, match="groups must be"):
        sketch_groups(hashed(contents), groups[:5], 3)


@law
@given(batches(min_size=1), st.integers(0, 2**32))
def test_equal_rows_have_equal_hashes_whatever_the_order(rows: dict[str, Column], seed: int) -> None:
    whole = row_hashes(rows)
    order = np.random.default_rng(seed).permutation(len(whole))
    assert np.array_equal(row_hashes(taken(rows, order)), whole[order])
    assert np.array_equal(row_hashes(dict(reversed(rows.items()))), whole)


def test_what_differs_has_another_hash() -> None:
    numbers = NumericColumn.of(
        [0.0, -0.0, 1.0, np.nan, np.nan, np.nan, np.inf], [0, 0, 0, 0, 1, 0, 0], [0] * 5 + [1, 0]
    )
    found = row_hashes({"x": numbers})
    assert found[0] == found[1]
    assert len(set(found.tolist())) == 6
    same_texts = [
        CategoryColumn.of_strings(["b", "a", None]),
        CategoryColumn(np.array([1, 2, -1], dtype=np.int32), ("unused", "b", "a")),
    ]
    one, two = (row_hashes({"c": column}) for column in same_texts)
    assert np.array_equal(one, two)
    swapped = [{"a": NumericColumn.of([1.0]), "b": NumericColumn.of([2.0])}]
    swapped.append({"a": NumericColumn.of([2.0]), "b": NumericColumn.of([1.0])})
    assert row_hashes(swapped[0])[0] != row_hashes(swapped[1])[0]
    with pytest.raises(ValueError, match="differ in length"):
        row_hashes({"a": NumericColumn.of([1.0]), "b": NumericColumn.of([1.0, 2.0])})


def test_small_windows_are_exact() -> None:
    contents = np.array([1] * 5 + [2] * 3 + list(range(10, 42)))
    share = copy_share(sketched(contents))
    assert share.share == pytest.approx(1 - 34 / 40)


@pytest.mark.parametrize("n", [1000, 10_000, 100_000])
def test_rows_sent_again_are_found_with_about_their_share(n: int) -> None:
    baseline = [sketched(np.arange(10**6, 10**6 + n))]
    fresh = np.arange(n - n // 20)
    finding = duplicates_finding(baseline, sketched(np.concatenate([fresh, fresh[: n // 20]])))
    assert (finding.method, finding.field, finding.status) == ("duplicates", None, "critical")
    # The sample has about 51 copies of 1,075 rows: a standard error of .0066, times three.
    assert finding.value == pytest.approx(0.05, abs=0.02)
    assert finding.reason.endswith(f"; 0.0 % of {n:,} rows at the baseline")
    assert duplicates_finding(baseline, sketched(fresh)).status == "ok"


def test_copies_meet_across_hours() -> None:
    hours = [sketched(np.arange(hour * 3000, hour * 3000 + 4000)) for hour in range(10)]
    assert copy_share(hours[0]).share == 0
    assert copy_share(merge(hours)).share == pytest.approx(9000 / 40_000, abs=0.03)


def test_one_content_in_a_fifth_of_the_rows_is_seen_although_the_sample_may_not_have_it() -> None:
    for content in range(5):
        window = np.concatenate([np.arange(100, 80_100), np.full(20_000, content)])
        assert copy_share(sketched(window)).share == pytest.approx(0.2, abs=4 * 0.8 / SKETCH_SIZE**0.5)


def test_rows_of_few_fields_are_alike_by_nature() -> None:
    rng = np.random.default_rng(3)
    by_nature = [rng.integers(0, 20_000, size) for size in (5000, 5000, 50_000)]
    baseline = [sketched(by_nature[0])]
    usual = duplicates_finding(baseline, sketched(by_nature[1]))
    assert usual.status == "ok"
    assert usual.value == pytest.approx(0.115, abs=0.04)
    larger = duplicates_finding(baseline, sketched(by_nature[2]))
    assert larger.status == "ok"
    assert " of any 5,000 of them; " in larger.reason
    twice = np.concatenate([by_nature[1], by_nature[1]])
    assert duplicates_finding(baseline, sketched(twice)).status == "critical"
    categories = duplicates_finding([sketched(rng.integers(0, 50, 5000))], sketched(rng.integers(0, 50, 1000)))
    assert categories.status == "insufficient"
    assert categories.reason.endswith(": the fields take so few values that copies tell nothing")


def test_windows_and_baselines_that_are_too_small_are_named() -> None:
    many = [sketched(np.arange(500))]
    assert duplicates_finding(many, merge([])).status == "nodata"
    assert duplicates_finding(many, sketched(np.arange(1))).reason == "1 row, at least 30 are needed"
    assert duplicates_finding([], many[0]).reason == "the baseline has 0 rows, at least 30 are needed"
    given = duplicates_finding(many, sketched(np.arange(100) // 2), threshold=0.6)
    assert (given.status, given.value, given.threshold_source) == ("ok", 0.5, "given")


def rounded(n: int, rng: np.random.Generator) -> Contents:
    """Amounts to the cent: many are rare, some come often."""
    return np.rint(rng.lognormal(8, 1.5, n)).astype(np.int64)


def some_frequent(n: int, rng: np.random.Generator) -> Contents:
    """A tenth of the rows are of 30 contents, the rest are unique."""
    return np.where(rng.random(n) < 0.1, rng.integers(0, 30, n), rng.integers(10**6, 10**12, n))


@pytest.mark.parametrize("drawn", [rounded, some_frequent])
@pytest.mark.parametrize(("n_baseline", "n"), [(1500, 1500), (5000, 1000), (3000, 12_000)])
def test_what_is_alike_by_nature_raises_few_alarms(drawn: object, n_baseline: int, n: int) -> None:
    assert callable(drawn)
    # 100 windows: 0.1 alarms are expected at one in 1,000, one with some three standard errors.
    rng = np.random.default_rng(4)
    statuses = [
        duplicates_finding([sketched(drawn(n_baseline, rng))], sketched(drawn(n, rng))).status for _ in range(100)
    ]
    assert statuses.count("ok") >= 99
