"""Windows after an outage, after silence, and after rows and labels that came late."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from modelwatch.cycle.planning import SILENT_WINDOWS
from store.alerts import transitions
from store.outbox import messages
from store.records import Result
from tests.modelwatch.cycle.world import (
    DRIFT,
    HOUR,
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

# Nothing listens there: what is announced stays in the outbox, to be counted.
CHANNEL = {"kind": "webhook", "url": "http://127.0.0.1:9/"}
OF_X: dict[str, Any] = {**DRIFT, "fields": ["x"]}


def ends(found: list[Result]) -> list[int]:
    """The hours, counted from the start, at which the windows of results end."""
    return sorted({(each.window_end - hours(0)) // HOUR for each in found})


def changes(world: World) -> list[tuple[int, str, str]]:
    """Every change of an alert: the hour its window ends, the state before and after."""
    with world.engine.connect() as conn:
        found = transitions(conn, world.model.name)
    return [((each.window_end - hours(0)) // HOUR, each.from_state, each.to_state) for each in found]


def announced(world: World) -> list[str]:
    """The types of the messages, the oldest first."""
    with world.engine.connect() as conn:
        return [message.type for message in reversed(messages(conn, world.model.name))]


def test_an_outage_of_three_hours_gives_its_three_windows_in_order(engine: Engine) -> None:
    world = new_world(engine, model_file(OF_X), REFERENCE)
    world.log(events(0, 2))
    assert world.cycle(hours(2)).windows == 2
    world.log(events(2, 5))
    assert world.cycle(hours(5) + timedelta(minutes=7)).windows == 3
    found = world.results()
    assert [each.window_end for each in found] == [hours(n) for n in range(1, 6)]
    assert [each.window_start for each in found] == [hours(n) for n in range(5)]
    assert sorted(found, key=lambda each: each.id or 0) == found
    assert {(each.status, each.n_current, each.revision) for each in found} == {("ok", 40, 1)}
    assert world.cycle(hours(5.5)).windows == 0


def test_a_window_is_not_judged_before_its_end(engine: Engine) -> None:
    world = new_world(engine, model_file(OF_X), REFERENCE)
    world.log(events(0, 3))
    assert world.cycle(hours(3) - timedelta(microseconds=1)).windows == 2
    assert world.cycle(hours(3)).windows == 1


@pytest.mark.parametrize("window", ["1h", "3h"])
@pytest.mark.parametrize("nows", [[10_000], [10_000, 10_000, 20_000], list(range(12, 80, 5))])
def test_a_stream_that_falls_silent_says_so_a_few_times_however_often_one_looks(
    sqlite_engine: Engine, nows: list[int], window: str
) -> None:
    world = new_world(sqlite_engine, model_file({**OF_X, "window": window}), REFERENCE)
    world.log(events(0, 12))
    for now in nows:
        world.cycle(hours(now))
    assert len(world.results(status="ok")) == 12 * HOUR / (world.results()[0].window_end - hours(0))
    assert len(world.results(status="nodata")) == SILENT_WINDOWS


def test_sliding_windows_fall_silent_too(sqlite_engine: Engine) -> None:
    world = new_world(sqlite_engine, model_file({**OF_X, "window": "3h", "every": "1h"}), REFERENCE)
    world.log(events(0, 4))
    for now in (5, 6, 9, 9, 1_000, 1_000):
        world.cycle(hours(now))
    assert ends(world.results(status="ok")) == [1, 2, 3, 4, 5, 6]
    assert ends(world.results(status="nodata")) == [7 + n for n in range(SILENT_WINDOWS)]


def test_rows_after_a_long_silence_are_judged(engine: Engine) -> None:
    world = new_world(engine, model_file(OF_X), REFERENCE)
    world.log(events(0, 2))
    world.cycle(hours(50))
    world.log(events(100, 102, shift=3.0))
    world.cycle(hours(102))
    assert ends(world.results(status="ok")) == [1, 2]
    assert ends(world.results(status="critical")) == [101, 102]
    assert len(world.results(status="nodata")) == SILENT_WINDOWS


def test_lateness_holds_a_window_open(engine: Engine) -> None:
    world = new_world(engine, model_file({**OF_X, "lateness": "30m"}), REFERENCE)
    rows = events(0, 1)
    world.log(rows[:25])
    assert world.cycle(hours(1.4)).windows == 0
    world.log(rows[25:])
    assert world.cycle(hours(1.5)).windows == 1
    assert [(each.n_current, each.revision) for each in world.revisions()] == [(40, 1)]


def test_labels_that_come_late_judge_a_window_again_and_alert_once(engine: Engine) -> None:
    world = new_world(engine, model_file({**PERFORMANCE, "metric": "accuracy"}, channels=[CHANNEL]), REFERENCE)
    rows = events(0, 1, 100)
    truth = labels(rows, wrong=0.6)
    world.log(rows)
    world.cycle(hours(1))
    assert [(each.status, each.revision) for each in world.revisions()] == [("insufficient", 1)]
    assert not changes(world)
    assert not announced(world)

    world.log_labels(truth[:60])
    summary = world.cycle(hours(2))
    assert summary.alerts_fired == 1
    first, second = world.revisions(window_end=hours(1))
    assert (first.status, first.revision, second.revision) == ("insufficient", 1, 2)
    assert second.status in ("warning", "critical")

    world.log_labels(truth[60:])
    summary = world.cycle(hours(2))
    assert (summary.windows, summary.alerts_fired) == (1, 0)
    assert [each.revision for each in world.results(window_end=hours(1))] == [3]
    accuracy = sum(each.label == row.prediction for each, row in zip(truth, rows, strict=True)) / 100
    assert world.results(window_end=hours(1))[0].value == pytest.approx(accuracy)
    assert changes(world) == [(1, "inactive", "firing")]
    assert announced(world) == ["alert.firing"]
    assert world.cycle(hours(2)).windows == 0


def test_corrected_labels_move_accuracy_both_ways(engine: Engine) -> None:
    world = new_world(engine, model_file({**PERFORMANCE, "metric": "accuracy"}, channels=[CHANNEL]), REFERENCE)
    rows = events(0, 1, 100)
    world.log(rows)
    world.log_labels(labels(rows, wrong=0.0))
    world.cycle(hours(1))
    world.log_labels(labels(rows[:70], wrong=1.0, after=2 * HOUR))
    world.cycle(hours(1.1))
    world.log_labels(labels(rows[:60], wrong=0.0, after=3 * HOUR))
    # An older label changes nothing, however late it comes.
    world.log_labels(labels(rows[:60], wrong=1.0, after=2.5 * HOUR))
    world.cycle(hours(1.2))
    found = world.revisions(window_end=hours(1))
    assert [(each.value, each.revision, each.status) for each in found] == [
        (1.0, 1, "ok"),
        (pytest.approx(0.3), 2, "critical"),
        (pytest.approx(0.9), 3, "ok"),
    ]
    assert [each.value for each in world.results(window_end=hours(1))] == [pytest.approx(0.9)]
    assert announced(world) == ["alert.firing", "alert.resolved"]


def test_late_rows_judge_a_window_again_from_a_share_on_and_alert_once(engine: Engine) -> None:
    world = new_world(engine, model_file(OF_X, channels=[CHANNEL]), REFERENCE)
    rows = events(0, 1, 100, shift=3.0)
    world.log(rows[:80])
    assert world.cycle(hours(1)).alerts_fired == 1
    world.log(rows[80:83])  # 3 of 80: under a twentieth
    assert world.cycle(hours(1.1)).windows == 0
    world.log(rows[83:])
    summary = world.cycle(hours(1.2))
    assert (summary.windows, summary.alerts_fired) == (1, 0)
    assert [(each.n_current, each.revision) for each in world.revisions(window_end=hours(1))] == [(80, 1), (100, 2)]
    assert changes(world) == [(1, "inactive", "firing")]
    assert announced(world) == ["alert.firing"]


def test_late_rows_of_an_earlier_window_do_not_step_the_alert_again(engine: Engine) -> None:
    world = new_world(engine, model_file(OF_X, channels=[CHANNEL]), REFERENCE)
    world.log(events(0, 3))
    world.cycle(hours(3))
    world.log(events(0, 1, 60, seed=5, shift=4.0))
    summary = world.cycle(hours(3))
    assert (summary.windows, summary.alerts_fired) == (1, 0)
    assert [(each.status, each.revision) for each in world.results(window_end=hours(1))] == [("critical", 2)]
    assert not changes(world)
    assert not announced(world)


def test_labels_concern_performance_alone(engine: Engine) -> None:
    world = new_world(engine, model_file(OF_X, PERFORMANCE, QUALITY), REFERENCE)
    rows = events(0, 2)
    world.log(rows)
    assert world.cycle(hours(2)).windows == 6
    world.log_labels(labels(rows))
    assert world.cycle(hours(2)).windows == 2
    assert {each.kind for each in world.results() if each.revision == 2} == {"performance"}


def test_rows_for_a_silent_stretch_that_was_passed_over_are_judged(engine: Engine) -> None:
    """A collector that was cut off sends its hours after those of the others."""
    world = new_world(engine, model_file(OF_X), REFERENCE)
    world.log([*events(0, 1), *events(30, 31)])
    world.cycle(hours(31))
    world.log(events(20, 22))
    world.cycle(hours(32))
    assert {21, 22} <= set(ends(world.results(status="ok")))
