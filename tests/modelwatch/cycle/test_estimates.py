"""Before labels come performance is estimated; when they have come, what they say and what they are like."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from modelwatch.baselines import set_baseline, typed_rows
from tests.modelwatch.cycle.world import (
    REFERENCE,
    START,
    Event,
    Label,
    World,
    events,
    hours,
    labels,
    model_file,
    new_world,
)

pytestmark = pytest.mark.slow

PERFORMANCE: dict[str, Any] = {"kind": "performance", "window": "1h", "min_rows": 50}
PER_HOUR = 400


def stuck(hour: int) -> list[Event]:
    """An hour in which every row has the same score."""
    return [each._replace(score=0.9, prediction=1) for each in events(hour, hour + 1, PER_HOUR, seed=78)]


def true_of(of: list[Event], seed: int = 3, sharpness: float = 1.0) -> list[Label]:
    """Labels that fall as the scores say; with ``sharpness`` 0 they fall like a coin instead."""
    rng = np.random.default_rng(seed)
    chances = [0.5 + sharpness * (each.score - 0.5) for each in of]
    return [Label(each.id, hours(100), int(rng.uniform() < chance)) for each, chance in zip(of, chances, strict=True)]


def calibrated_world(engine: Engine, same_score_in_hour: int | None = None) -> World:
    """A model whose scores mean what they say, with a labelled baseline."""
    world = new_world(engine, model_file(PERFORMANCE))
    rows = [
        each
        for hour in range(10)
        for each in (stuck(hour) if hour == same_score_in_hour else events(hour, hour + 1, PER_HOUR, seed=77))
    ]
    frame = pd.DataFrame(rows)
    texts = [str(each.label) for each in true_of(rows)]
    of_rows = typed_rows(world.model.definition, frame[["x", "region"]], frame[["prediction", "score"]], texts)
    set_baseline(engine, world.model, of_rows, version="1", origin="a file", content_hash="0" * 64, now=START)
    return world


def test_an_estimate_comes_before_the_labels_and_agrees_with_them(engine: Engine) -> None:
    world = calibrated_world(engine)
    rows = events(0, 2, PER_HOUR)
    world.log(rows)
    world.cycle(hours(2))
    estimated = world.results(kind="estimate", method="cbpe_accuracy")
    assert [each.status for each in estimated] == ["ok", "ok"]
    assert {each.status for each in world.results(method="accuracy")} == {"insufficient"}
    world.log_labels(true_of(rows, seed=4))
    world.cycle(hours(3))
    realised = world.results(method="accuracy")[:2]
    for before, after in zip(estimated, realised, strict=True):
        assert before.value is not None
        assert after.value is not None
        # The share of right predictions among 400 scatters by .022.
        assert abs(before.value - after.value) < 4 * 0.022


def test_an_estimate_that_missed_is_not_relied_on_any_more(engine: Engine) -> None:
    world = calibrated_world(engine)
    rows = events(0, 2, PER_HOUR)
    world.log(rows)
    world.log_labels(true_of(rows[:PER_HOUR], sharpness=0.0))
    world.cycle(hours(2))
    first, second = world.results(kind="estimate", method="cbpe_accuracy")
    assert first.status == "ok"
    assert second.status == "insufficient"
    assert second.value is not None
    assert second.reason.startswith("not reliable: missed what labels showed in 1 of the last 1")


def test_an_estimate_from_scores_that_are_stuck_is_not_relied_on(engine: Engine) -> None:
    world = calibrated_world(engine)
    # The region says nothing about the score, so that it is stuck does no harm.
    world.log([each._replace(region="north") for each in events(0, 1, PER_HOUR)])
    world.log(stuck(1))
    world.cycle(hours(2))
    first, second = world.results(kind="estimate", method="cbpe_accuracy")
    assert first.status == "ok"
    assert second.status == "insufficient"
    assert second.reason.startswith("not reliable: a stuck value in score: ")


def test_scores_that_were_alike_for_as_long_at_the_baseline_are_not_called_stuck(engine: Engine) -> None:
    world = calibrated_world(engine, same_score_in_hour=5)
    world.log(stuck(0))
    world.cycle(hours(1))
    (estimated,) = world.results(kind="estimate", method="cbpe_accuracy")
    assert estimated.value is not None
    # All have the chance that this score had at the baseline.
    assert abs(estimated.value - 0.9) < 4 * 0.015
    assert estimated.status == "ok"


def test_labels_that_change_are_told(engine: Engine) -> None:
    world = calibrated_world(engine)
    rows = events(0, 1, PER_HOUR)
    world.log(rows)
    world.log_labels(Label(each.id, hours(2), 1) for each in rows)
    world.cycle(hours(1))
    (drift,) = world.results(method="label_drift")
    assert (drift.kind, drift.field, drift.status) == ("drift", "label", "critical")
    (unknown,) = world.results(method="unknown_labels")
    assert (unknown.value, unknown.status) == (0.0, "ok")


def test_an_estimate_raises_no_alert(engine: Engine) -> None:
    world = calibrated_world(engine)
    # All scores near one half: nobody expects such a model to be right.
    unsure = [each._replace(score=0.5 + (each.score - 0.5) / 50) for each in events(0, 1, PER_HOUR)]
    world.log(unsure)
    summary = world.cycle(hours(1))
    (estimated,) = world.results(method="cbpe_accuracy")
    assert estimated.status == "warning"
    assert summary.alerts_fired == 0


def test_a_monitor_that_names_a_metric_says_nothing_else(engine: Engine) -> None:
    world = new_world(engine, model_file({**PERFORMANCE, "metric": "accuracy"}), REFERENCE)
    rows = events(0, 1, PER_HOUR)
    world.log(rows)
    world.log_labels(labels(rows))
    world.cycle(hours(1))
    assert {each.method for each in world.results()} == {"accuracy"}


def test_whole_rows_show_what_no_single_field_does(engine: Engine) -> None:
    """Scores that no longer follow ``x``, while each of them is distributed as ever."""

    def following(of: list[Event]) -> list[Event]:
        return [each._replace(score=float(1 / (1 + np.exp(-(each.x or 0.0))))) for each in of]

    fields = {"fields": ["x", "score"]}
    monitors = [
        {"kind": "drift", "window": "1h", "method": "mmd", **fields},
        {"kind": "drift", "window": "1h", **fields},
    ]
    world = new_world(engine, model_file(*monitors), following(events(0, 5, PER_HOUR, seed=77)))
    scores = [each.score for each in following(events(1, 2, PER_HOUR))]
    parted = [
        each._replace(score=score)
        for each, score in zip(events(1, 2, PER_HOUR), np.random.default_rng(5).permutation(scores), strict=True)
    ]
    world.log([*following(events(0, 1, PER_HOUR)), *parted])
    world.cycle(hours(2))
    assert [each.status == "ok" for each in world.results(method="mmd")] == [True, False]
    assert {each.status for each in world.windows()} == {"ok"}
