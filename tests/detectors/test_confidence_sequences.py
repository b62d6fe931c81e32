"""Confidence sequences: coverage at all times at once, width, power, and states that can be replayed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats

from detectors.confidence_sequences import (
    BoundedRisk,
    add_batch,
    asymptotic_interval,
    asymptotic_lower_bound,
    lower_bound,
    running_interval,
    upper_bound,
)
from detectors.loss_sums import LossSums, add_losses, subtract_losses
from detectors.mixture_bounds import gamma_exponential_bound, normal_bound
from detectors.risk_tracking import bounded_risk_rise, bounded_upper_bound, risk_rise
from tests.detectors.strategies import law

pytestmark = pytest.mark.slow

Floats = NDArray[np.float64]
losses_0_to_1 = st.lists(st.floats(0, 1, allow_subnormal=False), max_size=30)


def sums(losses: Sequence[float] | Floats) -> LossSums:
    rows = np.asarray(losses, dtype=np.float64)
    return LossSums(len(rows), float(rows.sum()), float((rows**2).sum()))


def states(batches: Sequence[Floats]) -> list[BoundedRisk]:
    """The state after each batch."""
    found, state = [], BoundedRisk()
    for batch in batches:
        state = add_batch(state, sums(batch))
        found.append(state)
    return found


def margin(alpha: float, runs: int) -> float:
    """Three binomial standard deviations of a share over so many runs."""
    return 3 * math.sqrt(alpha * (1 - alpha) / runs)


@pytest.mark.parametrize("variance", [0.0, 3.0, 60.0])
def test_the_gamma_exponential_bound_is_where_the_averaged_test_is_passed(variance: float) -> None:
    """The closed form against the integral it stands for."""
    alpha, tuned_at = 0.05, 50.0
    bound = gamma_exponential_bound(variance, alpha, tuned_at)
    rho = tuned_at / (2 * math.log(20) + math.log(1 + 2 * math.log(20)))

    def density(x: float) -> float:
        return float((1 - x) ** (rho - 1) * math.exp(-rho * (1 - x)))

    whole, _ = integrate.quad(density, 0, 1)
    test, _ = integrate.quad(
        lambda x: density(x) * math.exp(x * bound + (math.log1p(-x) + x) * variance) if x < 1 else 0.0, 0, 1
    )
    assert test / whole == pytest.approx(1 / alpha, rel=1e-5)
    assert gamma_exponential_bound(variance + 1, alpha, tuned_at) > bound


def test_a_bound_at_all_times_is_wider_than_one_for_a_single_look_but_not_by_much() -> None:
    for variance in (20.0, 50.0, 500.0):
        single = float(stats.norm.isf(0.05)) * math.sqrt(variance)
        for bound in (normal_bound, gamma_exponential_bound):
            assert single < bound(variance, 0.05, 50.0) < 2.2 * single


LOSSES: dict[str, Callable[[np.random.Generator, Any], Floats]] = {
    "rare errors": lambda rng, shape: (rng.random(shape) < 0.03).astype(np.float64),
    "frequent errors": lambda rng, shape: (rng.random(shape) < 0.4).astype(np.float64),
    "graded": lambda rng, shape: rng.beta(0.3, 1.2, shape),
}
RISKS = {"rare errors": 0.03, "frequent errors": 0.4, "graded": 0.2}


@pytest.mark.parametrize("kind", LOSSES)
def test_the_interval_holds_the_risk_at_all_times_at_once(kind: str) -> None:
    runs, alpha, rng = 120, 0.2, np.random.default_rng(1)
    missed = 0
    for rows in LOSSES[kind](rng, (runs, 40, 10)):
        intervals = [running_interval(state, alpha) for state in states(list(rows))]
        missed += any(not (i.low or 0.0) <= RISKS[kind] <= (i.high or 0.0) for i in intervals)
    assert missed / runs <= alpha + margin(alpha, runs)


def test_the_interval_holds_a_running_risk_that_changes() -> None:
    runs, alpha, rng = 120, 0.2, np.random.default_rng(2)
    risks = np.repeat([0.05, 0.5, 0.2], 15)
    running, missed = np.cumsum(risks) / np.arange(1, 46), 0
    for rows in rng.random((runs, 45, 12)) < risks[:, np.newaxis]:
        intervals = [running_interval(state, alpha) for state in states(list(rows.astype(np.float64)))]
        missed += any(not (i.low or 0.0) <= risk <= (i.high or 0.0) for i, risk in zip(intervals, running, strict=True))
    assert missed / runs <= alpha + margin(alpha, runs)


@pytest.mark.parametrize("kind", ["laplace", "gamma"])
def test_the_asymptotic_interval_holds_the_mean_of_losses_without_a_limit(kind: str) -> None:
    runs, alpha, rng = 400, 0.1, np.random.default_rng(3)
    rows = rng.gamma(2.0, 1.0, (runs, 60, 50)) if kind == "gamma" else np.abs(rng.laplace(0, 2, (runs, 60, 50)))
    totals, squares = np.cumsum(rows.sum(axis=2), axis=1), np.cumsum((rows**2).sum(axis=2), axis=1)
    missed = 0
    for run in range(runs):
        found = [asymptotic_interval(LossSums(50 * (t + 1), totals[run, t], squares[run, t]), alpha) for t in range(60)]
        missed += any(i.low is not None and i.high is not None and not i.low <= 2.0 <= i.high for i in found)
        assert found[0].low is None
        assert "50 labelled rows" in found[0].reason
    assert missed / runs <= alpha + margin(alpha, runs)


def test_intervals_shrink_like_the_root_of_the_rows() -> None:
    rows = LOSSES["graded"](np.random.default_rng(4), (400, 100))
    widths = [(i.high or 1.0) - (i.low or 0.0) for i in map(running_interval, states(list(rows)))]
    assert widths[0] > widths[9] > widths[99] > widths[399]
    assert widths[399] < 0.16 * widths[3]
    # Against the interval for a single look at 40,000 rows.
    assert widths[399] < 2 * 2 * 1.96 * float(rows.std()) / math.sqrt(40_000)


def test_the_lower_bound_is_one_side_of_the_interval_and_sharper_at_the_same_chance() -> None:
    state = states(list(LOSSES["graded"](np.random.default_rng(5), (20, 50))))[-1]
    both = running_interval(state, 0.1)
    assert (both.low, both.high) == (lower_bound(state, 0.05), upper_bound(state, 0.05))
    assert both.low is not None
    assert lower_bound(state, 0.1) > both.low
    assert lower_bound(state, 0.1) < state.total / state.n < upper_bound(state, 0.1)


@law
@given(st.lists(losses_0_to_1, max_size=6))
def test_states_are_values_that_can_be_stored_and_replayed(batches: list[list[float]]) -> None:
    state, history = BoundedRisk(), []
    for batch in batches:
        history.append(state)
        state = add_batch(state, sums(batch))
    replayed = BoundedRisk()
    for known_then, batch in zip(history, batches, strict=True):
        assert replayed == known_then
        replayed = add_batch(BoundedRisk(**asdict(replayed)), sums(batch))
    assert replayed == state
    assert add_batch(state, LossSums()) == state


@law
@given(losses_0_to_1, losses_0_to_1)
def test_sums_add_up_and_subtract(one: list[float], two: list[float]) -> None:
    both = add_losses(sums(one), sums(two))
    whole, back = sums(one + two), subtract_losses(both, sums(two))
    assert [both.n, both.total, both.squares] == pytest.approx([whole.n, whole.total, whole.squares])
    assert [back.n, back.total] == pytest.approx([len(one), sums(one).total], abs=1e-9)


@law
@given(st.lists(losses_0_to_1, min_size=1, max_size=5))
def test_the_spread_is_that_of_each_loss_from_what_was_expected(batches: list[list[float]]) -> None:
    expected, before = 0.0, [0.5]
    for batch in batches:
        expected += float(((np.array(batch) - np.mean(before)) ** 2).sum())
        before += batch
    state = BoundedRisk()
    for batch in batches:
        state = add_batch(state, sums(batch))
    assert state.spread == pytest.approx(expected, abs=1e-9)


def _errors(rng: np.random.Generator, risk: float, n: int) -> LossSums:
    hits = float(rng.binomial(n, risk))
    return LossSums(n, hits, hits)


def _first_rise(rng: np.random.Generator, risk: float, tolerance: float, alpha: float, days: int = 80) -> int:
    baseline, state = _errors(rng, 0.1, 2000), BoundedRisk(expected=0.1)
    for day in range(1, days + 1):
        state = add_batch(state, _errors(rng, risk, 50))
        if bounded_risk_rise(state, baseline, tolerance, alpha).rose:
            return day
    return days + 1


def test_a_risk_within_the_tolerance_rarely_alarms_and_a_risen_one_is_found() -> None:
    rng, alpha = np.random.default_rng(6), 0.1
    at_the_limit = [_first_rise(rng, 0.12, 0.02, alpha) <= 80 for _ in range(60)]
    assert np.mean(at_the_limit) <= alpha + margin(alpha, 60)
    found = [_first_rise(rng, 0.2, 0.02, alpha) for _ in range(20)]
    assert max(found) <= 40
    assert np.median(found) <= 14


def test_an_absolute_error_that_rose_is_found_and_one_that_did_not_is_not() -> None:
    rng, alpha, runs = np.random.default_rng(7), 0.1, 150

    def rises(scale: float) -> bool:
        baseline, losses = sums(np.abs(rng.laplace(0, 1, 2000))), LossSums()
        for _ in range(40):
            losses = add_losses(losses, sums(np.abs(rng.laplace(0, scale, 50))))
            if risk_rise(losses, baseline, 0.05, alpha).rose:
                return True
        return False

    assert np.mean([rises(1.05) for _ in range(runs)]) <= alpha + margin(alpha, runs)
    assert np.mean([rises(1.3) for _ in range(20)]) > 0.9


def test_the_baselines_bound_is_exact_for_errors_and_holds_for_graded_losses() -> None:
    expected = stats.binomtest(30, 400).proportion_ci(0.9, method="exact").high
    assert bounded_upper_bound(LossSums(400, 30.0, 30.0), 0.05) == pytest.approx(expected, rel=1e-9)
    assert bounded_upper_bound(LossSums(5, 5.0, 5.0), 0.05) == 1.0
    graded = LOSSES["graded"](np.random.default_rng(8), (1000, 200))
    held = np.mean([(bounded_upper_bound(sums(rows), 0.1) or 0.0) >= 0.2 for rows in graded])
    assert held >= 0.9 - margin(0.1, 1000)


def test_what_is_undefined_has_a_named_reason() -> None:
    assert running_interval(BoundedRisk()).reason == "no labelled rows yet"
    assert (lower_bound(BoundedRisk()), upper_bound(BoundedRisk())) == (0.0, 1.0)
    assert asymptotic_lower_bound(sums([1.0] * 99)) is None
    few, many = sums([0.5] * 10), LossSums(200, 20.0, 20.0)
    assert bounded_risk_rise(BoundedRisk(), many, 0.0).reason == "no labelled rows yet"
    assert "baseline has under two" in bounded_risk_rise(add_batch(BoundedRisk(), few), LossSums(), 0.0).reason
    assert "10 labelled rows" in risk_rise(few, many, 0.0).reason
    assert "baseline has under two" in risk_rise(many, LossSums(), 0.0).reason


def test_what_cannot_be_used_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="give sums of finite losses"):
        LossSums(1, math.nan, 1.0)
    with pytest.raises(ValueError, match="expected"):
        BoundedRisk(expected=2.0)
    with pytest.raises(ValueError, match="tolerance"):
        risk_rise(LossSums(), LossSums(), -0.1)
    with pytest.raises(ValueError, match="alpha"):
        lower_bound(add_batch(BoundedRisk(), sums([0.5])), 1.5)
