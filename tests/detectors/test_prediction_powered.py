"""The risk from few labels: unbiased, covered, never worse than labels alone, and quiet for a year."""

import math
from dataclasses import asdict, astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.baseline_risk import bounded_upper_bound
from detectors.confidence_sequences import BoundedRisk, add_batch, lower_bound
from detectors.label_selection import label_selection
from detectors.loss_sums import LossSums
from detectors.prediction_powered import (
    EQUAL_LOSSES,
    REACH,
    PredictionPoweredRisk,
    corrected_losses,
    prediction_powered_risk,
    tuned_weight,
)
from detectors.risk_sums import RiskSums, add_risk
from tests.detectors.risk_rows import sum_risk
from tests.detectors.strategies import law

pytestmark = pytest.mark.slow

Floats = NDArray[np.float64]
KINDS = ("useless", "opposed", "good", "perfect", "constant")
RISK = 0.2

rows_of_risk = st.lists(
    st.tuples(st.floats(0, 1, allow_subnormal=False), st.sampled_from([0.0, 1.0, 0.25, math.nan])), max_size=20
)


def errors_and_estimates(rng: np.random.Generator, n: int, kind: str) -> tuple[Floats, Floats]:
    """Losses of 0 or 1 with a mean of .2, and what an estimate of this kind says of them."""
    chance = rng.beta(0.5, 2.0, n)
    loss = (rng.random(n) < chance).astype(np.float64)
    estimates = {
        "useless": rng.random(n),
        "opposed": 1 - chance,
        "good": chance,
        "perfect": loss,
        "constant": np.full(n, 0.3),
    }
    return loss, estimates[kind]


def labelled_at_random(rng: np.random.Generator, loss: Floats, n: int) -> Floats:
    seen = np.full(len(loss), np.nan)
    rows = rng.choice(len(loss), n, replace=False)
    seen[rows] = loss[rows]
    return seen


def labels_alone(sums: RiskSums) -> PredictionPoweredRisk:
    return prediction_powered_risk(RiskSums(sums.n, sums.loss, sums.loss_squares, rows=sums.n))


def width(risk: PredictionPoweredRisk) -> float:
    assert risk.interval.low is not None
    assert risk.interval.high is not None
    return risk.interval.high - risk.interval.low


def covers(risk: PredictionPoweredRisk, value: float) -> bool:
    return (
        risk.interval.low is not None
        and risk.interval.high is not None
        and (risk.interval.low <= value <= risk.interval.high)
    )


def margin(share: float, runs: int) -> float:
    """Three binomial standard deviations of a share over so many runs."""
    return 3 * math.sqrt(share * (1 - share) / runs)


@law
@given(rows_of_risk, rows_of_risk)
def test_sums_add_up(one: list[tuple[float, float]], two: list[tuple[float, float]]) -> None:
    def of(rows: list[tuple[float, float]]) -> RiskSums:
        return sum_risk([f for f, _ in rows], [y for _, y in rows])

    both = add_risk(of(one), of(two))
    assert astuple(both) == pytest.approx(astuple(of(one + two)))
    assert RiskSums(**asdict(both)) == both


@pytest.mark.parametrize("kind", KINDS)
def test_estimates_are_unbiased_covered_and_no_wider_than_labels_alone(kind: str) -> None:
    rng, runs, n = np.random.default_rng(1), 300, 100
    found, alone = [], []
    for _ in range(runs):
        loss, estimate = errors_and_estimates(rng, 40 * n, kind)
        sums = sum_risk(estimate, labelled_at_random(rng, loss, n))
        found.append(prediction_powered_risk(sums))
        alone.append(labels_alone(sums))
    values = np.array([risk.value for risk in found], dtype=np.float64)
    assert abs(values.mean() - RISK) <= 3 * values.std() / math.sqrt(runs)
    # Normal intervals for 100 errors at a risk of .2 fall a point short.
    assert np.mean([covers(risk, RISK) for risk in found]) >= 0.94 - margin(0.94, runs)
    ratios = [width(risk) / width(labels) for risk, labels in zip(found, alone, strict=True)]
    assert np.mean(ratios) <= 1.02
    assert max(ratios) <= 1.02
    if kind == "good":
        assert np.mean(ratios) < 0.9
    elif kind == "perfect":
        assert np.mean(ratios) < 0.2
    elif kind != "useless":
        assert {risk.weight for risk in found} == {0.0}


def test_the_tuned_weight_makes_the_scatter_smallest() -> None:
    rng, n, runs = np.random.default_rng(2), 200, 500
    by_weight: dict[float, list[float]] = {0.0: [], 0.5: [], 1.0: []}
    tuned, weights = [], []
    for _ in range(runs):
        loss = rng.normal(2.0, 1.0, 10 * n)
        sums = sum_risk(loss + rng.normal(0, 1, 10 * n), labelled_at_random(rng, loss, n))
        level = sums.all_estimates / sums.rows - sums.estimate / sums.n
        for weight, values in by_weight.items():
            values.append(sums.loss / sums.n + weight * level)
        risk = prediction_powered_risk(sums)
        tuned.append(float(risk.value or 0.0))
        weights.append(risk.weight)
    # Loss and estimate have the slope 1/2, and the variance falls by .9 * 1/2.
    assert np.mean(weights) == pytest.approx(0.5, abs=0.01)
    assert np.var(tuned) <= 1.05 * min(np.var(values) for values in by_weight.values())
    assert np.var(tuned) / np.var(by_weight[0.0]) == pytest.approx(0.55, abs=0.1)


def test_corrected_losses_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(3)
    loss, estimate = errors_and_estimates(rng, 2000, "good")
    estimate = (estimate + rng.random(2000)) / 2
    earlier = sum_risk(estimate, labelled_at_random(rng, loss, 400))
    seen = labelled_at_random(rng, loss, 150)
    weight, kept = tuned_weight(earlier), ~np.isnan(seen)
    rows = loss[kept] - weight * (estimate[kept] - estimate.mean())
    found = corrected_losses(sum_risk(estimate, seen), earlier)
    assert 0 < weight < 1
    squares = (1 - 150 / 2000) * (rows**2).sum() + 150 / 2000 * (loss[kept] ** 2).sum()
    assert astuple(found) == pytest.approx((150, rows.sum(), squares))
    assert corrected_losses(sum_risk(estimate, seen), RiskSums()) == LossSums(150, loss[kept].sum(), loss[kept].sum())
    assert corrected_losses(RiskSums(rows=5), earlier) == LossSums()


def test_corrected_losses_mean_the_risk_of_the_windows_rows_exactly() -> None:
    rng = np.random.default_rng(4)
    loss, estimate = errors_and_estimates(rng, 500, "good")
    earlier = sum_risk(estimate, labelled_at_random(rng, loss, 300))
    means = [
        float(corrected_losses(sum_risk(estimate, labelled_at_random(rng, loss, 20)), earlier).mean or 0.0)
        for _ in range(3000)
    ]
    assert abs(np.mean(means) - loss.mean()) <= 3 * np.std(means) / math.sqrt(3000)


def _year(rng: np.random.Generator, kind: str, tolerance: float) -> tuple[bool, BoundedRisk, BoundedRisk]:
    """365 days of 1,000 rows and 10 labels: was there an alarm, and where do corrected and plain losses stand."""
    pool, estimates = errors_and_estimates(rng, 60_000, kind)
    hits = float(rng.binomial(3000, RISK - tolerance))
    certain, known = bounded_upper_bound(LossSums(3000, hits, hits), 0.05), RiskSums()
    assert certain is not None
    corrected, plain, alarm = BoundedRisk(expected=RISK, reach=REACH), BoundedRisk(expected=RISK), False
    for first in rng.integers(0, len(pool) - 1000, 365):
        loss, estimate = pool[first : first + 1000], estimates[first : first + 1000]
        window = sum_risk(estimate, labelled_at_random(rng, loss, 10))
        corrected = add_batch(corrected, corrected_losses(window, known))
        plain = add_batch(plain, LossSums(window.n, window.loss, window.loss_squares))
        known = add_risk(known, window)
        alarm = alarm or lower_bound(corrected, 0.05) > certain + tolerance
    return alarm, corrected, plain


@pytest.mark.parametrize("kind", ["useless", "opposed", "good", "perfect"])
def test_a_year_without_a_rise_is_quiet_at_one_percent_labels(kind: str) -> None:
    """The risk is above the baseline's by all that is tolerated, and verdicts are asked for daily."""
    rng, runs = np.random.default_rng(5), 6
    years = [_year(rng, kind, tolerance=0.01) for _ in range(runs)]
    assert np.mean([alarm for alarm, _, _ in years]) <= 0.1 + margin(0.1, runs)
    gains = [lower_bound(corrected) - lower_bound(plain) for _, corrected, plain in years]
    errors = [corrected.total / corrected.n - RISK for _, corrected, _ in years]
    assert abs(np.mean(errors)) <= 3 * math.sqrt(0.16 / 3650 / runs) + 0.004
    if kind in {"good", "perfect"}:
        assert np.mean(gains) > 0
    # And a useless or opposed estimate costs next to nothing: .002 of risk.
    assert np.mean(gains) > -0.002


@pytest.mark.slow
def test_the_false_alarm_probability_over_a_year_is_within_its_bound() -> None:
    rng, runs = np.random.default_rng(6), 100
    alarms = [_year(rng, "good", tolerance=0.01)[0] for _ in range(runs)]
    assert np.mean(alarms) <= 0.1 + margin(0.1, runs)


def test_labels_that_are_no_random_sample_are_told() -> None:
    rng = np.random.default_rng(10)
    loss, estimate = errors_and_estimates(rng, 4000, "good")
    more = label_selection(sum_risk(estimate, np.where(rng.random(4000) < 0.02 + 0.2 * estimate, loss, np.nan)))
    assert more.selected
    assert more.mean_z is not None
    assert more.mean_z > 3
    assert "they are no random sample" in more.reason
    wide = rng.normal(5, 1, 4000)
    same_mean = label_selection(sum_risk(wide, np.where(np.abs(wide - 5) < 0.5, 1.0, np.nan)))
    assert same_mean.selected
    assert "scatter less" in same_mean.reason


@pytest.mark.parametrize("kind", ["good", "perfect", "absolute"])
def test_random_labels_are_seldom_called_selected(kind: str) -> None:
    rng, runs, level, selected = np.random.default_rng(11), 600, 0.05, 0
    for _ in range(runs):
        if kind == "absolute":
            loss = estimate = rng.exponential(1.0, 2000)
        else:
            loss, estimate = errors_and_estimates(rng, 2000, kind)
        selected += label_selection(sum_risk(estimate, labelled_at_random(rng, loss, 100)), level).selected
    assert selected / runs <= level + margin(level, runs)


def test_what_is_undefined_has_a_named_reason() -> None:
    assert prediction_powered_risk(RiskSums()).reason == "no labelled rows"
    one = prediction_powered_risk(sum_risk([0.2, 0.4], [1.0, np.nan]))
    assert (one.value, one.interval.reason) == (1.0, "one labelled row says nothing of the scatter")
    equal = prediction_powered_risk(sum_risk(np.linspace(0, 1, 90), [0.0] * 80 + [np.nan] * 10))
    assert (equal.value, equal.interval.reason) == (0.0, EQUAL_LOSSES)
    assert "2 labelled and 1 other rows" in label_selection(sum_risk([0.1] * 3, [1, 0, np.nan])).reason
    assert label_selection(sum_risk([0.1] * 80, [1.0] * 40 + [np.nan] * 40)).reason == "all estimated losses are equal"


def test_what_cannot_be_used_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="labelled rows among all rows"):
        RiskSums(n=2, rows=1)
    with pytest.raises(ValueError, match="level"):
        label_selection(RiskSums(), 2.0)
