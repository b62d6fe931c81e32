"""Slow drift: false alarms within the bound on the run length, and delays against the test of single windows."""

import math
from collections.abc import Iterable
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate
from scipy.special import ndtr, ndtri

from detectors.bets import STAKES, p_value_bets
from detectors.evidence import Evidence, add_window
from detectors.sequential import DriftState, SlowDrift, step
from tests.detectors.strategies import law

pytestmark = pytest.mark.slow

Floats = NDArray[np.float64]
p_value_streams = st.lists(st.one_of(st.floats(0, 1), st.none()), max_size=20)


def first_alarm(p_values: Iterable[float | None], run_length: float) -> int:
    """The window of the first alarm, counted from 1; one after the last where there is none."""
    state, window = DriftState(), 0
    for window, p_value in enumerate(p_values, start=1):
        state, verdict = step(state, None if p_value is None else p_value_bets(p_value), run_length)
        if verdict is not None and verdict.alarm:
            return window
    return window + 1


def run_lengths(p_values: Floats, run_length: float) -> Floats:
    return np.array([first_alarm(map(float, stream), run_length) for stream in p_values])


@pytest.mark.parametrize("stake", range(len(STAKES)))
def test_a_bet_on_a_uniform_p_value_pays_one_on_average(stake: int) -> None:
    paid, _ = integrate.quad(
        lambda z: math.exp(p_value_bets(float(ndtr(-z)))[stake] - z * z / 2) / math.sqrt(2 * math.pi), -8, 16
    )
    assert paid == pytest.approx(1, abs=1e-6)


@law
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_smaller_p_value_never_pays_less(one: float, two: float) -> None:
    low, high = p_value_bets(min(one, two)), p_value_bets(max(one, two))
    assert all(a >= b for a, b in zip(low, high, strict=True))


def test_the_evidence_is_the_sum_over_all_beginnings() -> None:
    p_values = np.random.default_rng(1).random(12)
    payoffs = np.exp([p_value_bets(float(p)) for p in p_values])
    expected = np.mean([np.sum([np.prod(payoffs[begin:, stake]) for begin in range(12)]) for stake in range(5)])
    state, verdict = DriftState(), None
    for p in p_values:
        state, verdict = step(state, p_value_bets(float(p)))
    assert verdict is not None
    assert verdict.evidence == pytest.approx(expected, rel=1e-9)
    assert state.windows == 12


@law
@given(p_value_streams)
def test_undefined_windows_change_nothing_and_stored_states_go_on_as_they_were(p_values: list[float | None]) -> None:
    whole, defined, stored = DriftState(), DriftState(), DriftState()
    for p_value in p_values:
        bets = None if p_value is None else p_value_bets(p_value)
        whole, verdict = step(whole, bets)
        assert (verdict is None) == (bets is None)
        stored, _ = step(DriftState(**asdict(stored)), bets)
        if bets is not None:
            defined, _ = step(defined, bets)
    assert whole == defined == stored


def test_a_window_that_is_judged_again_starts_from_the_state_before_it() -> None:
    before, _ = step(DriftState(), p_value_bets(0.04))
    after_wrong, _ = step(before, p_value_bets(0.9))
    after_right, verdict = step(before, p_value_bets(1e-9))
    assert after_wrong != after_right
    assert verdict == step(DriftState(**asdict(before)), p_value_bets(1e-9))[1]


@pytest.mark.parametrize("kind", ["uniform", "conservative", "discrete"])
def test_the_mean_run_length_without_drift_is_at_least_the_promised_one(kind: str) -> None:
    promised, p_values = 50, np.random.default_rng(3).random((100, 250))
    if kind == "conservative":
        p_values = np.sqrt(p_values)
    elif kind == "discrete":
        p_values = np.ceil(p_values * 10) / 10
    found = run_lengths(p_values, promised)
    # Runs are cut at 250 windows, which can only shorten the mean.
    assert found.mean() + 3 * found.std() / math.sqrt(len(found)) >= promised
    assert found.mean() < 250 or kind != "uniform"


def test_evidence_less_windows_does_not_grow_on_average() -> None:
    # Run length far away, so that nothing is scaled down.
    p_values, found = np.random.default_rng(4).random((1000, 10)), []
    for stream in p_values:
        state, verdict = DriftState(), None
        for p_value in stream:
            state, verdict = step(state, p_value_bets(float(p_value)), 1e9)
        found.append(verdict.evidence if verdict else 0.0)
    assert np.mean(found) <= 10 + 3 * np.std(found) / math.sqrt(len(found))


@pytest.mark.parametrize(("drift", "rows", "at_most"), [(0.1, 100, 0.5), (0.1, 200, 0.6), (0.15, 100, 0.6)])
def test_a_drift_that_single_windows_miss_is_found_sooner(drift: float, rows: int, at_most: float) -> None:
    """Delays after 60 quiet windows, against single windows that alarm once in 1,000."""
    run_length, quiet, rng = 1000, 60, np.random.default_rng(5)
    shift = drift * math.sqrt(rows)
    z = rng.normal(size=(60, 260))
    z[:, quiet:] += shift
    found = run_lengths(ndtr(-z), run_length)
    delay = np.mean(found[found > quiet] - quiet)
    single = 1 / float(ndtr(shift + ndtri(1 / run_length)))
    assert (found > quiet).mean() > 0.9
    assert delay < at_most * single


def test_an_alarm_stays_while_the_drift_does_and_ends_after_it() -> None:
    rng, alarms, state = np.random.default_rng(6), [], DriftState()
    means = np.repeat([0.0, 2.0, 0.0], [30, 40, 40])
    for z in rng.normal(means):
        state, verdict = step(state, p_value_bets(float(ndtr(-z))), 100)
        assert verdict is not None
        alarms.append(verdict.alarm)
    assert not any(alarms[:30])
    assert np.mean(alarms[40:70]) > 0.7
    assert not any(alarms[-20:])


def test_p_values_of_nothing_and_of_certainty_are_finite_evidence() -> None:
    state, verdict = step(DriftState(), p_value_bets(0.0))
    assert verdict is not None
    assert verdict.alarm
    assert verdict.evidence > 1e50
    assert verdict.stake == len(STAKES) - 1
    state, verdict = step(state, p_value_bets(1.0))
    assert verdict is not None
    assert not verdict.alarm
    assert all(math.isfinite(value) for value in state.log_sums)


def test_what_cannot_be_used_is_refused_by_name() -> None:
    for p_value in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="p_value"):
            p_value_bets(p_value)
    with pytest.raises(ValueError, match="run_length"):
        step(DriftState(), None, 0.5)
    with pytest.raises(ValueError, match="log_sums"):
        DriftState((0.0,))
    with pytest.raises(ValueError, match="log_payoffs"):
        Evidence((0.0,))


def test_evidence_since_the_beginning_is_rarely_large_without_a_change() -> None:
    p_values, largest = np.random.default_rng(7).random((400, 60)), []
    for stream in p_values:
        state, best = Evidence(), 0.0
        for p_value in stream:
            state = add_window(state, p_value_bets(float(p_value)))
            best = max(best, state.e_value)
        largest.append(best)
    # Ville: 20 or more at any time in at most one of 20, and three binomial deviations.
    assert np.mean(np.array(largest) >= 20) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


def test_evidence_is_the_mean_payoff_and_undefined_windows_leave_it() -> None:
    state = add_window(add_window(Evidence(), p_value_bets(0.2)), p_value_bets(0.01))
    payoffs = np.exp(np.add(p_value_bets(0.2), p_value_bets(0.01)))
    assert state.e_value == pytest.approx(payoffs.mean())
    assert add_window(state, None) == state
    assert Evidence(**asdict(state)) == state
    assert add_window(Evidence(), p_value_bets(0.0)).e_value < math.inf
    assert Evidence((1e4,) * 5).e_value == math.inf


def test_the_verdict_names_its_limit() -> None:
    _, verdict = step(DriftState(), p_value_bets(0.5), 123)
    assert isinstance(verdict, SlowDrift)
    assert verdict.limit == 123
