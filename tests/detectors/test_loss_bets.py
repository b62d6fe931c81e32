"""Bets on losses: fair within the limit, and quick to find a risk that rose after a long quiet time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.bets import LOSS_STAKES, STAKES, loss_bets
from detectors.confidence_sequences import BoundedRisk, add_batch
from detectors.loss_sums import LossSums, add_losses
from detectors.risk_tracking import bounded_risk_rise
from detectors.sequential import DriftState, step
from tests.detectors.strategies import law


def errors(rng: np.random.Generator, risk: float, n: int) -> LossSums:
    hits = float(rng.binomial(n, risk))
    return LossSums(n, hits, hits)


def test_both_kinds_of_bets_fit_one_state() -> None:
    assert len(LOSS_STAKES) == len(STAKES)


@law
@given(st.floats(0.01, 1), st.floats(0, 1), st.floats(1, 2), st.floats(0, 1))
def test_a_loss_pays_one_at_most_on_average_within_the_limit(
    limit: float, part: float, reach: float, spread: float
) -> None:
    """Two values with a mean of at most the limit, computed exactly."""
    mean = limit * part
    low = mean * (1 - spread)
    high = mean + (1 - mean) * spread
    chance = 0.5 if high == low else (mean - low) / (high - low)
    one, two = (loss_bets(LossSums(1, x, x * x), limit, reach) for x in (low, high))
    assert one is not None
    assert two is not None
    for at_low, at_high in zip(one, two, strict=True):
        assert (1 - chance) * math.exp(at_low) + chance * math.exp(at_high) <= 1 + 1e-12


@law
@given(st.lists(st.floats(0, 1, allow_subnormal=False), max_size=8), st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_payoffs_of_batches_multiply(one: list[float], two: list[float]) -> None:
    def of(rows: list[float]) -> LossSums:
        return LossSums(len(rows), sum(rows), sum(x * x for x in rows))

    parts = [bets for bets in (loss_bets(of(one), 0.3), loss_bets(of(two), 0.3)) if bets is not None]
    assert loss_bets(add_losses(of(one), of(two)), 0.3) == pytest.approx(np.sum(parts, axis=0), abs=1e-9)


def _alarm_after(rng: np.random.Generator, risks: list[float], limit: float, run_length: float) -> int:
    state = DriftState()
    for day, risk in enumerate(risks, start=1):
        state, verdict = step(state, loss_bets(errors(rng, risk, 30), limit), run_length)
        if verdict is not None and verdict.alarm:
            return day
    return len(risks) + 1


def test_the_mean_run_length_at_the_limit_is_at_least_the_promised_one() -> None:
    rng = np.random.default_rng(1)
    found = np.array([_alarm_after(rng, [0.12] * 200, 0.12, 50) for _ in range(100)])
    assert found.mean() + 3 * found.std() / 10 >= 50


def test_a_rise_after_a_quiet_year_is_found_long_before_the_running_risk_shows_it() -> None:
    rng, quiet, delays = np.random.default_rng(2), 365, []
    for _ in range(20):
        found = _alarm_after(rng, [0.1] * quiet + [0.2] * 60, 0.12, 1000)
        assert found > quiet
        delays.append(found - quiet)
    assert np.median(delays) <= 21
    baseline, state = errors(rng, 0.1, 20_000), BoundedRisk(expected=0.1)
    for day in range(quiet + 60):
        state = add_batch(state, errors(rng, 0.1 if day < quiet else 0.2, 30))
    assert not bounded_risk_rise(state, baseline, 0.02).rose


def test_what_cannot_be_used_is_refused_or_left_out() -> None:
    assert loss_bets(LossSums(), 0.1) is None
    with pytest.raises(ValueError, match=r"limit 0\.0"):
        loss_bets(LossSums(1, 1.0, 1.0), 0.0)
