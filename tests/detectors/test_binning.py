import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.binning import MAX_CATEGORIES, MAX_KNOWN_CATEGORIES, Binning, choose_binning
from detectors.bins import CategoryBins, NumericBins
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.edges import OUTER_BINS
from tests.detectors.strategies import any_finite, batches, law


def numeric(values: object, max_bins: int = 256) -> NumericBins:
    bins = choose_binning({"x": NumericColumn.of(values)}, max_bins=max_bins).bins_of("x")  # type: ignore[arg-type]
    assert isinstance(bins, NumericBins)
    return bins


def categorical(values: list[str | None]) -> CategoryBins:
    bins = choose_binning({"c": CategoryColumn.of_strings(values)}).bins_of("c")
    assert isinstance(bins, CategoryBins)
    return bins


@law
@given(st.lists(any_finite, max_size=60), st.integers(1, 40))
def test_edges_are_finite_increasing_and_hold_the_baseline_inside(values: list[float], max_bins: int) -> None:
    bins = numeric(values, max_bins)
    assert np.isfinite(bins.edges).all()
    assert (bins.edges[1:] > bins.edges[:-1]).all()
    start, stop = bins.inner
    of_value = bins.bin_of(np.array(values, dtype=np.float64))
    assert ((of_value >= start) & (of_value < stop)).all()
    if values:
        assert {start, stop - 1} <= set(of_value.tolist())
        assert bins.scale >= 0
        assert np.isfinite([bins.centre, bins.scale]).all()
    else:
        assert start == stop


@pytest.mark.parametrize(
    "values",
    [[5.0] * 9, [0.0] * 9, [-0.0, 0.0], [1e300] * 3, [5e-324], [-1.7e308, 1.7e308], [1e15, 1e15 + 1], [np.inf, 2.0]],
)
def test_extreme_baselines_have_outer_bins_on_both_sides(values: list[float]) -> None:
    bins = numeric(values)
    finite = [value for value in values if np.isfinite(value)]
    assert bins.edges[0] < min(finite)
    assert bins.edges[-1] > max(finite)


def test_a_constant_has_one_inner_bin_and_no_spread() -> None:
    bins = numeric([5.0] * 100)
    assert bins.inner == (OUTER_BINS + 1, OUTER_BINS + 2)
    assert bins.n_bins == 2 * OUTER_BINS + 3
    assert (bins.centre, bins.scale) == (5.0, 0.0)


def test_without_any_value_no_bin_is_inner() -> None:
    column = NumericColumn.of([np.nan, np.nan, np.inf], [True, False, False])
    bins = choose_binning({"x": column}).bins_of("x")
    assert isinstance(bins, NumericBins)
    assert bins.inner[0] == bins.inner[1]


def test_a_frequent_value_has_a_bin_of_its_own_and_the_rest_share_equally() -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random(100_000) < 0.3, 7.25, rng.normal(size=100_000) * 10)
    bins = numeric(values, 100)
    own = int(bins.bin_of(np.array([7.25]))[0])
    assert bins.edges[own - 1] == 7.25
    assert bins.edges[own] == np.nextafter(7.25, np.inf)
    shares = np.bincount(bins.bin_of(values), minlength=bins.n_bins) / len(values)
    inner = np.delete(shares, own)[bins.inner[0] : bins.inner[1] - 1]
    # Two bins beside the frequent value are what is left of the one it cut in two.
    assert inner.max() <= 0.0102
    assert np.sort(inner)[2:].min() >= 0.0098


def test_outer_bins_double_in_width_and_reach_far() -> None:
    bins = numeric(np.linspace(0, 64, 10_000))
    widths = np.diff(bins.edges)
    right = widths[bins.inner[1] - 1 :]
    assert np.allclose(right, 2.0 ** np.arange(OUTER_BINS))
    assert np.allclose(widths[:OUTER_BINS][::-1], 2.0 ** np.arange(OUTER_BINS))
    assert bins.edges[-1] > 64 * 1000


def test_centre_and_scale_are_mean_and_standard_deviation() -> None:
    values = np.random.default_rng(1).normal(1.7e9, 3, 5000)
    bins = numeric(values)
    assert bins.centre == pytest.approx(values.mean(), rel=1e-12)
    assert bins.scale == pytest.approx(values.std(), rel=1e-9)


def test_max_bins_is_read_by_field() -> None:
    values = np.random.default_rng(2).random(50_000)
    binning = choose_binning(
        {"x": NumericColumn.of(values), "score": NumericColumn.of(values)}, max_bins={"score": 1024}
    )
    inner = {bins.name: bins.inner for bins in binning.fields if isinstance(bins, NumericBins)}
    assert inner["x"][1] - inner["x"][0] == 256
    assert inner["score"][1] - inner["score"][0] == 1024
    with pytest.raises(ValueError, match="'x': max_bins must be at least 1"):
        choose_binning({"x": NumericColumn.of(values)}, max_bins=0)


def test_categories_are_ranked_by_frequency_then_text_and_the_rest_is_rare() -> None:
    names = [f"c{position:03}" for position in range(300)]
    bins = categorical([*names, "z", "z", None, "c299"])
    assert bins.categories[:3] == ("c299", "z", "c000")
    assert len(bins.categories) == MAX_CATEGORIES
    assert bins.rare == frozenset(names[254:299])
    assert bins.complete


def test_too_many_categories_leave_nothing_to_call_new() -> None:
    bins = categorical([str(position) for position in range(MAX_KNOWN_CATEGORIES + 1)])
    assert not bins.complete
    assert bins.rare == frozenset()
    assert bins.slots_of(("never seen",))[0] == CategoryBins.OTHER
    assert categorical([str(position) for position in range(MAX_KNOWN_CATEGORIES)]).complete


def test_unused_texts_of_the_vocabulary_are_not_known() -> None:
    column = CategoryColumn(np.zeros(3, dtype=np.int32), ("used", "unused"))
    bins = choose_binning({"c": column}).bins_of("c")
    assert isinstance(bins, CategoryBins)
    assert bins.categories == ("used",)
    assert bins.slots_of(("unused",))[0] == CategoryBins.NEW


def test_kinds_of_category_fields() -> None:
    assert categorical(["1", "2.5", "1e3"]).numeric_text
    assert not categorical(["1", "two"]).numeric_text
    assert not categorical([None]).numeric_text
    binning = choose_binning({"b": CategoryColumn.of_booleans([True, None])})
    assert binning.fields[0] == CategoryBins("b", "boolean", ("false", "true"), frozenset(), True, False)


@law
@given(batches())
def test_bytes_keep_all_of_a_binning(columns: dict[str, Column]) -> None:
    binning = choose_binning(columns)
    again = Binning.from_bytes(binning.to_bytes())
    assert again == binning
    assert hash(again) == hash(binning)
    assert again.fingerprint == binning.fingerprint
    assert again.names == tuple(columns)
    for one, other in zip(binning.fields, again.fields, strict=True):
        if isinstance(one, NumericBins) and isinstance(other, NumericBins):
            assert one.edges.tobytes() == other.edges.tobytes()
            assert (one.inner, one.centre, one.scale) == (other.inner, other.centre, other.scale)
        else:
            assert one == other


def test_slots_lie_end_to_end() -> None:
    binning = choose_binning({"x": NumericColumn.of([1.0, 2.0]), "c": CategoryColumn.of_strings(["a", "\ud800"])})
    assert binning.slots("x").stop == binning.slots("c").start
    assert binning.slots("c").stop == binning.n_slots
    with pytest.raises(KeyError, match="no field 'y'"):
        binning.slots("y")


def test_a_field_named_twice_is_refused() -> None:
    bins = numeric([1.0])
    with pytest.raises(ValueError, match="'x' is named twice"):
        Binning((bins, bins))


@law
@given(st.binary(max_size=40))
def test_garbage_is_not_a_binning(data: bytes) -> None:
    for garbage in (data, b"mwb1" + data):
        with pytest.raises(ValueError, match="binning"):
            Binning.from_bytes(garbage)


def test_a_cut_or_foreign_binning_is_refused() -> None:
    data = choose_binning({"x": NumericColumn.of([1.0, 2.0])}).to_bytes()
    for broken in (data[:-3], data + b"x"):
        with pytest.raises(ValueError, match="damaged"):
            Binning.from_bytes(broken)
    with pytest.raises(ValueError, match="not a binning of this version"):
        Binning.from_bytes(b"mwb2" + data[4:])
