"""Monitors and channels of a model: kept by name, so that a changed one keeps its history."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, select, update

from store.definitions import ChannelSpec, ModelDefinition, MonitorSpec, named_channels, named_monitors
from store.engine import insert_into
from store.records import Channel, Monitor
from store.schema import channel, monitor


def monitors(conn: Connection, model_id: int, active_only: bool = True) -> list[Monitor]:
    """The monitors of a model in the order of their names; those dropped from its file only when asked for."""
    query = select(monitor).where(monitor.c.model_id == model_id).order_by(monitor.c.name)
    if active_only:
        query = query.where(monitor.c.active)
    return [_monitor(row) for row in conn.execute(query)]


def channels(conn: Connection, model_id: int) -> list[Channel]:
    """The channels in a model's file in the order of their names, also those that were disabled."""
    query = select(channel).where(channel.c.model_id == model_id, channel.c.active).order_by(channel.c.name)
    return [_channel(row) for row in conn.execute(query)]


def get_monitor(conn: Connection, monitor_id: int) -> Monitor:
    """The monitor with that id, also when it was dropped from its model's file."""
    return _monitor(conn.execute(select(monitor).where(monitor.c.id == monitor_id)).one())


def get_channel(conn: Connection, channel_id: int) -> Channel:
    """The channel with that id, also when it was disabled or dropped from its model's file."""
    return _channel(conn.execute(select(channel).where(channel.c.id == channel_id)).one())


def disable_channel(conn: Connection, channel_id: int, reason: str) -> None:
    """Deliver nothing more through a channel until its model's file is applied again."""
    conn.execute(update(channel).where(channel.c.id == channel_id).values(disabled_reason=reason))


def save_monitors(conn: Connection, model_id: int, definition: ModelDefinition) -> None:
    """Make the active monitors of a model those of its definition; how far each was planned stays."""
    specs = named_monitors(definition)
    _save(conn, monitor, model_id, [(str(spec.name), _json(spec)) for spec in specs])


def save_channels(conn: Connection, model_id: int, definition: ModelDefinition) -> None:
    """Make the active channels of a model those of its definition, and use disabled ones again."""
    specs = named_channels(definition)
    _save(conn, channel, model_id, [(str(spec.name), _json(spec)) for spec in specs])
    conn.execute(
        update(channel)
        .where(channel.c.model_id == model_id, channel.c.active, channel.c.disabled_reason.is_not(None))
        .values(disabled_reason=None)
    )


def _save(conn: Connection, table: Table, model_id: int, named_specs: Sequence[tuple[str, str]]) -> None:
    names = [name for name, _ in named_specs]
    _retire_others(conn, table, model_id, names)
    for name, spec in named_specs:
        statement = insert_into(conn, table).values(model_id=model_id, name=name, spec=spec, active=True)
        conn.execute(
            statement.on_conflict_do_update(index_elements=["model_id", "name"], set_={"spec": spec, "active": True})
        )


def _retire_others(conn: Connection, table: Table, model_id: int, names: Iterable[str]) -> None:
    conn.execute(
        update(table)
        .where(table.c.model_id == model_id, table.c.active, table.c.name.not_in(names))
        .values(active=False)
    )


def _json(spec: MonitorSpec | ChannelSpec) -> str:
    return msgspec.json.encode(spec, order="deterministic").decode()


def _monitor(row: Row[Any]) -> Monitor:
    return Monitor(
        id=row.id,
        model_id=row.model_id,
        name=row.name,
        spec=msgspec.json.decode(row.spec, type=MonitorSpec),
        planned_to=row.planned_to,
        active=row.active,
    )


def _channel(row: Row[Any]) -> Channel:
    return Channel(
        id=row.id,
        model_id=row.model_id,
        name=row.name,
        spec=msgspec.json.decode(row.spec, type=ChannelSpec),
        disabled_reason=row.disabled_reason,
    )
