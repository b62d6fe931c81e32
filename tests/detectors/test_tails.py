import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import expon, norm

from detectors.tails import LEAST_BEYOND, tail_of
from tests.detectors.strategies import law


@law
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400),
    shares=st.tuples(st.floats(1e-4, 0.25), st.floats(1e-4, 0.25)).map(sorted),
)
def test_a_rarer_point_lies_no_lower_and_order_does_not_matter(values: list[float], shares: list[float]) -> None:
    tail = tail_of(values)
    rare, often = tail.point(shares[0]), tail.point(shares[1])
    assert rare >= often or rare == pytest.approx(often, rel=1e-9)
    assert tail_of(values[::-1]).point(shares[0]) == rare


@pytest.mark.parametrize("share", [0.25, 0.1, 1 / 30, 0.01])
def test_where_many_lie_beyond_it_is_the_quantile(share: float) -> None:
    values = np.random.default_rng(1).normal(size=2_000)
    assert share * len(values) >= LEAST_BEYOND
    assert tail_of(values).point(share) == pytest.approx(float(np.quantile(values, 1 - share)), abs=0.02)


def test_further_out_it_is_the_point_of_an_exponential_tail() -> None:
    points = [tail_of(np.random.default_rng(seed).exponential(size=1_000)).point(1e-4) for seed in range(60)]
    assert np.mean(points) == pytest.approx(float(expon.isf(1e-4)), rel=0.03)


def test_of_a_lighter_tail_it_is_too_high_rather_than_too_low() -> None:
    points = [tail_of(np.random.default_rng(seed).normal(size=1_000)).point(1e-4) for seed in range(60)]
    assert np.mean(points) > norm.isf(1e-4)


def test_one_observation_is_its_own_tail() -> None:
    assert tail_of([2.5]).point(0.01) == 2.5


def test_undefined_maxima_lie_at_the_bottom() -> None:
    assert tail_of([-np.inf, -np.inf, 1.0, 2.0]).point(0.25) == 2.0


@pytest.mark.parametrize("share", [0.0, -0.1, 0.3, 1.0])
def test_a_share_that_is_no_tail_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        tail_of([1.0]).point(share)


def test_a_tail_needs_observations() -> None:
    with pytest.raises(ValueError, match="at least one"):
        tail_of([])
