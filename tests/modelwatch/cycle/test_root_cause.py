"""Scenarios in which the cause is known, played through the cycle: the messages name it, and no other."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from modelwatch.cycle.suspects import suspects_behind
from store.deploys import add_deploy
from store.engine import writing
from store.outbox import messages
from tests.modelwatch.cycle.world import (
    HOUR,
    PERFORMANCE,
    REFERENCE,
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

# In the order in which they are judged: what a message about performance may look back on.
MONITORS = (
    {"kind": "drift", "window": "1h", "min_rows": 20, "threshold": 0.35},
    {"kind": "quality", "window": "1h", "min_rows": 20, "check": ["missing", "range", "stuck", "schema", "volume"]},
    {**PERFORMANCE, "metric": "accuracy"},
)
TROUBLE = 6
CHANNEL = {"kind": "webhook", "url": "http://127.0.0.1:9/"}
Turn = Callable[[Event], Event]


def world(engine: Engine, **more: Any) -> World:
    fields = {"x": {"kind": "numeric", "importance": 0.6}, "region": {"kind": "categorical", "importance": 0.1}}
    definition = model_file(*MONITORS, channels=[CHANNEL], fields=fields, **more)
    return new_world(engine, definition, REFERENCE)


def play(of: World, rows: Sequence[Event], known: Iterable[Label]) -> None:
    of.log(rows)
    of.log_labels(known)
    of.cycle(hours(TROUBLE + 1.5))


def turned(turn: Turn, per_hour: int = 60) -> list[Event]:
    """Hours without trouble, and one in which each row is turned into another."""
    return [*events(0, TROUBLE, 60), *map(turn, events(TROUBLE, TROUBLE + 1, per_hour))]


def as_ever(rows: Iterable[Event]) -> list[Label]:
    return labels(rows, after=timedelta(minutes=1))


def with_trouble(rows: Sequence[Event]) -> list[Label]:
    """Labels as ever, but mostly wrong in the last hour: whatever happened, it hurts."""
    good = [row for row in rows if row.at < hours(TROUBLE)]
    bad = [row for row in rows if row.at >= hours(TROUBLE)]
    return [*as_ever(good), *labels(bad, after=timedelta(minutes=1), wrong=0.7)]


def told(of: World, monitor: str) -> dict[str, Any]:
    """What the message of a monitor about the hour of the trouble says."""
    with of.engine.connect() as conn:
        bodies = [json.loads(each.body)["data"] for each in messages(conn, model=of.model.name)]
    found = [body for body in bodies if body["monitor"] == monitor and body["window"]["end"] == "2026-03-02T07:00:00Z"]
    assert len(found) == 1
    data: dict[str, Any] = found[0]
    return data


def named(data: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["kind"], each["segment"] or each["field"] or each["deploy"]) for each in data["suspects"]]


def test_a_unit_error_after_a_deploy_names_the_field_first_and_the_deploy(sqlite_engine: Engine) -> None:
    of = world(sqlite_engine)
    with writing(of.engine) as conn:
        add_deploy(conn, model_id=of.model.id, version="2", at=hours(TROUBLE - 0.5), note="new feed")
    rows = turned(lambda row: row._replace(x=100 * (row.x or 0.0)))
    play(of, rows, with_trouble(rows))
    for monitor in ("drift", "quality", "performance"):
        data = told(of, monitor)
        assert named(data) == [("field", "x"), ("deploy", "2")]
        assert "version 2 (new feed) went live 30 min before" in data["summary"]
    assert "suspects so far: x" in told(of, "performance")["summary"]
    assert told(of, "performance")["cause"].startswith("most likely: 'x': range")
    assert told(of, "drift")["cause"].startswith("most likely so far (quality not judged yet): 'x': ks")


def test_a_stuck_field_is_named(sqlite_engine: Engine) -> None:
    of = world(sqlite_engine)
    rows = turned(lambda row: row._replace(x=0.5))
    play(of, rows, with_trouble(rows))
    assert named(told(of, "performance"))[0] == ("field", "x")
    assert "stuck" in told(of, "performance")["suspects"][0]["sentence"]


def test_a_field_that_vanished_is_a_change_of_the_schema(sqlite_engine: Engine) -> None:
    of = world(sqlite_engine)
    rows = turned(lambda row: row._replace(x=None))
    play(of, rows, with_trouble(rows))
    data = told(of, "performance")
    assert named(data)[:2] == [("schema", None), ("field", "x")]
    assert "1 field vanished: 'x'" in data["suspects"][0]["sentence"]


def test_a_collapse_of_traffic_is_a_suspect_of_worse_performance(sqlite_engine: Engine) -> None:
    of = world(sqlite_engine)
    of.log(events(0, TROUBLE, 400))
    rows = events(TROUBLE, TROUBLE + 1, 40)
    play(of, rows, [*as_ever(events(0, TROUBLE, 400)), *with_trouble(rows)])
    assert named(told(of, "performance")) == [("volume", None)]
    # The message about traffic itself is not told that traffic is behind it.
    assert named(told(of, "quality")) == []
    assert told(of, "quality")["cause"] == "no other input changed"


def test_a_break_of_one_segment_names_the_segment(sqlite_engine: Engine) -> None:
    of = world(sqlite_engine, segments=["region"])
    rows = turned(lambda row: row._replace(x=100 + (row.x or 0.0)) if row.region == "south" else row, per_hour=120)
    play(of, rows, with_trouble(rows))
    data = told(of, "drift")
    assert named(data)[0] == ("segment", "region=south")
    assert data["suspects"][0]["field"] == "x"
    assert named(told(of, "performance"))[0] == ("segment", "region=south")


def test_labels_that_are_not_all_in_are_said_to_make_performance_look_odd(sqlite_engine: Engine) -> None:
    of = world(sqlite_engine)
    rows = turned(lambda row: row, per_hour=150)
    # Of the last hour only the surprises have come back so far.
    missing = {each.id for each in as_ever(rows) if int(each.id.split("-")[1]) == TROUBLE and int(each.id[-1]) > 2}
    play(of, rows, [each for each in with_trouble(rows) if each.id not in missing])
    data = told(of, "performance")
    assert named(data) == [("labels", None)]
    assert data["cause"].startswith("no input changed; labels: 30.0 % of the rows have one so far, 100.0 % in windows")


def test_where_labels_turn_and_nothing_else_no_cause_is_invented(sqlite_engine: Engine) -> None:
    of = world(sqlite_engine)
    rows = turned(lambda row: row)
    play(of, rows, with_trouble(rows))
    data = told(of, "performance")
    assert data["suspects"] == []
    assert data["cause"] == "no input changed: the relation between inputs and label may have changed"
    assert data["summary"].endswith(data["cause"])


def test_what_was_there_long_before_fades_behind_what_began_with_the_trouble(sqlite_engine: Engine) -> None:
    of = world(sqlite_engine)
    early = [row._replace(region="north") for row in events(0, TROUBLE, 60)]
    late = [row._replace(region="north", x=(row.x or 0.0) + 1.5) for row in events(TROUBLE, TROUBLE + 1, 60)]
    play(of, [*early, *late], with_trouble([*early, *late]))
    found = told(of, "performance")["suspects"]
    assert [each["field"] for each in found][:1] == ["x"]
    assert all(each["score"] < 0.2 for each in found[1:])


def test_another_version_counts_as_a_deploy_that_nobody_marked(sqlite_engine: Engine) -> None:
    of = world(sqlite_engine)
    rows = turned(lambda row: row._replace(version="2"))
    play(of, rows, with_trouble(rows))
    assert named(told(of, "performance")) == [("deploy", "2")]
    assert told(of, "performance")["cause"].endswith(
        "or the model itself: version 2 serves most rows of the window, 1 did in the one before the trouble"
    )


def test_what_comes_later_is_known_later(sqlite_engine: Engine) -> None:
    """The first message knows drift alone; asked again, quality has had its say."""
    of = world(sqlite_engine)
    rows = turned(lambda row: row._replace(x=100 * (row.x or 0.0)))
    play(of, rows, with_trouble(rows))
    before = told(of, "drift")
    bad = of.results(monitor="drift", window_end=hours(TROUBLE) + HOUR, field="x")
    with of.engine.connect() as conn:
        after = suspects_behind(conn, of.model, of.baseline, bad)
    assert after.suspects[0].score > before["suspects"][0]["score"]
    assert after.sentence.startswith("most likely: 'x': ")
