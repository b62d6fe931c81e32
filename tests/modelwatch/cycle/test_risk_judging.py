"""What the judge of the running risk makes of odd models, baselines and monitors, without a store."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from detectors.calibration_map import fit_calibration
from detectors.findings import Finding
from detectors.performance_profile import Classes, PerformanceProfile, add, performance_layout, profile_performance
from detectors.performance_profile import profile_predictions as predictions
from modelwatch.cycle.risk_judging import Labels, RiskJudge, risk_methods
from modelwatch.segments import WHOLE
from store.definitions import MonitorSpec

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CLASSES = Classes(("0", "1"), "1")
PLAIN = performance_layout("binary", CLASSES)
SCORED = performance_layout("binary", CLASSES, {"score": np.linspace(0, 1, 33)[1:-1]})
REGRESSION = performance_layout("regression", None)


class Ledger:
    """What windows added, in memory."""

    def __init__(self) -> None:
        self.added: dict[tuple[str, datetime], bytes] = {}

    def before(self, segment: str, window_end: datetime) -> list[bytes]:
        return [self.added[key] for key in sorted(self.added) if key[0] == segment and key[1] < window_end]

    def is_cut(self, segment: str) -> bool:
        return False

    def note(self, segment: str, window_end: datetime, payload: bytes) -> None:
        self.added[segment, window_end] = payload


def judge_of(layout: Any, n_segments: int = 0, ledger: Ledger | None = None, **spec: Any) -> RiskJudge:
    return RiskJudge(ledger or Ledger(), MonitorSpec(kind="performance", **spec), layout, n_segments)


def errors(scale: float, n: int, seed: int = 1) -> PerformanceProfile:
    error = np.random.default_rng(seed).laplace(0, scale, n)
    return profile_performance(REGRESSION, error, None, np.zeros(n))[0]


def wrong(share: float, n: int) -> PerformanceProfile:
    label = np.arange(n) % 2
    prediction = np.where(np.arange(n) < share * n, 1 - label, label)
    return profile_performance(PLAIN, prediction, None, label)[0]


def first(judge: RiskJudge, baseline: PerformanceProfile | None, current: PerformanceProfile, day: int = 1) -> Finding:
    return judge.findings(WHOLE, START + day * DAY, Labels(baseline, None, current, current.n_labelled))[0]


def test_errors_of_a_regression_model_are_told_in_the_units_of_its_label() -> None:
    judge, baseline = judge_of(REGRESSION), errors(10, 20_000)
    calm = first(judge, baseline, errors(10, 1000, seed=2))
    assert (calm.method, calm.status) == ("running_risk", "ok")
    assert calm.value is not None
    assert calm.interval_low is not None
    assert calm.threshold is not None
    assert calm.value == pytest.approx(9.5, abs=1)
    assert calm.interval_low < calm.value < calm.threshold
    worse = [first(judge, baseline, errors(20, 1000, seed=day), day) for day in range(2, 9)]
    assert worse[-1].status == "critical"
    assert worse[-1].reason.startswith("mean absolute error, each cut at ")
    assert "rose to 1" in worse[-1].reason


def test_errors_that_were_shares_of_another_bound_add_nothing() -> None:
    ledger, few, many = Ledger(), errors(10, 200), errors(30, 20_000)
    assert first(judge_of(REGRESSION, ledger=ledger), few, errors(10, 100), day=1).n_current == 100
    assert first(judge_of(REGRESSION, ledger=ledger), few, errors(10, 100), day=2).n_current == 200
    assert first(judge_of(REGRESSION, ledger=ledger), many, errors(10, 100), day=3).n_current == 100


def test_what_cannot_be_compared_says_why() -> None:
    none = first(judge_of(REGRESSION), None, errors(10, 100))
    assert (none.status, none.reason) == (
        "insufficient",
        "the baseline has no labels to compare with: give a baseline with labels",
    )
    exact = first(judge_of(REGRESSION), profile_performance(REGRESSION, [1.0] * 9, None, [1.0] * 9)[0], errors(1, 9))
    assert exact.reason.startswith("the baseline's errors are all 0")
    unlabelled = first(judge_of(PLAIN), None, wrong(0.1, 200))
    assert unlabelled.status == "insufficient"
    assert unlabelled.value == pytest.approx(0.1)
    assert unlabelled.reason.startswith("the baseline has no labels to compare with: give")
    empty = judge_of(PLAIN).findings(WHOLE, START, Labels(wrong(0.1, 200), None, wrong(0.1, 0), 0))[0]
    assert (empty.status, empty.reason) == ("nodata", "no rows in this window")


def test_labels_count_although_those_of_the_baseline_come_later() -> None:
    judge = judge_of(PLAIN)
    assert first(judge, None, wrong(0.1, 200), day=1).status == "insufficient"
    second = first(judge, wrong(0.1, 5000), wrong(0.1, 200), day=2)
    assert (second.status, second.n_current) == ("ok", 400)


def test_a_limit_of_ones_own_needs_no_labels_at_the_baseline() -> None:
    judge = judge_of(PLAIN, metric="running_risk", threshold=0.1)
    found = first(judge, None, wrong(0.15, 5000))
    assert (found.status, found.threshold, found.threshold_source) == ("warning", 0.1, "given")
    assert found.effect is None
    assert first(judge, None, wrong(0.5, 50_000), day=2).status == "critical"


def test_the_tolerance_is_what_may_be_lost() -> None:
    baseline, now = wrong(0.1, 100_000), wrong(0.14, 20_000)
    assert first(judge_of(PLAIN, tolerance=0.01), baseline, now).status != "ok"
    assert first(judge_of(PLAIN, tolerance=0.06), baseline, now).status == "ok"


def test_which_methods_a_monitor_has() -> None:
    def of(layout: Any, **spec: Any) -> tuple[str, ...]:
        return risk_methods(MonitorSpec(kind="performance", **spec), layout)

    assert of(SCORED) == ("running_risk", "prediction_powered_risk")
    assert of(PLAIN) == of(REGRESSION) == ("running_risk",)
    assert of(SCORED, metric="accuracy") == ()
    assert of(SCORED, metric=("accuracy", "prediction_powered_risk")) == ("prediction_powered_risk",)
    assert of(SCORED, baseline="previous") == ()


def test_the_chance_of_a_false_alarm_is_shared_out() -> None:
    """The more there is to judge, the less each may be wrong by itself, so limits rise."""

    def limit(n_segments: int, segment: str, **spec: Any) -> float:
        judge = judge_of(SCORED, n_segments, **spec)
        baseline = with_scores(1, 2000, 1.0)
        labels = Labels(baseline, fit_calibration(SCORED, baseline), with_scores(2, 500, 1.0), 500)
        threshold = judge.findings(segment, START, labels)[0].threshold
        assert threshold is not None
        return threshold

    alone = limit(0, WHOLE, metric="running_risk")
    assert alone < limit(0, WHOLE) == limit(3, WHOLE, metric="running_risk") < limit(3, "region=north")


def with_scores(seed: int, n: int, share: float) -> PerformanceProfile:
    rng = np.random.default_rng(seed)
    score = rng.beta(0.6, 0.6, n)
    prediction, label = (score > 0.5).astype(np.int64), (rng.random(n) < score).astype(np.int64)
    seen = np.where(rng.random(n) < share, label, -1)
    return add(profile_performance(SCORED, prediction, score, seen)[0], predictions(SCORED, prediction, score)[0])


def test_labels_of_rows_that_are_unlike_the_others_are_told() -> None:
    baseline, rng = with_scores(1, 5000, 1.0), np.random.default_rng(3)
    score = rng.beta(0.6, 0.6, 3000)
    prediction, label = (score > 0.5).astype(np.int64), (rng.random(3000) < score).astype(np.int64)
    # Labels come for rows the model was unsure of.
    seen = np.where(np.abs(score - 0.5) < 0.1, label, -1)
    current = add(profile_performance(SCORED, prediction, score, seen)[0], predictions(SCORED, prediction, score)[0])
    labels = Labels(baseline, fit_calibration(SCORED, baseline), current, 3000)
    found = judge_of(SCORED).findings(WHOLE, START, labels)
    assert [each.confidence for each in found] == ["low", "low"]
    assert all("they are no random sample" in each.reason for each in found)


def test_estimates_need_scores_whose_meaning_is_known() -> None:
    baseline, current = with_scores(1, 60, 1.0), with_scores(2, 500, 0.1)
    labels = Labels(baseline, fit_calibration(SCORED, baseline), current, 500)
    plain, powered = judge_of(SCORED).findings(WHOLE, START, labels)
    assert plain.status == "ok"
    assert powered.status == "insufficient"
    assert powered.reason.startswith(
        "no estimates to add to the labels: the baseline has 60 labelled rows with a score"
    )
