"""A field that stopped changing, and fields that only look as if they had."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.binning import choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.findings import Finding
from detectors.noise import fall_chance, fewest_by_chance
from detectors.profile import profile
from detectors.quality import quality_findings
from detectors.stuck import stuck_finding, usual_share

RNG = np.random.default_rng(11)
AMOUNTS = NumericColumn.of(RNG.lognormal(size=5000))
REGIONS = CategoryColumn.of_strings(RNG.choice(["north", "south", "east"], 5000, p=[0.5, 0.3, 0.2]).tolist())


def finding_of(baseline: Column, current: Column, stretches: tuple[Column, ...] = (), **given: float) -> Finding:
    binning = choose_binning({"x": baseline})
    before, now = (profile(binning, {"x": column}) for column in (baseline, current))
    usual = usual_share(profile(binning, {"x": stretch}).field(binning, "x") for stretch in stretches)
    (finding,) = quality_findings(
        binning, before, now, checks=["stuck"], usual_shares={"x": usual}, threshold=given.get("threshold")
    )
    return finding


def frozen(column: NumericColumn, share: float, value: float) -> NumericColumn:
    """The column with its first rows at one value."""
    at = np.arange(len(column)) < round(share * len(column))
    return NumericColumn.of(np.where(at, value, column.values))


def test_a_number_that_holds_one_value_is_critical_and_named() -> None:
    finding = finding_of(AMOUNTS, NumericColumn.of(np.full(800, 1.25)))
    assert (finding.status, finding.value, finding.field, finding.method) == ("critical", 1.0, "x", "stuck")
    assert finding.reason.startswith("1.25 in 100.0 % of 800 values, 0.")
    assert finding.p_value is not None
    assert finding.p_value < 1e-9


def test_values_beyond_the_baseline_can_be_stuck_too() -> None:
    finding = finding_of(AMOUNTS, NumericColumn.of(np.full(800, -9999.0)))
    assert (finding.status, finding.effect) == ("critical", 1.0)


@pytest.mark.parametrize(("share", "status"), [(0.0, "ok"), (0.4, "ok"), (0.6, "warning"), (0.95, "critical")])
def test_a_feed_that_froze_for_a_part_of_the_window(share: float, status: str) -> None:
    # Zero is frequent by itself, so it has a bin of its own.
    usual = frozen(NumericColumn.of(np.random.default_rng(2).permutation(AMOUNTS.values)), 0.3, 0.0)
    rest = NumericColumn.of(np.random.default_rng(3).permutation(usual.values))
    finding = finding_of(usual, frozen(rest, share, 0.0))
    assert finding.status == status
    assert finding.value == pytest.approx(share + 0.3 * (1 - share), abs=0.02)
    assert finding.threshold == pytest.approx(0.65)


def test_a_little_beyond_what_stretches_of_the_baseline_reach_is_no_fault() -> None:
    rng = np.random.default_rng(5)
    days = [(rng.random(500) < share).tolist() for share in (0.3, 0.5, 0.78)]
    rows = CategoryColumn.of_booleans([on for day in days for on in day])
    stretches = tuple(map(CategoryColumn.of_booleans, days))
    further = CategoryColumn.of_booleans((rng.random(500) < 0.83).tolist())
    assert finding_of(rows, further).status == "warning"
    told = finding_of(rows, further, stretches)
    # Half of the rows that still differ in the furthest stretch, some 78 %.
    assert told.threshold == pytest.approx(0.89, abs=0.02)
    assert told.status == "ok"
    assert finding_of(rows, CategoryColumn.of_booleans([True] * 500), stretches).status == "critical"


def test_a_category_that_took_over_and_a_new_one_that_did() -> None:
    all_south = finding_of(REGIONS, CategoryColumn.of_strings(["south"] * 500))
    assert all_south.status == "critical"
    assert all_south.reason.startswith("'south' in 100.0 % of 500 values, ")
    new = finding_of(REGIONS, CategoryColumn.of_strings(["unknown"] * 500))
    assert (new.status, new.effect, new.reason[:9]) == ("critical", 1.0, "'unknown'")
    mixed = finding_of(REGIONS, CategoryColumn.of_strings(["one", "two"] * 250))
    assert (mixed.status, mixed.value) == ("ok", None)
    truths = CategoryColumn.of_booleans([True, False] * 500)
    assert finding_of(truths, CategoryColumn.of_booleans([True] * 300)).status == "critical"
    assert finding_of(truths, CategoryColumn.of_booleans([True, True, False] * 100)).status == "ok"


def test_a_baseline_of_one_value_or_of_none_is_named() -> None:
    fives = NumericColumn.of(np.full(1000, 5.0))
    finding = finding_of(fives, NumericColumn.of(np.full(100, 5.0)))
    assert (finding.status, finding.value) == ("ok", 1.0)
    assert finding.reason == "the baseline holds the single value 5, so one value is usual"
    one = CategoryColumn.of_strings(["only"] * 1000)
    assert finding_of(one, one).reason == "the baseline holds the single value 'only', so one value is usual"
    none = finding_of(NumericColumn.of(np.full(1000, np.nan), missing=np.ones(1000)), fives)
    assert (none.status, none.reason) == ("insufficient", "the baseline has no value, so none can be stuck")


def test_windows_without_values_and_of_one_row_are_named() -> None:
    missing = NumericColumn.of(np.full(100, np.nan), missing=np.ones(100))
    assert finding_of(AMOUNTS, missing).reason == "0 values, at least 30 are needed"
    assert finding_of(AMOUNTS, NumericColumn.of([1.0])).reason == "1 value, at least 30 are needed"
    assert finding_of(AMOUNTS, NumericColumn.of([])).status == "nodata"
    infinite = finding_of(AMOUNTS, NumericColumn.of(np.full(100, np.inf)))
    assert (infinite.status, infinite.reason) == ("insufficient", "0 values, at least 30 are needed")


def test_what_chance_can_do_is_not_called_stuck() -> None:
    flags = CategoryColumn.of_booleans([number % 100 == 0 for number in range(5000)])
    quiet = finding_of(flags, CategoryColumn.of_booleans([False] * 200))
    assert (quiet.status, quiet.value) == ("insufficient", 1.0)
    assert quiet.reason.endswith("so few values may all be alike by chance")
    assert finding_of(flags, CategoryColumn.of_booleans([False] * 5000)).status == "critical"
    assert finding_of(flags, CategoryColumn.of_booleans([False] * 196 + [True] * 4)).status == "ok"


def test_a_field_that_changes_more_slowly_than_a_window_may_go_on_so() -> None:
    months = [NumericColumn.of(np.full(500, float(month))) for month in range(1, 11)]
    year = NumericColumn.of(np.concatenate([month.values for month in months]))
    may = NumericColumn.of(np.full(300, 5.0))
    assert finding_of(year, may).status == "critical"
    known = finding_of(year, may, tuple(months))
    assert (known.status, known.value) == ("ok", 1.0)
    assert known.reason.endswith("a stretch of the baseline as long holds one value in 100.0 %")


counts = st.tuples(st.integers(0, 2000), st.integers(0, 200))


@given(counts, counts, st.floats(0, 1))
def test_what_is_usual_clears_a_field_and_never_accuses_one(
    before: tuple[int, int], now: tuple[int, int], usual: float
) -> None:
    columns = [CategoryColumn.of_strings(["a"] * of_a + ["b"] * of_b) for of_a, of_b in (before, now)]
    binning = choose_binning({"x": columns[0]})
    sides = [profile(binning, {"x": column}).field(binning, "x") for column in columns]
    without, knowing = stuck_finding(sides[0], sides[1]), stuck_finding(sides[0], sides[1], usual=usual)
    rank = {"nodata": 0, "insufficient": 0, "ok": 0, "warning": 1, "critical": 2}
    assert rank[knowing.status] <= rank[without.status]


def test_a_given_threshold_is_a_limit_for_the_share() -> None:
    south = CategoryColumn.of_strings(["south"] * 45 + ["north"] * 55)
    finding = finding_of(REGIONS, south, threshold=0.5)
    assert (finding.status, finding.threshold, finding.threshold_source) == ("warning", 0.5, "given")


def test_the_chance_of_a_fall_is_that_of_the_binomial_test() -> None:
    for before, n_before, now, n_now in ((50, 5000, 0, 100), (900, 1000, 20, 60), (3, 10, 1, 10)):
        exact = stats.binomtest(now, before + now, n_now / (n_now + n_before), alternative="less").pvalue
        assert fall_chance(before, n_before, now, n_now) == pytest.approx(exact, rel=1e-9)
    fewest = fewest_by_chance(900, 1000, 60)
    assert fall_chance(900, 1000, fewest, 60) <= 0.001 < fall_chance(900, 1000, fewest + 1, 60)
    assert fewest_by_chance(50, 5000, 100) == -1


@pytest.mark.parametrize(("share", "n"), [(0.5, 40), (0.9, 80), (0.97, 300), (0.99, 1000)])
def test_unchanged_fields_are_called_stuck_less_than_once_in_a_thousand_windows(share: float, n: int) -> None:
    # For every baseline and window that may be drawn, weighed by SciPy's binomial distribution: no sampling error.
    n_baseline, alarms = 2000, 0.0
    for others in range(n_baseline + 1):
        weight = stats.binom.pmf(others, n_baseline, 1 - share)
        if weight < 1e-9:
            continue
        before = 1 - others / n_baseline
        fewest = min(fewest_by_chance(others, n_baseline, n), int(n * (1 - before) / 2))
        alarms += weight * stats.binom.cdf(fewest, n, 1 - share)
    assert alarms <= 0.001
