"""The running risk in the cycle: it grows over windows, finds what lately rose, and follows labels that come late."""

from typing import Any

import pytest
from sqlalchemy import Engine

from modelwatch.cycle import evidence_history
from store.records import Result
from tests.modelwatch.cycle.world import (
    DAY,
    REFERENCE,
    Event,
    World,
    events,
    hours,
    labels,
    model_file,
    new_world,
)

pytestmark = pytest.mark.slow

RISK: dict[str, Any] = {"kind": "performance", "window": "1h", "metric": "running_risk"}
PER_HOUR = 100


def risk_world(engine: Engine, **more: Any) -> World:
    """A model that is wrong in a fifth of its rows, with a labelled baseline of 1,000."""
    return new_world(engine, model_file({**RISK, **more}), REFERENCE)


def label(world: World, of: list[Event], wrong: float = 0.2, **more: Any) -> None:
    world.log_labels(labels(of, wrong=wrong, **more))


def test_small_losses_add_up_until_they_are_certain(engine: Engine) -> None:
    world = risk_world(engine)
    rows = events(0, 20, PER_HOUR)
    world.log(rows)
    label(world, rows, wrong=0.32)
    world.cycle(hours(20))
    found = world.results(method="running_risk")
    statuses = [each.status for each in found]
    assert statuses[0] == "ok"
    assert statuses[-1] != "ok"
    is_bad = [status != "ok" for status in statuses]
    assert is_bad == sorted(is_bad)
    last = found[-1]
    assert (last.kind, last.field, last.n_baseline) == ("performance", None, 1000)
    assert last.interval_low is not None
    assert last.threshold is not None
    assert last.value is not None
    assert last.threshold < last.interval_low < last.value < (last.interval_high or 0.0)
    assert last.reason.startswith("error rate rose to 0.3")


def test_a_good_past_does_not_hide_what_rose_lately(engine: Engine) -> None:
    world = risk_world(engine)
    good, bad = events(0, 60, PER_HOUR), events(60, 70, PER_HOUR)
    world.log(good + bad)
    label(world, good)
    label(world, bad, wrong=0.45)
    world.cycle(hours(70))
    found = world.results(method="running_risk")
    assert {each.status for each in found[:60]} == {"ok"}
    assert found[69].status in {"warning", "critical"}
    # Of the last eight windows alone, not of all seventy.
    assert found[69].n_current == 800
    assert "in the last 8 windows" in found[69].reason


def test_it_is_over_once_the_risk_is_certainly_back(engine: Engine) -> None:
    world = risk_world(engine)
    bad, good = events(0, 6, PER_HOUR), events(6, 80, PER_HOUR)
    world.log(bad + good)
    label(world, bad, wrong=0.6)
    label(world, good, wrong=0.15)
    summary = world.cycle(hours(80))
    statuses = [each.status for each in world.results(method="running_risk")]
    assert statuses[5] == "critical"
    assert statuses[-1] == "ok"
    assert (summary.alerts_fired, summary.alerts_resolved) == (1, 1)


def test_batches_and_single_rounds_come_to_the_same(engine: Engine) -> None:
    rows = events(0, 8, PER_HOUR)
    at_once = risk_world(engine)
    at_once.log(rows)
    label(at_once, rows, wrong=0.4)
    at_once.cycle(hours(8))
    with_every_round = [_figures(each) for each in at_once.results()]
    one_by_one = new_world(engine, model_file(RISK, model="other"), REFERENCE)
    for hour in range(8):
        own = events(hour, hour + 1, PER_HOUR)
        one_by_one.log(own)
        given = {each.id: each for each in labels(rows, wrong=0.4)}
        one_by_one.log_labels(given[each.id] for each in own)
        one_by_one.cycle(hours(hour + 1))
    assert [_figures(each) for each in one_by_one.results()] == with_every_round


def _figures(result: Result) -> tuple[Any, ...]:
    return result.window_end, result.value, result.interval_low, result.threshold, result.status, result.reason


def test_late_labels_replace_what_a_window_added_and_what_was_known_stays(engine: Engine) -> None:
    world = risk_world(engine)
    rows = events(0, 3, PER_HOUR)
    world.log(rows)
    first, second, third = (rows[at : at + PER_HOUR] for at in range(0, 3 * PER_HOUR, PER_HOUR))
    label(world, first + second[:50] + third)
    world.cycle(hours(3))
    before = world.results(method="running_risk")
    assert [each.n_current for each in before] == [100, 150, 250]
    label(world, second[50:])
    world.cycle(hours(3))
    after = world.results(method="running_risk")
    # The window that changed is judged again by what came before it; those after it stay until they are judged again.
    assert [each.n_current for each in after] == [100, 200, 250]
    assert [each.revision for each in after] == [1, 2, 1]
    (then,) = [
        each for each in world.revisions(method="running_risk") if each.window_end == hours(2) and each.revision == 1
    ]
    assert _figures(then) == _figures(before[1])
    fourth = events(3, 4, PER_HOUR)
    world.log(fourth)
    label(world, fourth)
    world.cycle(hours(4))
    # Each window counts once: 100 + 100 + 100 + 100.
    assert world.results(method="running_risk")[-1].n_current == 400


def test_a_corrected_label_takes_the_old_one_away(engine: Engine) -> None:
    world = risk_world(engine)
    rows = events(0, 2, PER_HOUR)
    world.log(rows)
    label(world, rows, wrong=1.0)
    world.cycle(hours(2))
    assert [each.status for each in world.results()] == ["critical", "critical"]
    label(world, rows, wrong=0.0, after=DAY)
    world.cycle(hours(2))
    found = world.results()
    assert [(each.value, each.status, each.n_current) for each in found] == [(0.0, "ok", 100), (0.0, "ok", 200)]


def test_a_window_that_is_not_complete_adds_nothing_yet(engine: Engine) -> None:
    world = risk_world(engine, completeness=0.8)
    rows = events(0, 2, PER_HOUR)
    world.log(rows)
    label(world, rows[:PER_HOUR] + rows[PER_HOUR : PER_HOUR + 40])
    world.cycle(hours(2))
    first, second = world.results()
    assert (first.status, first.n_current) == ("ok", 100)
    assert (second.status, second.n_current) == ("insufficient", 100)
    assert second.reason == "40 labelled of 100 rows (40.0 %), at least 80.0 % must be labelled"
    label(world, rows[PER_HOUR + 40 :])
    world.cycle(hours(2))
    assert [(each.status, each.n_current) for each in world.results()] == [("ok", 100), ("ok", 200)]


def test_rows_of_windows_that_slide_count_once(engine: Engine) -> None:
    world = risk_world(engine, window="4h", every="1h")
    rows = events(0, 6, PER_HOUR)
    world.log(rows)
    label(world, rows)
    world.cycle(hours(6))
    by_end = {each.window_end: each.n_current for each in world.results()}
    assert [by_end[hours(end)] for end in (1, 4, 6)] == [100, 400, 600]


def test_a_monitor_that_names_no_metric_judges_both_kinds_of_running_risk(engine: Engine) -> None:
    world = new_world(engine, model_file({"kind": "performance", "window": "1h"}), REFERENCE)
    rows = events(0, 3, 400)
    world.log(rows)
    label(world, rows[::10])
    world.cycle(hours(3))
    plain, powered = (world.results(method=name) for name in ("running_risk", "prediction_powered_risk"))
    assert [each.n_current for each in plain] == [each.n_current for each in powered] == [40, 80, 120]
    assert {each.status for each in plain + powered} == {"ok"}


def test_segments_have_a_running_risk_of_their_own(engine: Engine) -> None:
    world = new_world(engine, model_file(RISK, segments=["region"]), REFERENCE)
    rows = events(0, 10, 200)
    world.log(rows)
    south = [each for each in rows if each.region == "south"]
    label(world, [each for each in rows if each.region == "north"])
    label(world, south, wrong=0.6)
    world.cycle(hours(10))
    last = {each.segment: each.status for each in world.results(window_end=hours(10))}
    assert last["region=south"] == "critical"
    assert last["region=north"] == "ok"


def test_windows_too_far_back_to_be_read_are_told_once_there_are_any(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_history, "MAX_WINDOWS", 2)
    world = risk_world(engine)
    rows = events(0, 5, PER_HOUR)
    world.log(rows)
    label(world, rows)
    for hour in range(1, 6):
        world.cycle(hours(hour))
    found = world.results(method="running_risk")
    assert [each.reason.endswith("; only the last 3 windows count") for each in found] == [False] * 3 + [True] * 2
    assert [each.n_current for each in found] == [100, 200, 300, 300, 300]
