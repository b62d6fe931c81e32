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

from detectors.baseline_risk import bounded_upper_bound
from detectors.confidence_sequences import BoundedRisk, add_batch, lower_bound, running_interval, upper_bound
from detectors.loss_sums import LossSums
from detectors.mixture_bounds import gamma_exponential_bound
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
        assert single < gamma_exponential_bound(variance, 0.05, 50.0) < 2.2 * single


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
    limit, state = bounded_upper_bound(_errors(rng, 0.1, 2000), alpha / 2), BoundedRisk(expected=0.1)
    assert limit is not None
    for day in range(1, days + 1):
        state = add_batch(state, _errors(rng, risk, 50))
        if lower_bound(state, alpha / 2) > limit + tolerance:
            return day
    return days + 1


def test_a_risk_within_the_tolerance_rarely_alarms_and_a_risen_one_is_found() -> None:
    rng, alpha = np.random.default_rng(6), 0.1
    at_the_limit = [_first_rise(rng, 0.12, 0.02, alpha) <= 80 for _ in range(60)]
    assert np.mean(at_the_limit) <= alpha + margin(alpha, 60)
    found = [_first_rise(rng, 0.2, 0.02, alpha) for _ in range(20)]
    assert max(found) <= 40
    assert np.median(found) <= 14


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
    assert bounded_upper_bound(sums([0.5]), 0.05) is None


def test_what_cannot_be_used_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="give sums of finite losses"):
        LossSums(1, math.nan, 1.0)
    with pytest.raises(ValueError, match="expected"):
        BoundedRisk(expected=2.0)
    with pytest.raises(ValueError, match="alpha"):
        lower_bound(add_batch(BoundedRisk(), sums([0.5])), 1.5)
