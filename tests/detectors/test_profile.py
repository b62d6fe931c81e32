import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from detectors.binning import Binning, choose_binning
from detectors.bins import CategoryBins, FieldBins, NumericBins
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.profile import Profile, add, empty, profile, subtract, total
from detectors.profile_groups import profile_groups
from tests.detectors.profiles_equal import assert_same, assert_same_counts
from tests.detectors.strategies import any_finite, batches, law, n_rows, taken


def slot_of_row(bins: FieldBins, column: Column, row: int) -> int:
    """The slot of one row within its field, found the plain way."""
    if isinstance(column, CategoryColumn) and isinstance(bins, CategoryBins):
        code = int(column.codes[row])
        if code < 0:
            return bins.MISSING if code == -1 else bins.MISTYPED
        text = column.vocabulary[code]
        if text in bins.categories:
            return bins.FIRST_BIN + bins.categories.index(text)
        return bins.OTHER if text in bins.rare or not bins.complete else bins.NEW
    assert isinstance(column, NumericColumn)
    assert isinstance(bins, NumericBins)
    value = float(column.values[row])
    if column.missing[row] or column.mistyped[row]:
        return bins.MISSING if column.missing[row] else bins.MISTYPED
    if math.isnan(value):
        return bins.NAN
    if math.isinf(value):
        return bins.POSITIVE_INFINITY if value > 0 else bins.NEGATIVE_INFINITY
    return bins.FIRST_BIN + sum(1 for edge in bins.edges.tolist() if edge <= value)


def magnitudes(binning: Binning, columns: dict[str, Column]) -> NDArray[np.float64]:
    """Sums of |value| per slot, which rounding errors are relative to."""
    sizes = np.zeros(binning.n_slots)
    for bins, offset in zip(binning.fields, binning.offsets, strict=True):
        column = columns[bins.name]
        if isinstance(column, NumericColumn):
            for row in np.flatnonzero(np.isfinite(column.values)).tolist():
                sizes[offset + slot_of_row(bins, column, row)] += abs(column.values[row])
    return sizes


@law
@given(batches(), batches())
def test_every_row_is_counted_where_it_belongs(baseline: dict[str, Column], columns: dict[str, Column]) -> None:
    binning = choose_binning(baseline, max_bins=4)
    counts, values = np.zeros(binning.n_slots, dtype=np.int64), [[0.0] for _ in range(binning.n_slots)]
    for bins, offset in zip(binning.fields, binning.offsets, strict=True):
        column = columns[bins.name]
        for row in range(n_rows(columns)):
            slot = slot_of_row(bins, column, row)
            counts[offset + slot] += 1
            if isinstance(column, NumericColumn) and slot >= NumericBins.FIRST_BIN:
                values[offset + slot].append(float(column.values[row]))
    counted = profile(binning, columns)
    assert counted.n == n_rows(columns)
    assert counted.counts.tolist() == counts.tolist()
    sums = np.array([math.fsum(numbers) for numbers in values])
    assert (np.abs(counted.sums - sums) <= 1e-9 * magnitudes(binning, columns)).all()


@law
@given(batches(), batches())
def test_slots_of_a_field_add_up_to_the_rows(baseline: dict[str, Column], columns: dict[str, Column]) -> None:
    binning = choose_binning(baseline, max_bins=4)
    counted = profile(binning, columns)
    for name in binning.names:
        assert counted.counts[binning.slots(name)].sum() == counted.n
        field = counted.field(binning, name)
        named = field.missing + field.mistyped + field.nan + field.infinite + field.new + field.other
        assert named + field.bins.sum() == counted.n == field.n
        one_by_one = field.ordered_counts() if isinstance(field.definition, NumericBins) else field.category_counts()
        assert one_by_one.sum() == field.present


@law
@given(batches(), batches(min_size=1), st.data())
def test_any_split_in_any_order_gives_the_same_profile(
    baseline: dict[str, Column], columns: dict[str, Column], data: st.DataObject
) -> None:
    binning = choose_binning(baseline, max_bins=4)
    n = n_rows(columns)
    groups = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    parts = [profile(binning, taken(columns, np.flatnonzero(groups == group))) for group in range(4)]
    shuffled = data.draw(st.permutations(parts))
    size = magnitudes(binning, columns)
    whole = profile(binning, columns)
    assert_same(total(binning, shuffled), whole, size=size)
    assert_same(add(parts[0], parts[1]), add(parts[1], parts[0]), size=size)
    left = add(add(parts[0], parts[1]), parts[2])
    assert_same(left, add(parts[0], add(parts[1], parts[2])), size=size)


@law
@given(batches(), batches(), batches())
def test_subtracting_takes_back_what_was_added(
    baseline: dict[str, Column], one: dict[str, Column], other: dict[str, Column]
) -> None:
    binning = choose_binning(baseline, max_bins=4)
    a, b = profile(binning, one), profile(binning, other)
    again = subtract(add(a, b), b)
    assert_same_counts(again, a)
    assert (again.low <= a.low).all()
    assert (again.high >= a.high).all()
    size = magnitudes(binning, one) + magnitudes(binning, other)
    assert (np.abs(again.sums - a.sums) <= 1e-9 * size).all()
    assert_same_counts(subtract(a, a), empty(binning))


@law
@given(batches(), batches(), st.data())
def test_groups_get_the_profile_of_their_rows(
    baseline: dict[str, Column], columns: dict[str, Column], data: st.DataObject
) -> None:
    binning = choose_binning(baseline, max_bins=4)
    n = n_rows(columns)
    groups = np.array(data.draw(st.lists(st.integers(-1, 3), min_size=n, max_size=n)), dtype=np.int64)
    grouped = profile_groups(binning, columns, groups, 5)
    assert len(grouped) == 5
    size = magnitudes(binning, columns)
    for group, counted in enumerate(grouped):
        assert_same(counted, profile(binning, taken(columns, np.flatnonzero(groups == group))), size=size)
        assert_same(grouped[group - 5], counted)


@law
@given(st.lists(any_finite, min_size=1, max_size=20))
def test_values_of_any_size_are_counted_without_a_warning(values: list[float]) -> None:
    columns: dict[str, Column] = {"x": NumericColumn.of(values)}
    binning = choose_binning(columns, max_bins=3)
    counted = profile(binning, columns)
    field = add(counted, counted).field(binning, "x")
    assert field.finite == 2 * len(values)
    assert (field.low, field.high) == (min(values), max(values))
    assert field.mean() is None or abs(field.mean() or 0) <= max(map(abs, values)) * (1 + 1e-9)
    assert_same_counts(subtract(counted, counted), empty(binning))


def test_many_blocks_and_threads_count_as_one() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_cauchy(200_001)
    values[rng.random(len(values)) < 0.1] = np.nan
    columns: dict[str, Column] = {"x": NumericColumn.of(values), "y": NumericColumn.of(values + 1)}
    binning = choose_binning(columns)
    counted = profile(binning, columns, workers=3)
    assert_same(counted, profile(binning, columns))
    for name, column in columns.items():
        bins = binning.bins_of(name)
        assert isinstance(bins, NumericBins)
        assert isinstance(column, NumericColumn)
        finite = column.values[np.isfinite(column.values)]
        field = counted.field(binning, name)
        assert field.bins.tolist() == np.bincount(np.digitize(finite, bins.edges), minlength=bins.n_bins).tolist()
        assert field.mean() == pytest.approx(finite.mean(), rel=1e-9)
        assert field.variance() == pytest.approx(finite.var(), rel=1e-9)


def test_variance_keeps_its_digits_far_from_zero() -> None:
    values = np.random.default_rng(1).normal(1.7e9, 0.5, 10_000)
    columns: dict[str, Column] = {"x": NumericColumn.of(values)}
    binning = choose_binning(columns)
    field = profile(binning, {"x": NumericColumn.of(values + 3)}).field(binning, "x")
    assert field.variance() == pytest.approx((values + 3).var(), rel=1e-5)


def test_what_a_field_says_where_there_is_nothing() -> None:
    binning = choose_binning({"x": NumericColumn.of([1.0]), "c": CategoryColumn.of_strings(["a"])})
    for name in ("x", "c"):
        field = empty(binning).field(binning, name)
        assert (field.n, field.present, field.low, field.high, field.mean(), field.variance()) == (0, 0) + (None,) * 4


KS_SHAPES: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(sigma=1.5, size=n),
    "pareto": lambda rng, n: rng.pareto(1.2, size=n),
    "half zeros": lambda rng, n: np.where(rng.random(n) < 0.5, 0.0, rng.gamma(2, 10, size=n)),
    "two humps": lambda rng, n: np.where(rng.random(n) < 0.3, rng.normal(-4, 0.5, n), rng.normal(4, 2, n)),
    "counts": lambda rng, n: rng.poisson(40, size=n).astype(np.float64),
}


@pytest.mark.parametrize("shape", KS_SHAPES)
@pytest.mark.parametrize("change", [(1.02, 0.05), (1.3, 0.0)])
def test_the_ks_distance_is_that_of_the_rows(shape: str, change: tuple[float, float]) -> None:
    """Theory allows the largest share of a bin that holds several values (2/256); on smooth shapes it is far less."""
    rng = np.random.default_rng(7)
    draw = KS_SHAPES[shape]
    before, after = draw(rng, 200_000), draw(rng, 200_000) * change[0] + change[1]
    binning = choose_binning({"x": NumericColumn.of(before)})
    shares = [
        np.cumsum(counted.field(binning, "x").ordered_counts()) / 200_000
        for counted in (profile(binning, {"x": NumericColumn.of(values)}) for values in (before, after))
    ]
    from_counts = float(np.abs(shares[0] - shares[1]).max())
    exact = float(ks_2samp(before, after).statistic)
    assert from_counts <= exact + 1e-12
    assert exact - from_counts < 0.001


def test_a_field_without_column_or_of_another_kind_is_named() -> None:
    x, c = NumericColumn.of([1.0]), CategoryColumn.of_strings(["a"])
    binning = choose_binning({"x": x, "c": c})
    with pytest.raises(ValueError, match="field 'c' has no column: give one with every row missing"):
        profile(binning, {"x": x})
    for batch in ({"x": c, "c": c}, {"x": x, "c": x}):
        with pytest.raises(ValueError, match="read the batch by the kind"):
            profile(binning, batch)
        with pytest.raises(ValueError, match="read the batch by the kind"):
            profile_groups(binning, batch, [0], 1)
    with pytest.raises(ValueError, match="differ in length"):
        profile(binning, {"x": x, "c": CategoryColumn.of_strings(["a", "b"])})
    assert profile(binning, {"x": x, "c": c, "unknown": c}).n == 1


def test_profiles_of_different_binnings_do_not_mix() -> None:
    one, other = (choose_binning({"x": NumericColumn.of([value])}) for value in (1.0, 2.0))
    a, b = empty(one), empty(other)
    for mix in (add, subtract):
        with pytest.raises(ValueError, match="different binnings"):
            mix(a, b)
    with pytest.raises(ValueError, match="counted with binning"):
        a.field(other, "x")


def unseen_profile(texts: list[str]) -> tuple[Binning, Profile]:
    binning = choose_binning({"c": CategoryColumn.of_strings(["known"])})
    return binning, profile(binning, {"c": CategoryColumn.of_strings(texts)})


def test_the_sample_of_new_categories_is_bounded_and_exact_in_what_it_holds() -> None:
    texts = [f"new {position % 50}" for position in range(500)] + ["known"] * 5
    binning, counted = unseen_profile(texts)
    field = counted.field(binning, "c")
    assert field.new == 500
    assert len(field.unseen) == 20
    assert set(field.unseen.values()) == {10}


def test_long_new_categories_are_cut_and_counted_together() -> None:
    binning, counted = unseen_profile(["x" * 100 + "a", "x" * 100 + "b"])
    assert dict(counted.field(binning, "c").unseen) == {"x" * 100: 2}


@law
@given(st.lists(st.integers(0, 60), max_size=200), st.integers(0, 2**32))
def test_the_sample_does_not_depend_on_the_split(numbers: list[int], seed: int) -> None:
    texts = [f"new {number}" for number in numbers]
    binning, whole = unseen_profile(texts)
    groups = np.random.default_rng(seed).integers(0, 4, len(texts))
    parts = profile_groups(binning, {"c": CategoryColumn.of_strings(texts)}, groups, 4)
    assert_same(total(binning, parts), whole)
    assert_same(total(binning, reversed(parts)), whole)
