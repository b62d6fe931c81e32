"""Labels that come with the chance they were asked for with, through the store and the cycle."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from tests.modelwatch.cycle.world import (
    DAY,
    HOUR,
    REFERENCE,
    Event,
    Label,
    World,
    comparable,
    events,
    hours,
    model_file,
    new_world,
)

pytestmark = pytest.mark.slow

PERFORMANCE: dict[str, Any] = {"kind": "performance", "window": "1h"}
# Rows in the middle are wrong in half of the cases and looked at often; the others are wrong in 12 of 100.
PER_HOUR = 400


def is_doubtful(event: Event) -> bool:
    return abs(event.score - 0.5) < 0.1


def asked(of: Sequence[Event], seed: int = 1) -> list[Label]:
    """Labels of rows drawn with the chance .5 where they are doubtful and .1 elsewhere."""
    rng, found = np.random.default_rng(seed), []
    for each in of:
        chance, risk = (0.5, 0.5) if is_doubtful(each) else (0.1, 0.12)
        chosen, is_wrong = rng.uniform(size=2) < (chance, risk)
        if chosen:
            label = 1 - each.prediction if is_wrong else each.prediction
            found.append(Label(each.id, each.at + HOUR, label, chance))
    return found


def weighted_error(of: Sequence[Event], given: Sequence[Label]) -> float:
    """The error rate by weights, from rows."""
    predicted = {each.id: each.prediction for each in of}
    known = [each for each in given if each.id in predicted and each.probability]
    weights = [1 / (each.probability or 1) for each in known]
    return float(np.average([predicted[each.id] != each.label for each in known], weights=weights))


def watched(engine: Engine, model: str = "credit", **more: Any) -> World:
    return new_world(engine, model_file(PERFORMANCE, model=model, **more), REFERENCE)


def test_doubtful_rows_that_are_looked_at_more_often_raise_no_alarm(engine: Engine) -> None:
    world, rows = watched(engine), events(0, 12, PER_HOUR)
    given = asked(rows)
    world.log(rows)
    world.log_labels(given)
    assert world.cycle(hours(12)).alerts_fired == 0
    for method in ("running_risk", "prediction_powered_risk"):
        found = world.results(method=method)
        assert {each.status for each in found} == {"ok"}
        assert found[-1].value == pytest.approx(weighted_error(rows, given))
        assert found[-1].n_current == len(given)
        assert "labels are weighed by the chances they were asked for with" in found[-1].reason
        assert "random sample" not in found[-1].reason
    predicted = {each.id: each.prediction for each in rows}
    assert np.mean([each.label != predicted[each.id] for each in given]) > weighted_error(rows, given) + 0.05
    unjudged = [*world.results(method="accuracy"), *world.results(method="label_drift"), *world.worst()]
    assert {each.status for each in unjudged} == {"insufficient"}
    assert all(each.reason.endswith("so look at running_risk, which weighs them") for each in unjudged)
    assert unjudged[0].value is not None
    # What these labels say of accuracy is no miss of the estimates.
    assert {each.status for each in world.results(method="cbpe_accuracy")} <= {"ok", "warning"}


def test_without_the_chances_the_same_labels_are_told_as_no_random_sample(engine: Engine) -> None:
    world, rows = watched(engine), events(0, 12, PER_HOUR)
    world.log(rows)
    world.log_labels(each._replace(probability=None) for each in asked(rows))
    world.cycle(hours(12))
    found = world.results(method="running_risk")
    assert found[-1].status != "ok"
    assert any("random sample" in each.reason for each in found)


def test_late_and_corrected_labels_come_to_what_knowing_all_at_once_gives(engine: Engine) -> None:
    rows = events(0, 6, PER_HOUR)
    given = asked(rows)
    first = [each._replace(label=1 - each.label, probability=0.25) for each in given[::3]]
    world = watched(engine)
    world.log(rows)
    world.log_labels([*first, *given[1::3]])
    for hour in range(1, 7):
        world.cycle(hours(hour))
    before = world.results(method="running_risk")
    world.log_labels([each._replace(at=each.at + DAY) for each in given[::3]])
    world.log_labels(given[2::3])
    world.cycle(hours(6))
    assert world.results(method="running_risk") != before
    # Windows are judged by those before them as they were then; a last window sees all of them as they are.
    more = events(6, 7, PER_HOUR)
    at_once = watched(engine, "other")
    at_once.log([*rows, *more])
    at_once.log_labels([*given, *asked(more, 2)])
    at_once.cycle(hours(7))
    world.log(more)
    world.log_labels(asked(more, 2))
    world.cycle(hours(7))
    last, expected = (each.results(window_end=hours(7)) for each in (world, at_once))
    assert [replace(each, revision=1) for each in comparable(last)] == comparable(expected)
    assert last


def test_labels_without_a_chance_are_left_out_and_counted(engine: Engine) -> None:
    world, rows = watched(engine), events(0, 1, PER_HOUR)
    given = asked(rows)
    unasked = [each for each in rows if each.id not in {label.id for label in given}][:7]
    world.log(rows)
    world.log_labels([*given, *(Label(each.id, each.at + HOUR, 1 - each.prediction) for each in unasked)])
    world.cycle(hours(1))
    (found,) = world.results(method="running_risk")
    assert found.value == pytest.approx(weighted_error(rows, given))
    assert "asked for with, 7 labels without a probability left out" in found.reason


def test_segments_weigh_the_labels_of_their_own_rows(engine: Engine) -> None:
    world, rows = watched(engine, segments=["region"]), events(0, 4, PER_HOUR)
    given = asked(rows)
    world.log(rows)
    world.log_labels(given)
    world.cycle(hours(4))
    for region in ("north", "south"):
        found = world.results(method="running_risk", segment=f"region={region}", window_end=hours(4))
        own = [each for each in rows if each.region == region]
        assert [each.value for each in found] == [pytest.approx(weighted_error(own, given))]


def test_equal_chances_are_a_random_sample(engine: Engine) -> None:
    rows, rng = events(0, 6, PER_HOUR), np.random.default_rng(4)
    chosen = [each for each in rows if rng.uniform() < 0.1]
    given = [Label(each.id, each.at + HOUR, each.prediction, 0.1) for each in chosen]
    with_chances, without = watched(engine), watched(engine, "other")
    for world, labels in ((with_chances, given), (without, [each._replace(probability=None) for each in given])):
        world.log(rows)
        world.log_labels(labels)
        world.cycle(hours(6))
    assert comparable(with_chances.results()) == comparable(without.results())
