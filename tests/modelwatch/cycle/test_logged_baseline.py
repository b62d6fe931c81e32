"""The baseline of a model without a file: the first windows of its own log."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from modelwatch.baselines import MAX_BASELINE_WINDOWS
from store.baselines import active_baseline
from tests.modelwatch.cycle.world import (
    DAY,
    DRIFT,
    HOUR,
    PERFORMANCE,
    START,
    World,
    events,
    hours,
    labels,
    model_file,
    new_world,
)

pytestmark = pytest.mark.slow

OF_X: dict[str, Any] = {**DRIFT, "fields": ["x"]}


def has_baseline(world: World) -> bool:
    with world.engine.connect() as conn:
        return active_baseline(conn, world.model.id) is not None


def run_at(world: World, nows: Sequence[datetime]) -> None:
    for now in nows:
        world.cycle(now)


def test_there_is_none_before_there_are_enough_rows(engine: Engine) -> None:
    world = new_world(engine, model_file(OF_X, baseline_rows=100))
    world.cycle(hours(0))
    world.log(events(0, 2))
    world.cycle(hours(2))
    world.log(events(2, 3))
    # 120 rows are there, but the third window is not over.
    world.cycle(hours(2.9))
    assert not has_baseline(world)
    assert world.results() == []
    assert world.cycle(hours(3)).baselines_made == 1
    assert (world.baseline.n_rows, world.baseline.start, world.baseline.end) == (100, hours(0), hours(3))
    assert world.results() == []


def test_windows_after_it_are_judged_and_those_inside_are_not(engine: Engine) -> None:
    world = new_world(engine, model_file(OF_X, {**OF_X, "name": "wide", "window": "2h"}, baseline_rows=100))
    world.log([*events(0, 6), *events(6, 8, shift=3.0)])
    world.cycle(hours(8))
    found = world.results(monitor="drift")
    assert [(each.window_start, each.status) for each in found] == [
        (hours(3), "ok"),
        (hours(4), "ok"),
        (hours(5), "ok"),
        (hours(6), "critical"),
        (hours(7), "critical"),
    ]
    assert {each.n_baseline for each in found} == {100}
    assert [each.window_start for each in world.results(monitor="wide")] == [hours(4), hours(6)]


def test_sliding_windows_do_not_reach_back_into_it(engine: Engine) -> None:
    world = new_world(engine, model_file({**OF_X, "window": "3h", "every": "1h"}, baseline_rows=100))
    world.log(events(0, 9))
    world.cycle(hours(9))
    assert world.baseline.end == hours(3)
    assert [each.window_start for each in world.results()] == [hours(n) for n in (3, 4, 5, 6)]


@pytest.mark.parametrize("nows", [[START + 40 * DAY], [START + n * DAY for n in range(41)]])
def test_few_rows_make_one_after_twenty_eight_windows_whenever_one_looks(
    sqlite_engine: Engine, nows: list[datetime]
) -> None:
    world = new_world(sqlite_engine, model_file({**OF_X, "window": "1d", "min_rows": 5}))
    rows = [row for day in range(40) for row in events(24 * day + 12, 24 * day + 13, 7)]
    if len(nows) == 1:
        world.log(rows)
    for day, now in enumerate(nows):
        if len(nows) > 1:
            world.log(row for row in rows if now - DAY <= row.at < now)
        world.cycle(now)
        assert has_baseline(world) == (len(nows) == 1 or day >= MAX_BASELINE_WINDOWS)
    assert world.baseline.n_rows == 7 * MAX_BASELINE_WINDOWS
    assert world.baseline.end == START + MAX_BASELINE_WINDOWS * DAY
    days = [each.window_start for each in world.results()]
    assert days == [START + day * DAY for day in range(MAX_BASELINE_WINDOWS, 40)]


@pytest.mark.parametrize("nows", [[51], [30, 49, 50, 51]])
def test_very_few_rows_wait_until_there_are_a_hundred(sqlite_engine: Engine, nows: list[int]) -> None:
    world = new_world(sqlite_engine, model_file(OF_X))
    rows = events(0, 60, 2)
    for now in nows:
        world.log(row for row in rows if row.at < hours(now))
        world.cycle(hours(now))
        assert has_baseline(world) == (now >= 50)
    assert (world.baseline.n_rows, world.baseline.end) == (100, hours(50))


def test_labels_that_come_later_count_as_its_own(engine: Engine) -> None:
    world = new_world(engine, model_file({**PERFORMANCE, "metric": "accuracy"}, baseline_rows=100))
    rows = events(0, 5)
    world.log(rows)
    world.cycle(hours(5))
    assert {each.reason for each in world.results()} != {""}
    assert {each.status for each in world.results()} == {"insufficient"}
    truth = labels(rows, wrong=0.25, after=DAY)
    world.log_labels(truth)
    world.cycle(hours(5) + timedelta(minutes=5))
    found = world.results()
    assert [each.revision for each in found] == [2, 2]
    assert {each.n_baseline for each in found} == {120}
    of_baseline = [each for each, row in zip(truth, rows, strict=True) if row.at < START + 3 * HOUR]
    right = sum(each.label == row.prediction for each, row in zip(of_baseline, rows, strict=False)) / len(of_baseline)
    for each in found:
        assert each.value is not None
        assert each.effect == pytest.approx(each.value - right)


def test_two_that_make_it_from_the_same_rows_make_one(engine: Engine) -> None:
    world = new_world(engine, model_file(OF_X, baseline_rows=100))
    world.log(events(0, 4))
    run_at(world, [hours(4), hours(4)])
    first = world.baseline
    world.log(events(0, 1, 30, seed=9))
    world.cycle(hours(5))
    assert world.baseline == first
