"""How many times its limit a result is, whichever side of the limit is the bad one."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwatch.cycle.suspects import times_limit
from store.records import Result
from tests.alerts.examples import result

amounts = st.floats(1e-6, 1e6)


def performance(value: float, threshold: float, baseline: float | None, **changes: Any) -> Result:
    effect = None if baseline is None else value - baseline
    return replace(
        result(field=None, method="accuracy", value=value, threshold=threshold),
        kind="performance",
        effect=effect,
        **changes,
    )


@given(amounts, amounts)
def test_what_is_bad_is_at_least_at_its_limit_and_what_is_good_at_most(value: float, threshold: float) -> None:
    bad = result(value=value, threshold=threshold)
    assert times_limit(bad) >= 1
    assert times_limit(replace(bad, status="ok")) <= 1


@pytest.mark.parametrize(
    ("value", "threshold", "times"),
    [(0.4, 0.1, 4.0), (0.0, 0.25, 1000.0), (0.05, 0.25, 5.0), (1.0, 0.0, 1000.0), (None, 0.1, 1.0), (0.3, None, 1.0)],
)
def test_of_drift_and_traffic_it_is_a_ratio(value: float | None, threshold: float | None, times: float) -> None:
    assert times_limit(result(value=value, threshold=threshold)) == pytest.approx(times)


@pytest.mark.parametrize(
    ("value", "threshold", "baseline", "times"),
    [
        # Accuracy may fall from .9 to .85 and fell to .75: three times as far.
        (0.75, 0.85, 0.90, 3.0),
        # A loss may rise from .5 to .6 and rose to .7.
        (0.7, 0.6, 0.5, 2.0),
        # Without a baseline the value is held against a stated limit.
        (0.4, 0.8, None, 2.0),
    ],
)
def test_of_performance_it_is_the_loss_over_the_allowed_one(
    value: float, threshold: float, baseline: float | None, times: float
) -> None:
    assert times_limit(performance(value, threshold, baseline)) == pytest.approx(times)


def test_where_nothing_is_held_against_anything_it_is_nought() -> None:
    assert times_limit(result(value=None, threshold=None, status="insufficient")) == 0.0
    assert times_limit(performance(0.9, 0.85, 0.9, status="ok")) == 0.0
