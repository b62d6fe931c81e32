"""The running risk as a fold: laws of its parts, calm for a year, and how soon a drop is found."""

import re
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.calibration_map import Calibration, fit_calibration
from detectors.confidence_sequences import lower_bound
from detectors.estimated_losses import estimated_losses
from detectors.loss_sums import LossSums
from detectors.performance_profile import (
    Classes,
    Layout,
    PerformanceProfile,
    add,
    performance_layout,
    profile_performance,
    profile_predictions,
)
from detectors.prediction_powered import REACH, prediction_powered_risk
from detectors.profile_losses import error_bound, profile_losses
from detectors.risk_sums import RiskSums, add_risk
from detectors.running_risk import (
    RiskState,
    Step,
    chances_differ,
    first_state,
    risen,
    since_the_beginning,
    step_labels,
    step_powered,
)
from detectors.running_risk_findings import (
    PREDICTION_POWERED,
    RUNNING_RISK,
    LossUnits,
    WindowLabels,
    given_limit,
    running_risk_finding,
)
from detectors.window_risk import WindowRisk
from tests.detectors.risk_rows import sum_risk
from tests.detectors.strategies import law

BINARY = performance_layout("binary", Classes(("0", "1"), "1"), {"score": np.linspace(0, 1, 33)[1:-1]})
LETTERS = performance_layout(
    "multiclass", Classes(("a", "b", "c")), {f"score[{name}]": np.linspace(0, 1, 33)[1:-1] for name in "abc"}
)
REGRESSION = performance_layout("regression", None)


def classified(seed: int, n: int, layout: Layout = BINARY, share: float = 1.0) -> tuple[PerformanceProfile, Any]:
    """Rows whose scores mean what they say, a share of them with labels; and their scores, predictions and labels."""
    rng = np.random.default_rng(seed)
    if layout is BINARY:
        score = rng.beta(0.6, 0.6, n)
        prediction, label = (score > 0.5).astype(np.int64), (rng.random(n) < score).astype(np.int64)
    else:
        score = rng.dirichlet([0.5, 0.5, 0.5], n)
        prediction = score.argmax(axis=1)
        label = (rng.random((n, 1)) > score.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    seen = np.where(rng.random(n) < share, label, -1)
    found = add(
        profile_performance(layout, prediction, score, seen)[0], profile_predictions(layout, prediction, score)[0]
    )
    return found, (score, prediction, seen)


def a_fold(windows: list[WindowRisk], step: Step = step_labels, reach: float = 1.0) -> list[RiskState]:
    states = [first_state(0.2, reach, weighs=chances_differ(windows))]
    for window in windows:
        states.append(step(states[-1], window))
    return states


def errors(wrong: float, n: int) -> WindowRisk:
    return WindowRisk(LossSums(n, wrong, wrong))


@pytest.mark.parametrize("layout", [BINARY, LETTERS], ids=["binary", "multiclass"])
def test_estimated_losses_are_those_of_the_rows(layout: Layout) -> None:
    baseline = classified(1, 5000, layout)[0]
    calibration = fit_calibration(layout, baseline)
    profile, (score, prediction, seen) = classified(2, 2000, layout, share=0.3)
    place = [np.searchsorted(edges, column, side="right") for edges, column in zip(
        layout.score_edges, np.atleast_2d(score.T), strict=True
    )]  # fmt: skip
    if layout is BINARY:
        chance = calibration.maps[0].chances[place[0]]
        of_predicted = np.where(prediction == 1, chance, 1 - chance)
    else:
        chances = np.array([each.chances[at] for each, at in zip(calibration.maps, place, strict=True)])
        of_predicted = chances[prediction, np.arange(len(prediction))]
    loss = np.where(seen < 0, np.nan, (seen != prediction).astype(float))
    found, expected = estimated_losses(layout, profile, calibration), sum_risk(1 - of_predicted, loss)
    assert (found.n, found.rows) == (expected.n, expected.rows)
    for name in ("loss", "loss_squares", "estimate", "estimate_squares", "products", "all_estimates"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name))


def test_losses_and_estimates_add_up_like_their_profiles() -> None:
    one, two = classified(3, 300, share=0.5)[0], classified(4, 200, share=0.2)[0]
    calibration = fit_calibration(BINARY, classified(5, 2000)[0])
    both = estimated_losses(BINARY, add(one, two), calibration)
    parts = add_risk(estimated_losses(BINARY, one, calibration), estimated_losses(BINARY, two, calibration))
    assert both.products == pytest.approx(parts.products)
    assert (both.n, both.rows, both.loss) == (parts.n, parts.rows, parts.loss)
    losses = zip(*(astuple(profile_losses(BINARY, each, None)) for each in (one, two)), strict=True)
    assert profile_losses(BINARY, add(one, two), None) == LossSums(*map(sum, losses))


def test_without_a_map_or_rows_there_are_no_estimates() -> None:
    none = Calibration((), BINARY.fingerprint, "why")
    assert estimated_losses(BINARY, classified(6, 50)[0], none) == RiskSums()
    with pytest.raises(ValueError, match="another layout"):
        estimated_losses(LETTERS, classified(6, 50)[0], none)


def test_errors_of_a_regression_model_are_cut_at_twice_what_most_stay_below() -> None:
    rng = np.random.default_rng(7)
    label = rng.normal(0, 10, 20_000)
    error = rng.normal(0, 2, 20_000)
    baseline = profile_performance(REGRESSION, label + error, None, label)[0]
    bound = error_bound(REGRESSION, baseline)
    assert bound is not None
    ninth = float(np.quantile(np.abs(error), 0.9))
    assert 1.98 * ninth <= bound <= 2.02 * np.sqrt(2) * ninth
    losses = profile_losses(REGRESSION, baseline, bound)
    exact = np.minimum(np.abs(error) / bound, 1)
    assert losses.n == 20_000
    assert losses.mean == pytest.approx(exact.mean(), rel=0.02)
    far = profile_performance(REGRESSION, [1e6, np.nan], None, [0.0, 1.0])[0]
    assert profile_losses(REGRESSION, far, bound) == LossSums(1, 1.0, 1.0)
    zero = profile_performance(REGRESSION, [1.0, 2.0], None, [1.0, 2.0])[0]
    assert error_bound(REGRESSION, zero) is None
    assert profile_losses(REGRESSION, zero, bound) == LossSums(2, 0.0, 0.0)
    with pytest.raises(ValueError, match="bound"):
        profile_losses(REGRESSION, zero, None)


sums = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: errors(min(pair), max(pair)))


@law
@given(st.lists(sums, max_size=12))
def test_a_stretch_counts_its_own_windows_alone(windows: list[WindowRisk]) -> None:
    states = a_fold(windows)
    whole = since_the_beginning(states)
    n, total = (sum(getattr(window.losses, name) for window in windows) for name in ("n", "total"))
    if whole is None:
        assert not n
        return
    assert (whole.windows, whole.n) == (len(windows), n)
    assert whole.risk == pytest.approx(total / n)
    rise = risen(states, 0.3)
    if rise is not None:
        last = windows[len(windows) - rise.windows :]
        assert rise.n == sum(window.losses.n for window in last)
        assert rise.risk == pytest.approx(sum(window.losses.total for window in last) / rise.n)
        assert rise.interval.low is not None
        assert 0.3 < rise.interval.low < rise.risk <= (rise.interval.high or 0.0)


@law
@given(st.lists(sums, max_size=8), st.integers(0, 7))
def test_a_fold_may_be_taken_up_where_it_stands_and_stored(windows: list[WindowRisk], at: int) -> None:
    states = a_fold(windows)
    assert a_fold(windows[:at])[-1] == states[min(at, len(windows))]
    assert [WindowRisk.from_bytes(window.to_bytes()) for window in windows] == windows
    empty = a_fold([*windows, WindowRisk()])
    assert empty[-1] == empty[-2]


def test_estimates_are_stored_as_they_are_and_other_bytes_are_refused() -> None:
    profile = classified(8, 400, share=0.3)[0]
    calibration = fit_calibration(BINARY, classified(9, 2000)[0])
    window = WindowRisk(profile_losses(BINARY, profile, None), estimated_losses(BINARY, profile, calibration))
    assert WindowRisk.from_bytes(window.to_bytes()) == window
    with pytest.raises(ValueError, match="no window's risk"):
        WindowRisk.from_bytes(b"\x03" + window.to_bytes()[1:])
    with pytest.raises(ValueError, match="no window's risk"):
        WindowRisk.from_bytes(b"")


def test_what_rose_lately_is_found_behind_a_long_good_past() -> None:
    good, bad = [errors(100, 1000)] * 300, [errors(200, 1000)] * 4
    assert risen(a_fold(good), 0.12) is None
    whole = a_fold([*good, *bad])
    since = since_the_beginning(whole)
    assert since is not None
    assert since.risk < 0.12
    rise = risen(whole, 0.12)
    assert rise is not None
    assert (rise.windows, rise.risk) == (4, 0.2)
    # It is over as soon as the windows since are certainly good, however bad the mean still is.
    back = a_fold([*good, *bad, *[errors(80, 1000)] * 4])
    assert risen(back, 0.12) is None


def test_a_first_window_has_half_of_the_chance_of_error() -> None:
    states = a_fold([errors(300, 1000)])
    rise = risen(states, 0.12, 0.05)
    assert rise is not None
    assert rise.interval.low == lower_bound(states[-1].lost, 0.025)


def test_well_labelled_windows_are_judged_by_labels_alone() -> None:
    calibration = fit_calibration(BINARY, classified(10, 5000)[0])

    def window(seed: int, share: float) -> WindowRisk:
        profile = classified(seed, 2000, share=share)[0]
        return WindowRisk(profile_losses(BINARY, profile, None), estimated_losses(BINARY, profile, calibration))

    many = [window(seed, 0.5) for seed in range(20, 23)]
    plain, powered = a_fold(many, step_labels, REACH), a_fold(many, step_powered, REACH)
    assert plain[-1].lost == powered[-1].lost
    few = [*many, window(30, 0.05)]
    labels_alone, corrected = a_fold(few, step_labels, REACH)[-1].lost, a_fold(few, step_powered, REACH)[-1].lost
    assert corrected.n == labels_alone.n
    assert corrected.total != labels_alone.total
    assert corrected.spread < labels_alone.spread


def test_with_estimates_the_reason_also_tells_the_risk_of_the_window_alone() -> None:
    calibration = fit_calibration(BINARY, classified(10, 5000)[0])
    profile, (score, prediction, seen) = classified(11, 3000, share=0.05)
    window = WindowRisk(profile_losses(BINARY, profile, None), estimated_losses(BINARY, profile, calibration))

    def reason(method: str, estimated: RiskSums) -> str:
        states, limit, units = a_fold([window], step_powered, REACH), given_limit(0.9), LossUnits("error rate")
        last = WindowLabels(replace(window, estimated=estimated), prediction_powered_risk(estimated))
        return running_risk_finding(
            method, states, limit, units, alpha=0.05, n_baseline=5000, n_rows=3000, too_few="", window=last
        ).reason

    # From the rows: the labelled losses, corrected by the slope of loss on estimate.
    chance = calibration.maps[0].chances[np.searchsorted(BINARY.score_edges[0], score, side="right")]
    estimate, known = np.where(prediction == 1, 1 - chance, chance), seen >= 0
    loss = (seen != prediction)[known].astype(float)
    covariance = np.cov(loss, estimate[known])
    value = loss.mean() - covariance[0, 1] / covariance[1, 1] * (estimate[known].mean() - estimate.mean())
    alone = re.compile(r"; in this window alone ([\d.]+) \(([\d.]+) to ([\d.]+)\)")
    told = alone.search(reason(PREDICTION_POWERED, window.estimated))
    assert told is not None
    middle, low, high = map(float, told.groups())
    assert middle == pytest.approx(value, abs=6e-4)
    assert high - middle == pytest.approx(middle - low, abs=2e-3)
    assert 0 < high - low < 2 * 1.96 * loss.std() / np.sqrt(len(loss))
    assert "window alone" not in reason(RUNNING_RISK, window.estimated)
    assert "window alone" not in reason(PREDICTION_POWERED, RiskSums())
