"""P-values against a fixed baseline: valid given the baseline, and what happens where they are not."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import kstest, norm

from detectors.bets import p_value_bets
from detectors.sequential import DriftState, step
from detectors.window_p_values import ks_window_p_value, shift_window_p_values


def test_against_a_very_large_baseline_the_p_values_are_the_usual_ones() -> None:
    rows = np.random.default_rng(1).random(80)
    expected = kstest(rows, "uniform", method="exact")
    assert ks_window_p_value(float(expected.statistic), 10**15, 80) == pytest.approx(expected.pvalue, rel=1e-4)
    found = shift_window_p_values(0.3, 0.1, 0.0)
    assert [found.rose, found.fell] == pytest.approx([norm.sf(3), norm.cdf(3)])


def test_what_is_allowed_for_is_taken_off() -> None:
    error = math.sqrt(math.log(2 / 0.05) / (2 * 10_000))
    allowed = ks_window_p_value(0.1 + 0.02 + error, 10_000, 500, tolerance=0.02)
    assert allowed == pytest.approx(ks_window_p_value(0.1, 10**15, 500), rel=1e-4)
    assert ks_window_p_value(0.9 * error, 10_000, 500) == 1.0
    assert shift_window_p_values(0.2, 0.1, 0.05, tolerance=0.02).rose == pytest.approx(norm.sf(0.82), rel=1e-3)


@pytest.mark.parametrize("n_current", [50, 500])
def test_ks_p_values_of_one_baseline_are_valid_for_nearly_every_baseline(n_current: int) -> None:
    rng, n_baseline, bins, level = np.random.default_rng(2), 2000, 40, 0.1
    spoilt, windows = 0, 200
    # The p-value falls with the distance: this is where it passes the level.
    critical = brentq(lambda d: ks_window_p_value(d, n_baseline, n_current) - level, 0.01, 1.0)
    for _ in range(100):
        baseline = np.cumsum(rng.multinomial(n_baseline, np.full(bins, 1 / bins))) / n_baseline
        current = np.cumsum(rng.multinomial(n_current, np.full(bins, 1 / bins), size=windows), axis=1) / n_current
        distances = np.abs(current - baseline).max(axis=1)
        hits = (distances >= critical).sum()
        spoilt += hits > windows * level + 3 * math.sqrt(windows * level * (1 - level))
    assert spoilt <= 5 + 3 * math.sqrt(100 * 0.05 * 0.95)


def _share_with_an_alarm(allow: bool) -> float:
    """Of 100 baselines, those against which 100 windows without drift lead to an alarm."""
    rng, n_baseline, n_current, alarms = np.random.default_rng(3), 1000, 1000, 0
    for _ in range(100):
        baseline, state = rng.normal(0, 1 / math.sqrt(n_baseline)), DriftState()
        for mean in rng.normal(0, 1 / math.sqrt(n_current), size=100):
            difference = float(mean - baseline)
            if allow:
                p = shift_window_p_values(difference, 1 / math.sqrt(n_current), 1 / math.sqrt(n_baseline)).rose
            else:
                p = float(ndtr(-difference / math.sqrt(1 / n_current + 1 / n_baseline)))
            state, verdict = step(state, p_value_bets(p), 1000)
            if verdict is not None and verdict.alarm:
                alarms += 1
                break
    return alarms / 100


def test_two_sample_p_values_add_up_the_error_of_the_baseline_and_these_do_not() -> None:
    # Evidence is 100 on average after 100 windows, so it reached 1,000 in at most a tenth of runs (Doob).
    promised = 0.1
    assert _share_with_an_alarm(allow=False) > promised + 3 * math.sqrt(promised * (1 - promised) / 100)
    assert _share_with_an_alarm(allow=True) <= promised


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"distance": 0.1, "n_baseline": 0, "n_current": 5}, "n_baseline"),
        ({"distance": 0.1, "n_baseline": 5, "n_current": 5, "tolerance": -1.0}, "tolerance"),
        ({"distance": 0.1, "n_baseline": 5, "n_current": 5, "baseline_risk": 0.0}, "baseline_risk"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(arguments: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        ks_window_p_value(**arguments)  # type: ignore[arg-type]


def test_a_shift_needs_a_standard_error() -> None:
    with pytest.raises(ValueError, match="standard_error"):
        shift_window_p_values(0.1, 0.0, 0.1)
