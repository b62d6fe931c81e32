"""Intervals against statsmodels and SciPy, and how often they hold the true value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from detectors.classes import Classes
from detectors.intervals import Interval, mean_interval, roc_auc_interval, wilson
from detectors.metrics import metric_value
from detectors.performance_profile import performance_layout, profile_performance
from tests.detectors.strategies import law


@st.composite
def hits_of_rows(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 10_000))
    return draw(st.integers(0, n)), n


def ends(interval: Interval) -> tuple[float, float]:
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def binomial_margin(share: float, times: int) -> float:
    """Three binomial standard deviations of a share over so many simulations."""
    return 3 * math.sqrt(share * (1 - share) / times)


@law
@given(hits_of_rows(), st.floats(0.5, 0.999))
def test_wilson_is_that_of_statsmodels(rows: tuple[int, int], confidence: float) -> None:
    expected = proportion_confint(*rows, alpha=1 - confidence, method="wilson")
    assert ends(wilson(*rows, confidence)) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@law
@given(hits_of_rows())
def test_turned_round_an_interval_is_its_mirror(rows: tuple[int, int]) -> None:
    (hits, n), (low, high) = rows, ends(wilson(*rows))
    assert ends(wilson(n - hits, n)) == pytest.approx((1 - high, 1 - low))


def test_a_published_wilson_interval() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), 857-872, table I: 81 of 263 gives .2553 to .3662, 0 of 20 0 to .1611.
    assert ends(wilson(81, 263)) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert ends(wilson(0, 20)) == pytest.approx((0.0, 0.1611), abs=5e-5)


@pytest.mark.parametrize(("share", "n"), [(0.5, 100), (0.1, 200), (0.02, 500)])
def test_wilson_holds_the_true_share_about_as_often_as_it_says(share: float, n: int) -> None:
    hits = np.arange(n + 1)
    chance = stats.binom.pmf(hits, n, share)
    held = [low <= share <= high for low, high in (ends(wilson(int(h), n)) for h in hits)]
    # Exactly computed; the interval is known to swing by about two points around its confidence.
    assert 0.93 <= float(chance @ np.array(held)) <= 0.98


def test_mean_interval_is_that_of_scipy_and_holds() -> None:
    rng, times, n = np.random.default_rng(2), 2000, 40
    rows = rng.gamma(4.0, 1.0, (times, n))
    expected = stats.ttest_1samp(rows[0], 0).confidence_interval(0.9)
    error = float(rows[0].std(ddof=1)) / math.sqrt(n)
    assert ends(mean_interval(float(rows[0].mean()), error, n, 0.9)) == pytest.approx((expected.low, expected.high))
    found = [
        mean_interval(float(m), float(s) / math.sqrt(n), n)
        for m, s in zip(rows.mean(1), rows.std(1, ddof=1), strict=True)
    ]
    held = np.mean([low <= 4.0 <= high for low, high in map(ends, found)])
    # A point is given away to the skew of the values.
    assert 0.94 - binomial_margin(0.95, times) <= held <= 0.95 + binomial_margin(0.95, times)


def test_roc_auc_interval_holds_the_true_area() -> None:
    rng, times, n = np.random.default_rng(3), 400, 400
    layout = performance_layout("binary", Classes(("0", "1"), "1"), {"score": np.linspace(0, 1, 1025)})
    label = (rng.random(n * times) < 0.2).astype(np.int64)
    score = stats.norm.cdf(rng.normal(size=n * times) + 2.0 * label - 1)
    parts = profile_performance(layout, label, score, label, np.repeat(np.arange(times), n), times)
    true, held = float(stats.norm.cdf(2 / math.sqrt(2))), 0
    for part in parts:
        found = metric_value(part, layout, "roc_auc")
        assert found.value is not None
        low, high = ends(roc_auc_interval(found.value, found.standard_error))
        assert 0 < low < found.value < high < 1
        held += low <= true <= high
    assert held / times >= 0.95 - binomial_margin(0.95, times)


def test_the_logit_interval_follows_the_delta_method() -> None:
    low, high = ends(roc_auc_interval(0.9, 0.03))
    assert math.log(high / (1 - high)) - math.log(9) == pytest.approx(1.959964 * 0.03 / 0.09, rel=1e-6)
    assert math.log(9) - math.log(low / (1 - low)) == pytest.approx(1.959964 * 0.03 / 0.09, rel=1e-6)


def test_what_is_undefined_has_a_named_reason() -> None:
    assert wilson(0, 0).reason == "no rows"
    assert "fully told apart" in roc_auc_interval(1.0, 0.0).reason
    assert roc_auc_interval(0.8, None).reason == "the standard error is not known"
    assert "two rows" in mean_interval(2.0, None, 1).reason


def test_what_cannot_be_used_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="hits 3 of n 2"):
        wilson(3, 2)
    with pytest.raises(ValueError, match=r"confidence 95: give a share .* like 0.95"):
        wilson(1, 2, 95)
    with pytest.raises(ValueError, match=r"value 1\.2"):
        roc_auc_interval(1.2, 0.1)
