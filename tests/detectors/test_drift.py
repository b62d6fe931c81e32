"""Drift findings: quiet without a change, sure of a real one, and named where nothing can be said."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from detectors.binning import Binning, choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.drift import drift_findings, methods_named
from detectors.drift_methods import CATEGORY_METHODS, NUMERIC_METHODS, FieldKind
from detectors.findings import Finding
from detectors.profile import Profile, profile

Floats = NDArray[np.float64]
ALL_KINDS: tuple[FieldKind, ...] = ("numeric", "categorical", "boolean")


def category_column(codes: NDArray[np.int64], size: int) -> CategoryColumn:
    return CategoryColumn(codes.astype(np.int32), tuple(f"c{code}" for code in range(size)))


def fresh_columns(rng: np.random.Generator, n: int) -> dict[str, Column]:
    """Columns of many shapes, without any change between one call and the next."""
    many = np.minimum(rng.zipf(1.5, n), 400)
    return {
        "normal": NumericColumn.of(rng.normal(50_000, 18_000, n)),
        "long tail": NumericColumn.of(rng.lognormal(3, 1.5, n)),
        "whole": NumericColumn.of(rng.poisson(3, n)),
        "mostly zero": NumericColumn.of(np.where(rng.random(n) < 0.8, 0.0, rng.exponential(10, n))),
        "two": category_column(rng.choice(2, n, p=[0.7, 0.3]), 2),
        "ten": category_column(rng.choice(10, n), 10),
        "uneven": category_column(rng.choice(5, n, p=[0.9, 0.07, 0.02, 0.007, 0.003]), 5),
        "many": category_column(many, 401),
        "yes": CategoryColumn.of_booleans((rng.random(n) < 0.1).tolist()),
        "ids": CategoryColumn.of_strings([str(value) for value in rng.integers(0, 10**9, n)]),
    }


def compare(baseline: Mapping[str, Column], current: Mapping[str, Column], **options: object) -> dict[str, Finding]:
    binning = choose_binning(baseline)
    findings = drift_findings(binning, profile(binning, baseline), profile(binning, current), **options)  # type: ignore[arg-type]
    return {str(finding.field): finding for finding in findings}


def numbers(values: Sequence[float] | Floats) -> dict[str, Column]:
    return {"x": NumericColumn.of(values)}


def texts(values: Sequence[str | None]) -> dict[str, Column]:
    return {"x": CategoryColumn.of_strings(values)}


@pytest.mark.slow
@pytest.mark.parametrize("n", [300, 3000])
def test_without_a_change_at_most_one_field_in_a_hundred_alarms(n: int) -> None:
    rng, alarms, judged = np.random.default_rng(20), 0, 0
    baseline = fresh_columns(rng, 5000)
    binning = choose_binning(baseline)
    base = profile(binning, baseline)
    for _ in range(80):
        findings = drift_findings(binning, base, profile(binning, fresh_columns(rng, n)))
        judged += sum(finding.value is not None for finding in findings)
        alarms += sum(finding.status in {"warning", "critical"} for finding in findings)
    assert judged == 800
    assert alarms <= 0.01 * judged


@pytest.mark.parametrize("method", sorted({*NUMERIC_METHODS, *CATEGORY_METHODS}))
def test_without_a_change_no_method_by_name_cries_wolf(method: str) -> None:
    rng, alarms, judged = np.random.default_rng(21), 0, 0
    baseline = fresh_columns(rng, 3000)
    kinds: tuple[FieldKind, ...] = ("numeric",) if method in NUMERIC_METHODS else ()
    kinds += ("categorical", "boolean") if method in CATEGORY_METHODS else ()
    binning = choose_binning(baseline)
    fields = [
        name
        for name, column in baseline.items()
        if ("numeric" in kinds if isinstance(column, NumericColumn) else "categorical" in kinds)
    ]
    base = profile(binning, baseline)
    for _ in range(40):
        now = profile(binning, fresh_columns(rng, 400))
        findings = drift_findings(binning, base, now, methods=dict.fromkeys(kinds, method), fields=fields)
        assert [finding.method for finding in findings] == [method] * len(fields)
        judged += len(findings)
        alarms += sum(finding.status != "ok" for finding in findings)
    assert alarms <= 0.01 * judged


@pytest.mark.parametrize("seed", range(5))
def test_half_a_standard_deviation_is_found_in_a_thousand_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, now = rng.normal(size=5000), rng.normal(0.5, 1.0, 1000)
    finding = compare(numbers(before), numbers(now))["x"]
    assert finding.status in {"warning", "critical"}
    assert finding.threshold_source == "fixed"
    assert finding.threshold == 0.1
    assert finding.value == pytest.approx(stats.ks_2samp(before, now).statistic, abs=0.01)
    assert finding.effect == pytest.approx(stats.wasserstein_distance(before, now) / before.std(), abs=0.005)
    assert finding.p_value is not None
    assert finding.p_value < 1e-9
    assert finding.severity in {"low", "high"}


@pytest.mark.parametrize("method", sorted(NUMERIC_METHODS))
def test_every_numeric_method_sees_a_unit_error(method: str) -> None:
    rng = np.random.default_rng(3)
    finding = compare(
        numbers(rng.lognormal(10, 0.4, 2000)),
        numbers(rng.lognormal(10, 0.4, 500) / 100),
        methods={"numeric": method},
    )["x"]
    assert (finding.status, finding.severity, finding.method) == ("critical", "high", method)


@pytest.mark.parametrize("method", sorted(CATEGORY_METHODS))
def test_every_category_method_sees_a_category_take_over(method: str) -> None:
    before = ["north"] * 500 + ["south"] * 300 + ["east"] * 200
    now = ["north"] * 100 + ["south"] * 60 + ["east"] * 340
    finding = compare(texts(before), texts(now), methods=dict.fromkeys(ALL_KINDS, method))["x"]
    assert finding.status == "critical"
    assert finding.effect == pytest.approx(0.48)
    assert finding.reason == "share of 'east' 20.0 % -> 68.0 %, the largest change"


def test_new_categories_are_drift_too() -> None:
    finding = compare(texts(["a"] * 500 + ["b"] * 500), texts(["a"] * 250 + ["z"] * 250))["x"]
    assert finding.value == pytest.approx(0.5)
    assert finding.status == "critical"


def test_the_reason_is_a_sentence_with_readable_numbers() -> None:
    rng = np.random.default_rng(5)
    before = rng.normal(51_200, 18_300, 5000)
    finding = compare(numbers(before), numbers(before[:1000] / 100))["x"]
    assert finding.reason.startswith(f"mean {float(f'{before.mean():.4g}'):,.0f} -> {before[:1000].mean() / 100:.1f}")
    assert (
        f"(baseline sd {float(f'{before.std():.4g}'):,.0f}); largest change of the distribution at " in finding.reason
    )


def test_the_threshold_is_raised_where_chance_reaches_it() -> None:
    rng = np.random.default_rng(6)
    small = compare(numbers(rng.normal(size=1000)), numbers(rng.normal(size=120)))["x"]
    assert small.threshold_source == "fixed, raised for small samples"
    # 99.9 % point of the Kolmogorov distribution over the root of n m / (n + m)
    assert small.threshold == pytest.approx(stats.kstwobign.isf(0.001) / math.sqrt(1000 * 120 / 1120), rel=1e-6)
    assert small.confidence == "low"
    large = compare(numbers(rng.normal(size=9000)), numbers(rng.normal(size=9000)))["x"]
    assert (large.threshold, large.threshold_source, large.confidence) == (0.1, "fixed", "normal")


def test_a_given_threshold_is_kept_whatever_the_rows() -> None:
    rng = np.random.default_rng(7)
    finding = compare(numbers(rng.normal(size=1000)), numbers(rng.normal(size=120)), threshold=0.02)["x"]
    assert (finding.threshold, finding.threshold_source) == (0.02, "given")
    assert finding.status in {"warning", "critical"}


def test_what_is_missing_or_broken_is_not_drift() -> None:
    rng = np.random.default_rng(8)
    before, now = rng.normal(size=3000), rng.normal(size=3000)
    broken = now.copy()
    broken[:900] = np.nan
    broken[900:1200] = np.inf
    column = NumericColumn.of(broken, missing=np.arange(3000) < 600, mistyped=(np.arange(3000) // 100) == 7)
    finding = compare(numbers(before), {"x": column})["x"]
    assert finding.status == "ok"
    assert finding.n_current == 1800


def test_too_few_or_no_rows_are_named_and_never_an_alarm() -> None:
    before = np.arange(1000.0)
    few = compare(numbers(before), numbers([5e9] * 62))["x"]
    assert (few.status, few.reason) == ("insufficient", "62 rows with a value, at least 100 are needed")
    assert (few.value, few.severity, few.n_current) == (None, "none", 62)
    none = compare(numbers(before), numbers([]))["x"]
    assert (none.status, none.reason) == ("nodata", "no rows in this window")
    gone = compare(numbers(before), {"x": NumericColumn.of([np.nan] * 500, missing=[True] * 500)})["x"]
    assert (gone.status, gone.reason) == ("insufficient", "0 rows with a value, at least 100 are needed")
    empty = compare({"x": NumericColumn.of([np.nan] * 500, missing=[True] * 500)}, numbers(before))["x"]
    assert empty.reason == "the baseline has 0 rows with a value, at least 100 are needed"
    single = compare(numbers(before), numbers([5e9]), min_rows=0)["x"]
    assert single.status == "ok"


@pytest.mark.parametrize("method", sorted(NUMERIC_METHODS))
def test_a_constant_baseline_can_be_left_and_kept(method: str) -> None:
    before = numbers([0.1] * 500)
    kept = compare(before, numbers([0.1] * 300), methods={"numeric": method})["x"]
    left = compare(before, numbers([0.2] * 300), methods={"numeric": method})["x"]
    assert kept.status == "ok"
    assert kept.value == pytest.approx(0.0, abs=1e-9)
    if method == "wasserstein":
        assert (left.status, left.value) == ("insufficient", None)
        assert "single value" in left.reason
    elif method == "ks":
        assert left.status == "critical"
        assert left.effect is None
        assert left.reason.startswith("mean 0.1 -> 0.2 (constant at the baseline)")


def test_a_baseline_of_one_category() -> None:
    before = texts(["a"] * 500)
    for method in CATEGORY_METHODS:
        methods = dict.fromkeys(ALL_KINDS, method)
        assert compare(before, texts(["a"] * 300), methods=methods)["x"].status == "ok"
        assert compare(before, texts(["b"] * 300), methods=methods)["x"].status == "critical"


def test_values_at_the_end_of_floats_are_no_crash() -> None:
    rng = np.random.default_rng(9)
    before, now = rng.normal(size=500), rng.normal(size=500)
    now[:100] = 1.7e308
    for method in NUMERIC_METHODS:
        finding = compare(numbers(before), numbers(now), methods={"numeric": method})["x"]
        assert finding.value is None or math.isfinite(finding.value)
        assert finding.reason
    back = compare(numbers(now), numbers(before))["x"]
    assert back.value is not None


def test_ten_thousand_categories() -> None:
    rng = np.random.default_rng(10)
    names = [f"c{code}" for code in rng.integers(0, 12_000, 30_000)]
    more = [f"c{code}" for code in rng.integers(0, 12_000, 3_000)]
    for method in CATEGORY_METHODS:
        finding = compare(texts(names), texts(more), methods=dict.fromkeys(ALL_KINDS, method))["x"]
        assert finding.status == "ok", finding


def test_every_field_has_one_finding_in_order_and_some_can_be_chosen() -> None:
    rng = np.random.default_rng(11)
    columns = fresh_columns(rng, 500)
    binning = choose_binning(columns)
    whole = profile(binning, columns)
    assert [finding.field for finding in drift_findings(binning, whole, whole)] == list(columns)
    chosen = drift_findings(binning, whole, whole, fields=["two", "normal"])
    assert [finding.field for finding in chosen] == ["two", "normal"]
    assert all(finding.value == 0.0 for finding in drift_findings(binning, whole, whole))


def test_unknown_fields_and_methods_are_refused_by_name() -> None:
    binning: Binning = choose_binning(texts(["a", "b"] * 100))
    whole: Profile = profile(binning, texts(["a", "b"] * 100))
    with pytest.raises(ValueError, match="field 'y' is not in the baseline: it has x"):
        drift_findings(binning, whole, whole, fields=["y"])
    with pytest.raises(ValueError, match="field 'x' is categorical, which method 'ks' is not for: use one of total_v"):
        drift_findings(binning, whole, whole, methods={"categorical": "ks"})


def test_a_method_named_for_all_fields_goes_where_it_can() -> None:
    assert methods_named("ks") == {"numeric": "ks"}
    assert methods_named("psi") == dict.fromkeys(ALL_KINDS, "psi")
    with pytest.raises(ValueError, match="method 'kss' is not known: use one of ks, wasserstein, psi"):
        methods_named("kss")
