"""Slow drift in the cycle: evidence grows over windows, whenever and however often they are computed."""

from typing import Any

import pytest
from sqlalchemy import Engine

from detectors.findings import CALIBRATED
from modelwatch.cycle import slow_drift_judging
from tests.modelwatch.cycle.world import comparable, events, give_baseline, hours, model_file, new_world

pytestmark = pytest.mark.slow

DRIFT: dict[str, Any] = {"kind": "drift", "window": "1h", "min_rows": 20, "fields": ["x"]}
# One false alarm in 24 windows, a fifth of it for slow drift: 120 windows between its alarms.
MONTHLY = 30
REFERENCE = events(0, 40, 50, seed=77)
PER_HOUR = 60
SHIFTED = [*events(0, 20, PER_HOUR), *events(20, 60, PER_HOUR, shift=0.25)]


def test_a_shift_that_hardly_any_window_shows_is_found_and_told(engine: Engine) -> None:
    world = new_world(engine, model_file(DRIFT, false_alarms_per_month=MONTHLY), REFERENCE)
    world.log(SHIFTED)
    world.cycle(hours(60))
    found = world.results(method="slow_drift")
    assert [each.status for each in found[:20]] == ["ok"] * 20
    told = [each for each in found if each.status == "warning"]
    assert told[0].window_end < hours(40)
    assert "'x' (values rising for about" in told[0].reason
    assert {each.threshold_source for each in told} == {CALIBRATED}
    # From then on it goes on: windows that report the field themselves neither say so again nor end it.
    since = [each.status for each in found if each.window_end >= told[0].window_end]
    assert set(since) == {"warning", "insufficient"}


def test_windows_one_by_one_come_to_the_same_as_all_at_once(engine: Engine) -> None:
    at_once, one_by_one = (
        new_world(engine, model_file(DRIFT, model=name, false_alarms_per_month=MONTHLY), REFERENCE) for name in "ab"
    )
    rows = SHIFTED[: 8 * PER_HOUR]
    for world in (at_once, one_by_one):
        world.log(rows)
    at_once.cycle(hours(8))
    for hour in range(1, 9):
        one_by_one.cycle(hours(hour))
    wanted = {"method": "slow_drift"}
    assert comparable(at_once.results(**wanted)) == comparable(one_by_one.results(**wanted))


def test_a_window_that_is_computed_again_replaces_what_it_added(engine: Engine) -> None:
    late, timely = (
        new_world(engine, model_file(DRIFT, model=name, false_alarms_per_month=MONTHLY), REFERENCE) for name in "ab"
    )
    of_two, more = events(0, 3, PER_HOUR), events(1, 2, PER_HOUR, seed=2, shift=0.4)
    timely.log([*of_two, *more])
    late.log(of_two)
    late.cycle(hours(2))
    late.log(more)
    for world in (late, timely):
        world.cycle(hours(3))
    last = [world.results(method="slow_drift")[-1] for world in (late, timely)]
    assert last[0].value == last[1].value


def test_a_new_baseline_begins_anew(engine: Engine) -> None:
    changed, fresh = (
        new_world(engine, model_file(DRIFT, model=name, false_alarms_per_month=MONTHLY), REFERENCE) for name in "ab"
    )
    changed.log(SHIFTED[: 3 * PER_HOUR])
    changed.cycle(hours(3))
    for world in (changed, fresh):
        give_baseline(world, events(0, 40, 50, seed=78))
    fresh.log(SHIFTED[: 3 * PER_HOUR])
    for world in (changed, fresh):
        world.cycle(hours(4))
    values = [[each.value for each in world.results(method="slow_drift")] for world in (changed, fresh)]
    assert values[0] == values[1]


def test_of_overlapping_windows_those_are_judged_that_do_not_overlap(engine: Engine) -> None:
    sliding = {**DRIFT, "window": "2h", "every": "1h"}
    world = new_world(engine, model_file(sliding, false_alarms_per_month=MONTHLY), REFERENCE)
    world.log(events(0, 6, PER_HOUR))
    world.cycle(hours(6))
    found = world.results(method="slow_drift")
    statuses = {each.window_start.hour: each.status for each in found if each.window_start >= hours(0)}
    assert statuses == {0: "ok", 1: "insufficient", 2: "ok", 3: "insufficient", 4: "ok"}
    assert "windows overlap" in next(each.reason for each in found if each.status == "insufficient")


@pytest.mark.parametrize("more", [{"baseline": "previous"}, {"threshold": 0.3}])
def test_what_moves_or_has_a_limit_of_its_own_has_no_slow_drift(engine: Engine, more: dict[str, Any]) -> None:
    world = new_world(engine, model_file({**DRIFT, **more}), REFERENCE)
    world.log(events(0, 3, PER_HOUR))
    world.cycle(hours(3))
    assert world.results(kind="drift") != []
    assert world.results(method="slow_drift") == []


def test_each_segment_has_evidence_of_its_own(engine: Engine) -> None:
    definition = model_file(DRIFT, segments=["region"], false_alarms_per_month=MONTHLY)
    world = new_world(engine, definition, REFERENCE)
    world.log(events(0, 3, PER_HOUR))
    world.cycle(hours(3))
    last = [each for each in world.results(method="slow_drift") if each.window_end == hours(3)]
    assert [each.segment for each in last] == [None, "region=north", "region=south"]
    assert len({each.value for each in last}) == 3


def test_windows_too_far_back_to_count_are_told_once_there_are_any(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_drift_judging, "MOST_WINDOWS", 3)
    world = new_world(engine, model_file(DRIFT, false_alarms_per_month=MONTHLY), REFERENCE)
    world.log(events(0, 5, PER_HOUR))
    world.cycle(hours(5))
    found = [each.reason for each in world.results(method="slow_drift")]
    assert found == ["no slow drift of 1 field over 1 window"] + [
        f"no slow drift of 1 field over {windows} windows{cut}"
        for windows, cut in [(2, ""), (3, ""), *[(3, "; only the last 3 windows count")] * 2]
    ]
