"""The plain contenders do what SciPy does."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, ks_2samp

from benchmarks.quality.classical import FieldTests, StabilityIndex, chi_square_test, ks_test, psi
from tests.benchmarks.streams import KINDS, rows_of


@pytest.mark.parametrize("digits", [8, 0])
def test_ks_agrees_with_scipy(digits: int) -> None:
    rng = np.random.default_rng(1)
    before, now = np.sort(rng.normal(size=900).round(digits)), np.sort(rng.normal(0.1, 1.2, 300).round(digits))
    expected = ks_2samp(before, now, method="asymp")
    found = ks_test(before, now)
    assert found.effect == pytest.approx(expected.statistic)
    # SciPy's p-value has a correction of small samples, so it is near and not equal.
    rows = 900 * 300 / 1_200
    assert found.p_value == pytest.approx(float(expected.pvalue), abs=0.05)
    assert math.sqrt(rows) * found.effect > 1


def test_chi_square_agrees_with_scipy() -> None:
    before, now = np.array([50.0, 30.0, 0.0, 20.0]), np.array([20.0, 25.0, 0.0, 5.0])
    expected = chi2_contingency(np.array([before, now])[:, [0, 1, 3]], correction=False)[1]
    assert chi_square_test(before, now).p_value == pytest.approx(expected)


def test_psi_by_hand() -> None:
    expected = 0.3 * math.log(0.8 / 0.5) + (0.2 - 0.5) * math.log(0.2 / 0.5)
    assert psi(np.array([50.0, 50.0]), np.array([80.0, 20.0])) == pytest.approx(expected)


def test_without_change_the_level_is_held_by_bonferroni_and_not_by_tests_of_each_field() -> None:
    plain, shared = FieldTests("plain", False), FieldTests("shared", True)
    baseline = rows_of(10_000, 1)
    for one in (plain, shared):
        one.fit(baseline, KINDS, {}, np.random.default_rng(0))
    windows = [rows_of(300, 100 + seed) for seed in range(100)]
    loud = sum(plain.judge(window).alarm for window in windows)
    held = sum(shared.judge(window).alarm for window in windows)
    # Two continuous fields and one of categories: 1 - .95^3 = .14; the two-valued score adds nothing to KS.
    # 100 windows, 4 binomial standard deviations: 14 +- 14, and at most 5 + 9 with Bonferroni.
    assert 1 <= loud <= 28
    assert held <= 14


def test_both_see_a_broken_field_and_name_it() -> None:
    baseline = rows_of(4_000, 1)
    window = rows_of(500, 2).assign(second=lambda rows: rows["second"] * 100)
    for one in (FieldTests("tests", True), StabilityIndex()):
        one.fit(baseline, KINDS, {}, np.random.default_rng(0))
        verdict = one.judge(window)
        assert verdict.alarm
        assert verdict.fields == ("second",)


def test_a_field_that_is_missing_altogether_is_total_change() -> None:
    contender = FieldTests("tests", True)
    contender.fit(rows_of(4_000, 1), KINDS, {}, np.random.default_rng(0))
    gone = rows_of(500, 2).assign(first=np.nan, place=pd.Categorical([None] * 500, categories=["a", "b", "c"]))
    assert {"first", "place"} <= set(contender.judge(gone).fields)
