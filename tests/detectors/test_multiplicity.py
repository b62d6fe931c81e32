"""Adjusted p-values against SciPy and statsmodels, and how many discoveries are false where nothing has changed."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

from detectors.multiplicity import ELond, benjamini_yekutieli, discoveries, holm
from tests.detectors.strategies import law

pytestmark = pytest.mark.slow

Floats = NDArray[np.float64]
p_value_lists = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.01, 0.5, 1.0])), min_size=1)


@law
@given(p_value_lists)
def test_benjamini_yekutieli_is_that_of_scipy(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(p_values, method="by")
    assert benjamini_yekutieli(p_values) == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("n", [1, 7, 60])
def test_holm_is_that_of_statsmodels(n: int) -> None:
    p_values = np.random.default_rng(n).random(n).round(1) ** 4
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], rel=1e-9)


@law
@given(p_value_lists, st.floats(0.01, 0.5))
def test_the_list_is_what_statsmodels_rejects_smallest_first(p_values: list[float], level: float) -> None:
    adjusted = benjamini_yekutieli(p_values)
    if np.abs(adjusted - level).min() < 1e-9:
        return
    found = discoveries(p_values, level)
    assert set(found) == set(np.flatnonzero(multipletests(p_values, level, method="fdr_by")[0]))
    assert [p_values[position] for position in found] == sorted(p_values[position] for position in found)


@law
@given(p_value_lists)
@pytest.mark.parametrize("adjust", [benjamini_yekutieli, holm])
def test_the_order_of_the_questions_does_not_matter(
    adjust: Callable[[ArrayLike], Floats], p_values: list[float]
) -> None:
    turned = p_values[::-1]
    assert adjust(turned)[::-1] == pytest.approx(adjust(p_values), rel=1e-12)


def test_of_no_question_nothing_is_discovered() -> None:
    assert discoveries([], 0.1) == ()
    assert len(holm([])) == 0


@pytest.mark.parametrize("bad", [[0.1, float("nan")], [1.1], [-0.1], 0.5])
def test_what_is_no_p_value_is_refused(bad: ArrayLike) -> None:
    for adjust in (benjamini_yekutieli, holm):
        with pytest.raises(ValueError, match="p_values: give a list of numbers from 0 to 1"):
            adjust(bad)


@pytest.mark.parametrize("level", [0.0, 1.0, float("nan"), -1.0])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        discoveries([0.5], level)
    with pytest.raises(ValueError, match="level"):
        ELond(level)


def test_limits_are_those_of_the_paper() -> None:
    # 1 * 2 / .1; then, with one discovery, 2 * 3 / .2, 3 * 4 / .2 and 4 * 5 / .2; with two of four tests 5 * 6 / .3.
    stands = [(0, 0), (1, 1), (2, 1), (3, 1), (4, 2)]
    assert [ELond(0.1, *stand).limit for stand in stands] == pytest.approx([20, 30, 60, 100, 100])


def test_more_discoveries_than_tests_are_refused() -> None:
    with pytest.raises(ValueError, match="discoveries 2 of tests 1"):
        ELond(0.1, 1, 2)


def _dependent_e_values(rng: np.random.Generator, tests: int, changed: Floats, kind: str) -> Floats:
    """Likelihood ratios of a shift by 3, of normal deviates that share a part, or are opposed in pairs."""
    own = rng.normal(size=tests)
    if kind == "shared":
        own = 0.95 * rng.normal() + np.sqrt(1 - 0.95**2) * own
    elif kind == "opposed":
        own[1::2] = -own[::2]
    return np.exp(3 * (own + 3 * changed) - 4.5)


@pytest.mark.parametrize("kind", ["independent", "shared", "opposed"])
def test_few_discoveries_of_e_lond_are_false_whatever_the_dependence(kind: str) -> None:
    rng, runs, level = np.random.default_rng(20), 1000, 0.2
    changed = (np.arange(40) % 4 == 0).astype(np.float64)
    false_shares, found = np.zeros(runs), 0
    for run in range(runs):
        state, false = ELond(level), 0
        for e_value, change in zip(_dependent_e_values(rng, 40, changed, kind), changed, strict=True):
            discovery = bool(e_value >= state.limit)
            state = ELond(level, state.tests + 1, state.discoveries + discovery)
            false += discovery and not change
        false_shares[run] = false / max(state.discoveries, 1)
        found += state.discoveries - false
    assert false_shares.mean() <= level + 3 * false_shares.std() / np.sqrt(runs)
    # And it does find: a tenth of the changes at the least.
    assert found / (runs * changed.sum()) > 0.1


def test_few_lists_of_benjamini_yekutieli_are_false_where_nothing_has_changed() -> None:
    rng, runs, level = np.random.default_rng(21), 2000, 0.1
    shared = rng.normal(size=(runs, 1))
    p_values = stats.norm.sf(0.8 * shared + 0.6 * rng.normal(size=(runs, 20)))
    false = sum(bool(discoveries(row, level)) for row in p_values)
    # Three binomial standard deviations above the bound.
    assert false / runs <= level + 3 * np.sqrt(level * (1 - level) / runs)
