"""Monitors, channels, runs and results for tests, with everything a test does not speak about filled in."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from store.definitions import ChannelSpec, ModelDefinition, MonitorSpec
from store.engine import writing
from store.models import apply_definition
from store.monitors import channels, monitors
from store.records import Channel, Monitor, Result
from store.schema import run
from tests.store.conftest import NOW

DAY = timedelta(days=1)


def add_model(engine: Engine, name: str, *monitor_names: str, channel_names: tuple[str, ...] = ()) -> int:
    """The id of a model that from now on has just these drift monitors and webhooks."""
    definition = ModelDefinition(
        model=name,
        task="binary",
        monitors=tuple(MonitorSpec(kind="drift", name=each) for each in monitor_names),
        channels=tuple(ChannelSpec(kind="webhook", url="http://localhost/", name=each) for each in channel_names),
    )
    with writing(engine) as connection:
        return apply_definition(connection, definition, NOW).model.id


def monitors_by_name(engine: Engine, model_id: int) -> dict[str, Monitor]:
    with engine.connect() as connection:
        return {each.name: each for each in monitors(connection, model_id)}


def channels_by_name(engine: Engine, model_id: int) -> dict[str, Channel]:
    with engine.connect() as connection:
        return {each.name: each for each in channels(connection, model_id)}


def add_run(engine: Engine, monitor_id: int, window_end: datetime) -> int:
    """The id of a done run of one day."""
    values = {"monitor_id": monitor_id, "window_start": window_end - DAY, "window_end": window_end, "state": "done"}
    with writing(engine) as connection:
        return int(connection.execute(insert(run).values(values).returning(run.c.id)).scalar_one())


def a_result(window_end: datetime, **changes: Any) -> Result:
    """A result of monitor drift of model credit that is beyond its limit."""
    values: dict[str, Any] = {
        "model": "credit",
        "version": "1",
        "monitor": "drift",
        "kind": "drift",
        "method": "ks",
        "field": "income",
        "segment": None,
        "window_start": window_end - DAY,
        "window_end": window_end,
        "n_baseline": 10_000,
        "n_current": 480,
        "value": 0.31,
        "threshold": 0.1,
        "threshold_source": "default",
        "p_value": 0.0004,
        "effect": 1.7,
        "severity": "high",
        "severity_score": None,
        "confidence": None,
        "status": "critical",
        "reason": "median 51,230, was 42,000",
        "baseline": "1:0f3a",
        "computed_at": NOW,
    }
    return Result(**(values | changes))
