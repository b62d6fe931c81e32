"""What cannot be computed is said so, and holds up nothing else."""

import logging
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from store.alerts import alert_states
from store.engine import writing
from store.monitors import monitors
from store.records import Alert
from store.schema import channel, profile
from tests.modelwatch.cycle.world import (
    DRIFT,
    PERFORMANCE,
    REFERENCE,
    World,
    events,
    hours,
    model_file,
    new_world,
    renamed,
)

OF_X: dict[str, Any] = {**DRIFT, "fields": ["x"]}


def corrupt(world: World, hour: int) -> bytes:
    """Spoil what is stored of an hour; what stood there."""
    mine = (profile.c.start == hours(hour), profile.c.binning_id == world.baseline.binning_id)
    with writing(world.engine) as conn:
        payload = conn.execute(select(profile.c.fields).where(*mine)).scalar_one()
        conn.execute(update(profile).where(*mine).values(fields=b"spoiled"))
    return bytes(payload)


def repair(world: World, hour: int, payload: bytes) -> None:
    mine = (profile.c.start == hours(hour), profile.c.binning_id == world.baseline.binning_id)
    with writing(world.engine) as conn:
        conn.execute(update(profile).where(*mine).values(fields=payload))


def alerts_of(world: World, name: str) -> list[Alert]:
    with world.engine.connect() as conn:
        (monitor,) = [each for each in monitors(conn, world.model.id) if each.name == name]
        return alert_states(conn, monitor.id)


def test_a_window_that_cannot_be_computed_says_why_and_stops_no_other(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    world = new_world(engine, model_file(OF_X, {**PERFORMANCE, "metric": "accuracy"}), REFERENCE)
    other = new_world(engine, renamed(model_file(OF_X), "other"), REFERENCE)
    for each in (world, other):
        each.log([*events(0, 2), *events(2, 4, shift=3.0), *events(4, 6)])
    world.cycle(hours(3))
    before = alerts_of(world, "drift")
    assert [each.state for each in before] == ["firing"]

    # The next hour is counted, but its window is not over yet.
    world.cycle(hours(3.5))
    spoiled = corrupt(world, 3)
    world.cycle(hours(4))
    assert alerts_of(world, "drift") == before

    world.cycle(hours(6))
    found = world.results(kind="drift")
    assert [each.status for each in found] == ["ok", "ok", "critical", "error", "ok", "ok"]
    assert found[3].reason
    assert (found[3].field, found[3].value, found[3].method) == (None, None, "drift")
    assert [each.status for each in world.results(kind="performance")] == ["insufficient"] * 6
    assert [each.status for each in other.results()] == ["ok", "ok", "critical", "critical", "ok", "ok"]
    assert [each.state for each in alerts_of(world, "drift")] == ["inactive"]

    # It is not tried again and again; when rows come that are counted in it, it is.
    assert world.cycle(hours(6)).windows == 0
    repair(world, 3, spoiled)
    world.log(events(3, 4, 10, seed=3, shift=3.0))
    assert world.cycle(hours(6)).windows == 2
    again = world.results(window_end=hours(4), kind="drift")
    assert [(each.status, each.field, each.n_current, each.revision) for each in again] == [("critical", "x", 50, 2)]


def test_a_model_that_cannot_be_profiled_does_not_stop_the_others(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    world = new_world(engine, renamed(model_file(OF_X), "a-broken-one"), REFERENCE)
    other = new_world(engine, renamed(model_file(OF_X), "other"), REFERENCE)
    world.log(events(0, 1))
    other.log(events(0, 1))
    other.cycle(hours(1))
    corrupt(world, 0)
    # A late row is to be added to the spoiled hour.
    world.log(events(0, 1, 1, seed=2))
    other.log(events(1, 2))
    summary = other.cycle(hours(2), errors=1)
    assert summary.errors[0].startswith("a-broken-one: ")
    assert [each.status for each in other.results()] == ["ok", "ok"]


def test_windows_that_cannot_be_committed_are_given_back_and_stop_no_other(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    hook = {"kind": "webhook", "url": "http://127.0.0.1:9/nobody"}
    broken = new_world(engine, renamed(model_file(OF_X, channels=[hook]), "a-broken-one"), REFERENCE)
    other = new_world(engine, renamed(model_file(OF_X), "other"), REFERENCE)
    mine = channel.c.model_id == broken.model.id
    with writing(engine) as conn:
        spec = conn.execute(select(channel.c.spec).where(mine)).scalar_one()
        # The message about the drift is written in the same transaction as its results.
        conn.execute(update(channel).where(mine).values(spec="spoiled"))
    for each in (broken, other):
        each.log(events(0, 2, shift=3.0))
    summary = broken.cycle(hours(2), errors=1)
    assert summary.errors[0].startswith("monitor ")
    assert broken.results() == []
    assert [each.status for each in other.results()] == ["critical", "critical"]

    with writing(engine) as conn:
        conn.execute(update(channel).where(mine).values(spec=spec))
    again = broken.cycle(hours(2))
    assert (again.windows, again.alerts_fired, again.webhooks_failed) == (2, 1, 1)
    assert [each.status for each in broken.results()] == ["critical", "critical"]
