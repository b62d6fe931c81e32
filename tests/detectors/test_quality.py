"""Quality findings: what is missing, new, out of range, mistyped, and whether rows come at all."""

from collections.abc import Mapping

import numpy as np
import pytest
from scipy import stats

from detectors.binning import choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.findings import Finding
from detectors.noise import share_noise
from detectors.profile import profile
from detectors.quality import quality_findings


def findings_of(baseline: Mapping[str, Column], current: Mapping[str, Column], check: str) -> dict[str, Finding]:
    binning = choose_binning(baseline)
    found = quality_findings(binning, profile(binning, baseline), profile(binning, current), checks=[check])
    return {str(finding.field): finding for finding in found}


def finding_of(baseline: Column, current: Column, check: str) -> Finding:
    return findings_of({"x": baseline}, {"x": current}, check)["x"]


def numbers(n: int, missing: int = 0, mistyped: int = 0, seed: int = 0) -> NumericColumn:
    """Numbers from 0 to 800, of which the first are missing or mistyped."""
    values = np.random.default_rng(seed).uniform(0, 800, n)
    values[:2] = [0, 800]
    at = np.arange(n)
    return NumericColumn.of(values, missing=at < missing, mistyped=(at >= missing) & (at < missing + mistyped))


def test_missing_is_held_against_the_share_of_the_baseline() -> None:
    finding = finding_of(numbers(5000, missing=100), numbers(2000, missing=600), "missing")
    assert (finding.status, finding.value) == ("critical", 0.3)
    assert finding.effect == pytest.approx(0.28)
    assert finding.threshold == pytest.approx(0.02 + 0.05)
    assert finding.reason == "missing in 30.0 % of 2,000 rows, 2.0 % at the baseline"
    assert finding_of(numbers(5000, missing=3000), numbers(2000, missing=1200), "missing").status == "ok"
    assert finding_of(numbers(5000, missing=100), numbers(2000, missing=180), "missing").status == "warning"
    assert finding_of(numbers(5000, missing=3000), numbers(2000), "missing").status == "ok"


def test_mistyped_values_are_named() -> None:
    finding = finding_of(numbers(5000), numbers(500, mistyped=3), "types")
    assert (finding.status, finding.value) == ("warning", 3 / 500)
    assert finding.reason == "3 of 500 values were text where a number was expected"
    one = finding_of(numbers(5000), numbers(500, mistyped=1), "types")
    assert one.reason == "1 of 500 values was text where a number was expected"
    assert (one.status, one.threshold_source, one.confidence) == ("ok", "fixed, raised for small samples", "low")
    values = np.arange(1000.0)
    values[:20], values[20:50] = np.nan, np.inf
    broken = finding_of(numbers(5000), NumericColumn.of(values), "types")
    assert broken.status == "critical"
    assert broken.reason == "20 of 1,000 values were not a number (NaN); 30 of 1,000 values were infinite"
    text = CategoryColumn(np.repeat(np.array([0, -2], dtype=np.int32), 100), ("a",))
    assert finding_of(text, text, "types").reason == "100 of 200 values were of a type the baseline does not have"


def test_values_outside_the_range_of_the_baseline() -> None:
    values = np.random.default_rng(1).uniform(0, 800, 1000)
    values[:240] = 51_200
    finding = finding_of(numbers(5000), NumericColumn.of(values), "range")
    assert (finding.status, finding.value) == ("critical", 0.24)
    assert finding.reason.startswith("240 of 1,000 values (24.0 %) lie outside the baseline's 0 to 800; smallest ")
    assert finding.reason.endswith("largest 51,200")
    same = finding_of(numbers(5000), numbers(1000, seed=2), "range")
    assert (same.status, same.value) == ("ok", 0.0)
    assert same.reason == "all of 1,000 values lie within the baseline's 0 to 800"
    assert finding_of(NumericColumn.of([5.0] * 100), NumericColumn.of([5.0] * 100), "range").status == "ok"
    assert finding_of(NumericColumn.of([5.0] * 100), NumericColumn.of([5.1] * 100), "range").status == "critical"
    none = finding_of(NumericColumn.of([np.nan] * 100), numbers(100), "range")
    assert (none.status, none.reason) == ("insufficient", "the baseline has no number, so no range")


def test_unseen_categories_are_counted_and_some_named() -> None:
    before = CategoryColumn.of_strings(["north", "south"] * 2000)
    now = ["north"] * 900 + [f"new {number}" for number in range(8) for _ in range(10 + number)]
    finding = finding_of(before, CategoryColumn.of_strings(now), "unseen")
    assert (finding.status, finding.value) == ("critical", 108 / 1008)
    assert finding.reason == (
        "108 of 1,008 values of categories not in the baseline, such as 'new 7', 'new 6', 'new 5', 'new 4', 'new 3'"
    )
    same = finding_of(before, before, "unseen")
    assert (same.status, same.reason) == ("ok", "every category of 4,000 values is known from the baseline")
    one = finding_of(before, CategoryColumn.of_strings(["north"] * 99 + ["new"]), "unseen")
    assert one.status == "ok"


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        ("range", NumericColumn.of([900.0] * 11 + [5.0] * 989)),
        ("unseen", CategoryColumn.of_strings(["new"] * 11 + ["north"] * 989)),
        ("types", NumericColumn.of([np.nan] * 11 + [5.0] * 989)),
        ("missing", numbers(1000, missing=60)),
    ],
)
def test_a_baseline_that_has_seen_little_may_be_passed_by_a_quarter_more(check: str, broken: Column) -> None:
    before = CategoryColumn.of_strings(["north", "south"] * 2500) if check == "unseen" else numbers(5000)
    binning = choose_binning({"x": before})
    sides = [profile(binning, {"x": column}) for column in (before, broken)]
    sure, unsure = (
        quality_findings(binning, *sides, checks=[check], confidence=confidence)[0] for confidence in ("normal", "low")
    )
    assert sure.status != "ok"
    if check in ("range", "unseen"):
        assert unsure.threshold == pytest.approx(1.25 * (sure.threshold or 0))
        assert (unsure.status, unsure.confidence) == ("ok", "low")
    else:
        assert unsure == sure


def test_a_field_of_ever_new_categories_may_go_on_so() -> None:
    rng = np.random.default_rng(3)
    before = CategoryColumn.of_strings([str(value) for value in rng.zipf(1.6, 5000)])
    for seed in range(20):
        later = np.random.default_rng(100 + seed).zipf(1.6, 1000)
        finding = finding_of(before, CategoryColumn.of_strings([str(value) for value in later]), "unseen")
        assert finding.status == "ok"
        assert (finding.value or 0) > 0.01


def test_with_too_many_categories_none_can_be_called_new() -> None:
    before = CategoryColumn.of_strings([str(number) for number in range(10_001)])
    finding = finding_of(before, CategoryColumn.of_strings(["a"] * 100), "unseen")
    assert finding.status == "insufficient"
    assert finding.reason == "the baseline has more than 10,000 categories, so none can be called new"


def test_a_check_is_made_where_it_has_a_meaning_and_once() -> None:
    columns: dict[str, Column] = {"x": numbers(100), "c": CategoryColumn.of_strings(["a", "b"] * 50)}
    binning = choose_binning(columns)
    whole = profile(binning, columns)
    found = quality_findings(binning, whole, whole, earlier_counts=[100] * 7)
    keys = [(finding.field, finding.method) for finding in found]
    assert keys == [
        ("x", "missing"),
        ("x", "range"),
        ("x", "types"),
        ("x", "stuck"),
        ("c", "missing"),
        ("c", "unseen"),
        ("c", "types"),
        ("c", "stuck"),
        (None, "volume"),
        (None, "schema"),
    ]
    assert {finding.status for finding in found} == {"ok"}
    chosen = quality_findings(binning, whole, whole, checks=["missing"], fields=["c"], threshold=0.2)
    assert [(finding.field, finding.threshold, finding.threshold_source) for finding in chosen] == [("c", 0.2, "given")]


def test_no_rows_are_no_data_and_no_volume() -> None:
    columns = {"x": numbers(100)}
    binning = choose_binning(columns)
    none = profile(binning, {"x": NumericColumn.of([])})
    found = quality_findings(binning, profile(binning, columns), none, earlier_counts=[100] * 7)
    assert [finding.status for finding in found] == ["nodata", "nodata", "nodata", "nodata", "critical", "nodata"]
    assert found[-2].reason == "0 rows, 0 times the usual 100 (median of 7 earlier windows)"


def test_few_rows_are_insufficient_and_carry_their_value() -> None:
    finding = finding_of(numbers(5000), numbers(20, missing=15), "missing")
    assert (finding.status, finding.value) == ("insufficient", 0.75)
    assert finding.reason == "20 rows, at least 30 are needed"


@pytest.mark.parametrize(
    ("rows", "earlier", "status"),
    [
        (100, [100] * 7, "ok"),
        (30, [100] * 7, "ok"),
        (25, [100] * 7, "warning"),
        (12, [100] * 7, "critical"),
        (400, [100] * 7, "warning"),
        (800, [100] * 7, "critical"),
        (100, [9000] * 20 + [100] * 7, "ok"),
        (100, [100, 100], "insufficient"),
        (0, [100, 100], "insufficient"),
        (1, [4] * 7, "insufficient"),
        (0, [0] * 7, "insufficient"),
    ],
)
def test_volume_is_held_against_the_windows_before(rows: int, earlier: list[int], status: str) -> None:
    columns = {"x": numbers(100)}
    binning = choose_binning(columns)
    now = profile(binning, {"x": NumericColumn.of(np.zeros(rows))})
    base = profile(binning, columns)
    finding = quality_findings(binning, base, now, checks=["volume"], earlier_counts=earlier)[0]
    assert (finding.field, finding.method, finding.status) == (None, "volume", status)
    assert finding.n_current == rows


@pytest.mark.parametrize(("share", "n_baseline", "n"), [(0.0, 10_000, 100), (0.01, 2000, 300), (0.3, 5000, 1000)])
def test_the_noise_of_a_share_is_passed_once_in_a_thousand_windows_or_less(
    share: float, n_baseline: int, n: int
) -> None:
    # Summed over all baselines that may be drawn, with the binomial distribution of SciPy.
    hits = np.arange(int(n_baseline * share * 2) + 50)
    weights = stats.binom.pmf(hits, n_baseline, share)
    limits = np.array([share_noise(int(x), n_baseline, n) for x in hits])
    passed = stats.binom.sf(np.ceil(limits * n) - 1, n, share)
    assert float((weights * passed).sum()) <= 0.0012


def test_unknown_checks_and_fields_are_refused_by_name() -> None:
    columns = {"x": numbers(100)}
    binning = choose_binning(columns)
    whole = profile(binning, columns)
    with pytest.raises(
        ValueError, match="check 'mising' is not known: use missing, unseen, range, types, stuck, volume"
    ):
        quality_findings(binning, whole, whole, checks=["mising"])
    with pytest.raises(ValueError, match="field 'y' is not in the baseline"):
        quality_findings(binning, whole, whole, fields=["y"])
    with pytest.raises(ValueError, match="volume"):
        quality_findings(binning, whole, whole, checks=["volume"], threshold=0.0, earlier_counts=[100] * 7)


@pytest.mark.parametrize(
    ("cost", "n_missing", "status"), [(10.0, 120, "critical"), (4.0, 120, "warning"), (4.0, 500, "critical")]
)
def test_a_break_is_critical_where_it_may_cost_half_a_page(cost: float, n_missing: int, status: str) -> None:
    """Of 2,000 rows 6 % are missing, just beyond the limit, or 25 %; none were at the baseline."""
    before, now = {"x": numbers(5000)}, {"x": numbers(2000, missing=n_missing)}
    binning = choose_binning(before)
    sides = profile(binning, before), profile(binning, now)
    found = quality_findings(binning, *sides, checks=["missing"], costs={"x": cost})[0]
    assert found.status == status
    assert found.severity_score == pytest.approx(2 * cost * n_missing / 2000)
    assert found.reason.endswith(f"; severity {2 * cost * n_missing / 2000:g} (pages from 1 on)")
    unknown = quality_findings(binning, *sides, checks=["missing"], costs={"y": cost})[0]
    assert unknown.severity_score is None
    assert "severity" not in unknown.reason
    assert unknown.status == ("critical" if n_missing == 500 else "warning")
    fine = quality_findings(binning, sides[0], sides[0], checks=["missing"], costs={"x": cost})[0]
    assert (fine.status, fine.severity_score) == ("ok", None)
