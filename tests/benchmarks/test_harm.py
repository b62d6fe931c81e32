"""Harm on rows made so that the answer is known."""

import math

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality.harm import harm_between, judged_harm
from benchmarks.quality.scenarios import Scenario
from tests.benchmarks.streams import small_stream


def scored(right: int, n: int = 1_000) -> pd.DataFrame:
    """So many right predictions first, then wrong ones."""
    label = np.ones(n)
    return pd.DataFrame({"label": label, "prediction": np.where(np.arange(n) < right, 1.0, 0.0)})


@pytest.mark.parametrize(
    ("right", "verdict"),
    [(850, "harmful"), (889, "between"), (895, "harmless"), (900, "harmless"), (950, "harmless")],
)
def test_paired_losses_say_what_is_harmful(right: int, verdict: str) -> None:
    harm = harm_between(scored(900), scored(right), "binary", paired=True)
    lost = (900 - right) / 1_000
    assert harm.loss == pytest.approx(lost)
    assert harm.verdict == verdict
    # Of paired rows only those that changed scatter.
    assert harm.standard_error == pytest.approx(math.sqrt((abs(lost) - lost**2) / 1_000))


def test_a_loss_within_its_noise_is_not_called_harmful() -> None:
    harm = harm_between(scored(90, 100), scored(87, 100), "binary", paired=True)
    assert harm.loss == pytest.approx(0.03)
    assert harm.verdict == "between"


def test_unpaired_rows_scatter_on_both_sides() -> None:
    harm = harm_between(scored(900), scored(800, 2_000), "binary", paired=False)
    assert harm.loss == pytest.approx(0.5)
    assert harm.standard_error == pytest.approx(math.sqrt(0.09 / 1_000 + 0.24 / 2_000))


def test_a_regression_is_judged_by_the_rise_of_its_error() -> None:
    clean = pd.DataFrame({"label": np.zeros(400), "prediction": np.full(400, 10.0)})
    for error, verdict in ((10.6, "harmful"), (10.3, "between"), (10.05, "harmless"), (7.0, "harmless")):
        harm = harm_between(clean, clean.assign(prediction=error), "regression", paired=True)
        assert harm.loss == pytest.approx(error / 10 - 1)
        assert harm.verdict == verdict


def test_a_scenario_is_scored_again_before_it_is_judged() -> None:
    stream = small_stream()
    rows, rng = stream.watched, np.random.default_rng(0)
    lost = judged_harm(stream, Scenario("small", "missing", ("first",), 0.3, "break"), rows, rng)
    # Missing counts as below 0: of the half that was above, .9 were right and .1 will be.
    assert lost.loss == pytest.approx(0.3 * 0.5 * 0.8, abs=0.02)
    assert lost.verdict == "harmful"
    assert judged_harm(stream, Scenario("small", "x100", ("second",), 1.0, "break"), rows, rng).loss == 0
