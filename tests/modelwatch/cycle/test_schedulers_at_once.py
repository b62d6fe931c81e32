"""Several schedulers on one store: every window once, as if there were one."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from modelwatch.cycle import CycleSettings, CycleSummary, run
from store.baselines import baselines
from store.engine import open_engine
from store.records import Result
from tests.modelwatch.cycle.sums import assert_same_results, assert_same_sums, stored_sums
from tests.modelwatch.cycle.world import (
    DRIFT,
    PERFORMANCE,
    QUALITY,
    REFERENCE,
    World,
    events,
    hours,
    labels,
    model_file,
    new_world,
)

pytestmark = pytest.mark.slow

SCHEDULERS = 3
MONITORS: list[dict[str, Any]] = [{**DRIFT, "fields": ["x"]}, {**PERFORMANCE, "metric": "accuracy"}, QUALITY]
NOWS = [hours(4), hours(8), hours(12)]


def rounds_at_once(url: str, nows: list[datetime], before_each: Callable[[int], None]) -> list[CycleSummary]:
    """What schedulers with engines of their own did; they begin every round together."""
    found: list[CycleSummary] = []
    failures: list[BaseException] = []
    numbers = iter(range(len(nows)))
    barrier = threading.Barrier(SCHEDULERS, action=lambda: before_each(next(numbers)))

    def schedule() -> None:
        engine = open_engine(url)
        try:
            for now in nows:
                barrier.wait(60)
                found.append(run(engine, now, CycleSettings({}, clock=lambda: hours(20), jitter=lambda: 0.0)))
        except BaseException as error:
            failures.append(error)
            barrier.abort()
        finally:
            engine.dispose()

    threads = [threading.Thread(target=schedule) for _ in range(SCHEDULERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    return found


def parts(world: World) -> Callable[[int], None]:
    """Logs four hours more before each round, and the labels of the four hours before."""
    rows = [events(4 * n, 4 * n + 4, shift=2.0 if n == 1 else 0.0) for n in range(3)]

    def log(n: int) -> None:
        world.log(rows[n])
        if n:
            world.log_labels(labels(rows[n - 1]))

    return log


def assert_each_window_once(world: World, summaries: list[CycleSummary]) -> None:
    every, latest = world.every_result(), world.results()
    assert len({(*key(each), each.revision) for each in every}) == len(every)
    assert len({key(each) for each in latest}) == len(latest)
    assert sum(summary.results for summary in summaries) == len(every)
    assert [error for summary in summaries for error in summary.errors] == []


def key(of: Result) -> tuple[object, ...]:
    return of.window_end, of.monitor, of.method, of.field, of.segment


def test_three_at_once_do_what_one_does(engine: Engine, store_url: str, calm_engine: Engine) -> None:
    world = new_world(engine, model_file(*MONITORS, segments=["region"]), REFERENCE)
    calm = new_world(calm_engine, world.model.definition, REFERENCE)
    summaries = rounds_at_once(store_url, NOWS, parts(world))
    log = parts(calm)
    for n, now in enumerate(NOWS):
        log(n)
        calm.cycle(now)
    assert_each_window_once(world, summaries)
    assert_same_sums(stored_sums(world), stored_sums(calm))
    assert_same_results(world.results(), calm.results())
    assert sum(summary.rows_profiled for summary in summaries) == 12 * 40


def test_three_at_once_make_one_baseline_of_the_log(engine: Engine, store_url: str) -> None:
    world = new_world(engine, model_file(*MONITORS, baseline_rows=150))
    summaries = rounds_at_once(store_url, NOWS, parts(world))
    with engine.connect() as conn:
        assert len(baselines(conn, world.model.id)) == 1
    assert world.baseline.end == hours(4)
    assert_each_window_once(world, summaries)
    assert [each.window_end for each in world.results(monitor="drift")] == [hours(n) for n in range(5, 13)]
