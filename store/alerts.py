"""Alerts: the state of each (monitor, method, field, segment), and every change of it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from store.definitions import MonitorSpec
from store.engine import insert_into
from store.fleet_tests import fleet_tests
from store.records import Alert, AlertRow, AlertState, FleetTest, Transition, TransitionRow
from store.schema import alert, monitor, result, transition
from store.schema import model as model_table

# The end of a window belongs to the time after it.
_INSTANT = timedelta(microseconds=1)
_STATE = ("state", "streak", "since", "window_end", "result_id")
_model_name = model_table.c.name.label("model_name")


def alert_states(conn: Connection, monitor_id: int) -> list[Alert]:
    """The alerts of a monitor, also inactive ones, in the order in which they came into being."""
    query = select(alert).where(alert.c.monitor_id == monitor_id).order_by(alert.c.id)
    return [_alert(row) for row in conn.execute(query)]


def save_alerts(conn: Connection, alerts: Sequence[Alert]) -> list[int]:
    """Keep alerts as they are now; those without an id come into being, or take the place of the one with their key.

    Returns their ids in the order given. Called inside ``store.engine.writing``.
    """
    known = [each for each in alerts if each.id is not None]
    if known:
        statement = update(alert).where(alert.c.id == bindparam("alert_id"))
        conn.execute(
            statement.values({name: bindparam(f"new_{name}") for name in _STATE}),
            [{"alert_id": each.id} | {f"new_{name}": getattr(each, name) for name in _STATE} for each in known],
        )
    new = [each for each in alerts if each.id is None]
    ids = _insert(conn, new) if new else {}
    return [ids[_key(each)] if each.id is None else each.id for each in alerts]


def add_transitions(conn: Connection, transitions: Sequence[Transition]) -> None:
    """Keep changes of state. Called inside ``store.engine.writing``."""
    if not transitions:
        return
    conn.execute(
        insert(transition),
        [
            {
                "alert_id": each.alert_id,
                "run_id": each.run_id,
                "from_state": each.from_state,
                "to_state": each.to_state,
                "window_end": each.window_end,
                "at": each.at,
            }
            for each in transitions
        ],
    )


def alert_rows(
    conn: Connection, model: str | None = None, states: Collection[AlertState] | None = None
) -> list[AlertRow]:
    """Alerts of monitors that are in force, each with the result it rests on, for people to read.

    Only those of a model or in certain states where these are given. Ordered by model, monitor, method, field and
    segment.
    """
    query = _named_alerts().where(monitor.c.active)
    if model is not None:
        query = query.where(_model_name == model)
    if states is not None:
        query = query.where(alert.c.state.in_(states))
    tests: dict[int, list[FleetTest]] = {}
    for test in fleet_tests(conn):
        tests.setdefault(test.monitor_id, []).append(test)
    rows = [_alert_row(row, tests.get(row.monitor_id, ())) for row in conn.execute(query)]
    return sorted(rows, key=lambda row: (row.model, row.monitor, row.method, row.field or "", row.segment or ""))


def transitions(conn: Connection, model: str | None = None, since: datetime | None = None) -> list[TransitionRow]:
    """Changes of alerts' states in windows that end after ``since``, ordered by window end and then as they came."""
    query = (
        select(transition, alert.c.method, alert.c.field, alert.c.segment, monitor.c.name, _model_name)
        .join_from(transition, alert, alert.c.id == transition.c.alert_id)
        .join(monitor, monitor.c.id == alert.c.monitor_id)
        .join(model_table, model_table.c.id == alert.c.model_id)
        .order_by(transition.c.window_end, transition.c.id)
    )
    if model is not None:
        query = query.where(_model_name == model)
    if since is not None:
        query = query.where(transition.c.window_end > since)
    return [
        TransitionRow(
            model=row.model_name,
            monitor=row.name,
            method=row.method,
            field=row.field or None,
            segment=row.segment or None,
            from_state=row.from_state,
            to_state=row.to_state,
            window_end=row.window_end,
            at=row.at,
        )
        for row in conn.execute(query)
    ]


def _insert(conn: Connection, alerts: Sequence[Alert]) -> dict[tuple[int, str, str, str], int]:
    """The ids, by key, of alerts that are inserted or, where their key is there already, updated."""
    statement = insert_into(conn, alert)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["monitor_id", "method", "field", "segment"],
            set_={name: statement.excluded[name] for name in _STATE},
        ),
        [_values(each) for each in alerts],
    )
    query = select(alert.c.id, alert.c.monitor_id, alert.c.method, alert.c.field, alert.c.segment)
    found = conn.execute(query.where(alert.c.monitor_id.in_({each.monitor_id for each in alerts})))
    return {(row.monitor_id, row.method, row.field, row.segment): row.id for row in found}


def _key(of: Alert) -> tuple[int, str, str, str]:
    return of.monitor_id, of.method, of.field or "", of.segment or ""


def _values(of: Alert) -> dict[str, Any]:
    identity = {
        "model_id": of.model_id,
        "monitor_id": of.monitor_id,
        "method": of.method,
        "field": of.field or "",
        "segment": of.segment or "",
    }
    return identity | {name: getattr(of, name) for name in _STATE}


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        id=row.id,
        model_id=row.model_id,
        monitor_id=row.monitor_id,
        method=row.method,
        field=row.field or None,
        segment=row.segment or None,
        state=row.state,
        streak=row.streak,
        since=row.since,
        window_end=row.window_end,
        result_id=row.result_id,
    )


def _named_alerts() -> Select[Any]:
    return (
        select(
            alert,
            _model_name,
            monitor.c.name,
            monitor.c.spec,
            result.c.window_start,
            result.c.value,
            result.c.threshold,
            result.c.effect,
            result.c.status,
            result.c.reason,
            result.c.n_current,
        )
        .join_from(alert, model_table, model_table.c.id == alert.c.model_id)
        .join(monitor, monitor.c.id == alert.c.monitor_id)
        .outerjoin(result, result.c.id == alert.c.result_id)
    )


def _discovery(row: Row[Any], tests: Sequence[FleetTest]) -> bool | None:
    """Whether a test of the fleet found drift since the alert began; of parts of the stream no test is made."""
    since = f"{(row.since or row.window_end) - _INSTANT:%Y-%m}"
    own = [test.discovery for test in tests if test.month >= since]
    return any(own) if own and not row.segment else None


def _alert_row(row: Row[Any], tests: Sequence[FleetTest]) -> AlertRow:
    return AlertRow(
        model=row.model_name,
        monitor=row.name,
        kind=msgspec.json.decode(row.spec, type=MonitorSpec).kind,
        method=row.method,
        field=row.field or None,
        segment=row.segment or None,
        state=row.state,
        since=row.since,
        window_start=row.window_start,
        window_end=row.window_end,
        value=row.value,
        threshold=row.threshold,
        effect=row.effect,
        status=row.status,
        reason=row.reason or "",
        n_current=row.n_current,
        result_id=row.result_id,
        discovery=_discovery(row, tests),
    )
