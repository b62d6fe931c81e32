"""A relation between two fields that changes is found and named; chance is not."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from detectors.binning import Binning, choose_binning
from detectors.columns import NumericColumn
from detectors.comoments import comoments, correlations, no_comoments
from detectors.correlation import AboutFields, correlation_finding, moved_by_themselves, parted_fields
from detectors.drift import drift_findings
from detectors.findings import ABOVE_HARMLESS, BUDGETED, CALIBRATED, RAISED, Finding, unjudged
from detectors.pair_changes import pair_changes
from detectors.pair_scatter import decode_scatter, encode_scatter, pair_scatter, with_wander
from detectors.profile import profile
from detectors.profile_groups import encode_rows
from detectors.rank_codes import RankCodes, rank_codes

Rows = NDArray[np.float64]
NAMES = "abcdefgh"


def columns(rows: Rows) -> dict[str, NumericColumn]:
    missing = np.isnan(rows)
    return {NAMES[i]: NumericColumn.of(rows[:, i], missing=missing[:, i]) for i in range(rows.shape[1])}


def ranks(binning: Binning, rows: Rows) -> RankCodes:
    return rank_codes(encode_rows(binning, columns(rows)))


def finding_of(baseline: Rows, current: Rows, **given: float) -> Finding:
    binning = choose_binning(columns(baseline))
    before, now = ranks(binning, baseline), ranks(binning, current)
    return correlation_finding(
        pair_scatter(before), comoments(before)[0], comoments(now)[0], threshold=given.get("threshold")
    )


def related(n: int, seed: int) -> Rows:
    """a and c go together, b is alone; all have one and the same skewed distribution."""
    rng = np.random.default_rng(seed)
    normal = rng.multivariate_normal(np.zeros(3), np.array([[1, 0, 0.8], [0, 1, 0], [0.8, 0, 1]]), n)
    return np.exp(normal)


def test_two_swapped_features_are_found_although_no_distribution_changed() -> None:
    baseline, window = related(5000, 1), related(1000, 2)[:, [1, 0, 2]]
    binning = choose_binning(columns(baseline))
    sides = [profile(binning, columns(side)) for side in (baseline, window)]
    assert {each.status for each in drift_findings(binning, *sides)} == {"ok"}
    finding = finding_of(baseline, window)
    assert (finding.kind, finding.method, finding.field, finding.status) == ("drift", "correlation", None, "critical")
    assert finding.value == pytest.approx(0.79, abs=0.05)
    assert (finding.p_value or 0) < 1e-9
    assert finding.reason.startswith("correlation of ")
    assert "'a' and 'c' 0.7" in finding.reason
    assert "'b' and 'c' " in finding.reason
    assert finding_of(baseline, related(1000, 3)).status == "ok"


def test_the_correlation_is_about_that_of_the_ranks() -> None:
    rows = related(5000, 4)
    found = correlations(comoments(ranks(choose_binning(columns(rows)), rows))[0])
    assert found[0, 2] == pytest.approx(stats.spearmanr(rows[:, 0], rows[:, 2]).statistic, abs=0.005)


def test_an_outlier_and_a_change_of_unit_do_not_matter() -> None:
    window = related(1000, 5)
    window[0] = 1e9
    assert finding_of(related(5000, 1), window).status == "ok"


def test_missing_values_are_left_out_pair_by_pair() -> None:
    baseline, window = related(5000, 1), related(1000, 6)
    for side in (baseline, window):
        side[::3, 0], side[1::4, 2] = np.nan, np.nan
    finding = finding_of(baseline, window)
    assert finding.status == "ok"
    assert finding.n_current < 1000
    window[:, 0] = np.random.default_rng(7).permutation(window[:, 0])
    assert finding_of(baseline, window).status == "critical"


def test_what_cannot_be_compared_is_named() -> None:
    baseline = related(5000, 1)
    few = finding_of(baseline, related(50, 2))
    assert (few.status, few.value) == ("insufficient", None)
    assert few.reason == "no two fields vary together in enough rows to be compared, at least 100 are needed"
    one = finding_of(baseline, related(1, 2))
    assert one.reason == few.reason
    assert finding_of(baseline, np.ones((500, 3))).reason == few.reason
    assert finding_of(baseline, np.full((500, 3), np.nan)).reason == few.reason
    assert finding_of(baseline, np.empty((0, 3))).status == "nodata"
    constant = np.ones((500, 3))
    nothing = finding_of(constant, constant)
    assert nothing.reason == "fewer than two fields have values in order that vary at the baseline"
    before = ranks(choose_binning(columns(baseline)), baseline)
    with pytest.raises(ValueError, match="different binnings"):
        pair_changes(pair_scatter(before), comoments(before)[0], no_comoments(3, b"another1"))


def test_equal_columns_stay_equal_and_are_found_when_they_part() -> None:
    single = np.random.default_rng(9).normal(size=5000)
    twins = np.stack([single, single], axis=1)
    assert finding_of(twins, twins[:800]).status == "ok"
    parted = twins[:800].copy()
    parted[:, 1] = np.random.default_rng(10).permutation(parted[:, 1])
    assert finding_of(twins, parted).status == "critical"


def test_a_given_threshold_is_kept() -> None:
    finding = finding_of(related(5000, 1), related(1000, 2)[:, [1, 0, 2]], threshold=0.9)
    assert (finding.status, finding.threshold, finding.threshold_source) == ("ok", 0.9, "given")


def zero_together(n: int, rng: np.random.Generator) -> Rows:
    """Mostly zero, and zero together: correlations of such fields scatter far more than those of normal ones."""
    rows = np.abs(rng.normal(size=(n, 3)) + rng.normal(size=(n, 1)))
    return np.where(rng.random((n, 1)) < 0.8, 0.0, rows)


def sign_mixed(n: int, rng: np.random.Generator) -> Rows:
    """b is a or -a by chance, so that both are large together without any correlation."""
    a = rng.normal(size=n)
    return np.stack([a, np.where(rng.random(n) < 0.5, a, -a), rng.poisson(0.5, n)], axis=1)


@pytest.mark.parametrize("drawn", [zero_together, sign_mixed])
def test_the_scatter_is_that_of_repeated_samples(drawn: object) -> None:
    assert callable(drawn)
    rng = np.random.default_rng(12)
    baseline = drawn(20_000, rng)
    binning = choose_binning(columns(baseline))
    r = [correlations(comoments(ranks(binning, drawn(1000, rng)))[0])[0, 1] for _ in range(200)]
    # The standard deviation of 200 values is known to 5 %, so to 15 % within three errors.
    expected = np.sqrt(pair_scatter(ranks(binning, baseline)).scatter[0, 1] / 1000)
    assert np.std(r) == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("drawn", [zero_together, sign_mixed])
def test_unchanged_relations_raise_few_alarms(drawn: object) -> None:
    assert callable(drawn)
    # Chance points alone, of 400 pairs of samples: 0.4 alarms are expected, three with some four standard errors.
    rng = np.random.default_rng(13)
    alarms = compared = 0
    for _ in range(40):
        baseline = drawn(4000, rng)
        binning = choose_binning(columns(baseline))
        before = ranks(binning, baseline)
        scatter, sums = pair_scatter(before), comoments(before)[0]
        for _ in range(10):
            changes = pair_changes(scatter, sums, comoments(ranks(binning, drawn(400, rng)))[0])
            compared += len(changes) > 0
            alarms += any(abs(change.change) >= change.by_chance for change in changes)
    assert compared == 400
    assert alarms <= 3


def test_the_scatter_comes_back_from_storage_and_damage_is_noticed() -> None:
    rows = related(300, 1)
    rows[:, 1] = 4.0
    of_rows = ranks(choose_binning(columns(related(300, 1))), rows)
    stretches = comoments(of_rows, np.arange(300) // 100, 3)
    scatter = with_wander(pair_scatter(of_rows), comoments(of_rows)[0], stretches, min_rows=50)
    data = encode_scatter(scatter)
    again = decode_scatter(data)
    assert again.fields == scatter.fields
    assert np.array_equal(again.scatter, scatter.scatter)
    assert np.array_equal(again.kurtosis, scatter.kurtosis, equal_nan=True)
    assert np.isnan(again.kurtosis[1])
    assert np.array_equal(again.wander, scatter.wander)
    assert again.n_stretches == scatter.n_stretches == 3
    with pytest.raises(ValueError, match="damaged"):
        decode_scatter(data[:-1])
    with pytest.raises(ValueError, match="of this version"):
        decode_scatter(b"mws2" + data[4:])


def wandering(n_stretches: int, n: int, deviation: float, rng: np.random.Generator) -> list[Rows]:
    """Stretches of a stream in which the correlation of a and b goes up and down around .5 on Fisher's scale."""
    found = []
    for _ in range(n_stretches):
        r = np.tanh(np.arctanh(0.5) + deviation * rng.normal())
        a, b = rng.normal(size=(2, n))
        found.append(np.stack([a, r * a + np.sqrt(1 - r * r) * b, rng.normal(size=n)], axis=1))
    return found


@pytest.mark.parametrize("deviation", [0.0, 0.15])
def test_what_correlations_wander_at_the_baseline_they_may_wander_later(deviation: float) -> None:
    rng = np.random.default_rng(31)
    stretches = wandering(60, 800, deviation, rng)
    rows = np.concatenate(stretches)
    binning = choose_binning(columns(rows))
    of_rows = ranks(binning, rows)
    (before,) = comoments(of_rows)
    steady = pair_scatter(of_rows)
    scatter = with_wander(steady, before, comoments(of_rows, np.repeat(np.arange(60), 800), 60))
    assert scatter.n_stretches == 60
    # A standard deviation from 60 values is known to 9 %; without any wander it is what chance leaves of one.
    assert np.sqrt(scatter.wander[0, 1]) == pytest.approx(deviation, abs=0.04)
    later = [comoments(ranks(binning, each))[0] for each in wandering(200, 800, deviation, rng)]
    alarms = [correlation_finding(scatter, before, each).status != "ok" for each in later]
    # One in 1,000 windows may be beyond its limit: of 200 two with probability .02.
    assert sum(alarms) <= 1
    if deviation:
        assert sum(correlation_finding(steady, before, each).status != "ok" for each in later) > 40


@pytest.mark.slow
def test_where_few_stretches_tell_how_relations_wander_the_limit_allows_for_that() -> None:
    rng = np.random.default_rng(47)
    beyond = beyond_normal = 0
    for _ in range(200):
        stretches = wandering(6, 800, 0.3, rng)
        rows = np.concatenate(stretches)
        binning = choose_binning(columns(rows))
        of_rows = ranks(binning, rows)
        (before,) = comoments(of_rows)
        scatter = with_wander(pair_scatter(of_rows), before, comoments(of_rows, np.repeat(np.arange(6), 800), 6))
        for each in wandering(3, 800, 0.3, rng):
            (now,) = comoments(ranks(binning, each))
            # Of three pairs each may be beyond its limit in a hundredth of the windows.
            change = next(one for one in pair_changes(scatter, before, now, chance=0.03) if one.fields == {"a", "b"})
            beyond += abs(change.change) >= change.by_chance
            beyond_normal += abs(change.z) >= -stats.norm.ppf(0.01 / 2)
    # Six of 600 are expected. 18 are more than four standard errors beyond; the normal point is passed as often.
    assert beyond < 18 <= beyond_normal


def test_a_stretch_alone_tells_nothing_of_wandering() -> None:
    of_rows = ranks(choose_binning(columns(related(500, 1))), related(500, 1))
    (whole,) = comoments(of_rows)
    for stretches in ([], [whole], comoments(of_rows, np.arange(500) // 50, 10)):
        assert not with_wander(pair_scatter(of_rows), whole, stretches).wander.any()


def test_a_rarer_alarm_has_a_wider_limit() -> None:
    before, now = related(5000, 1), related(300, 2)
    binning = choose_binning(columns(before))
    sides = ranks(binning, before), ranks(binning, now)
    sums = comoments(sides[0])[0], comoments(sides[1])[0]
    found = [correlation_finding(pair_scatter(sides[0]), *sums, chance=chance) for chance in (0.01, 1e-3, 1e-5, None)]
    limits = [each.threshold or 0 for each in found]
    assert 0.1 < limits[0] < limits[1] < limits[2]
    assert limits[3] == limits[1]
    assert [each.threshold_source for each in found] == [BUDGETED] * 3 + [RAISED]


def test_it_wakes_nobody_where_the_fields_themselves_changed_or_do_not_matter() -> None:
    before, now = related(5000, 1), related(1000, 2)[:, [1, 0, 2]]
    binning = choose_binning(columns(before))
    first, second = ranks(binning, before), ranks(binning, now)
    sides = pair_scatter(first), comoments(first)[0], comoments(second)[0]
    status = [
        correlation_finding(*sides, about=about).status
        for about in (
            AboutFields(changed=frozenset({"b"})),
            AboutFields(changed=frozenset("ac")),
            AboutFields(changed=frozenset("abc")),
            AboutFields(important=frozenset("a")),
            AboutFields(important=frozenset()),
        )
    ]
    # Of both pairs that changed, a and c is left where b drifted.
    assert status == ["critical", "warning", "warning", "critical", "warning"]
    found = correlation_finding(*sides, threshold=0.3, about=AboutFields(left_out=27))
    assert (found.status, found.threshold_source) == ("critical", "given")
    assert found.reason.endswith("; 27 more fields are not paired")
    assert set(parted_fields(pair_changes(*sides))) in ({"a", "c"}, {"b", "c"})
    assert parted_fields(pair_changes(*sides[:2], sides[1])) == parted_fields([]) == ()


def test_some_fields_alone_are_compared_like_among_all() -> None:
    before, now = related(5000, 1), related(1000, 2)[:, [1, 0, 2]]
    binning = choose_binning(columns(before))
    first, second = ranks(binning, before), ranks(binning, now)
    (one,), (other,) = comoments(first), comoments(second)
    scatter = pair_scatter(first).of([2, 0])
    assert scatter.fields == ("c", "a")
    (change,) = pair_changes(scatter, one.of([2, 0]), other.of([2, 0]))
    among = next(each for each in pair_changes(pair_scatter(first), one, other) if each.fields == {"a", "c"})
    assert (change.before, change.now, change.z) == (among.before, among.now, among.z)


def test_a_field_whose_drift_is_known_to_do_no_harm_explains_its_pairs_too() -> None:
    found = unjudged("drift", "ks", "a", 1_000, 1_000, "insufficient", "a reason")
    raised = replace(found, status="ok", threshold_source=ABOVE_HARMLESS)
    findings = [
        replace(raised, field="lasting"),
        replace(found, field="drifting", status="warning"),
        replace(found, field="calm", status="ok", threshold_source=CALIBRATED),
        found,
    ]
    assert moved_by_themselves(findings) == {"lasting", "drifting"}
