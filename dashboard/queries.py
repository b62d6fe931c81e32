"""From the store to what the pages show: facts of models, and frames. Everything is read as it was recorded."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard import activity, frames, states, words
from dashboard.facts import Change, Episode, JudgedWindow, ModelFacts
from store import alerts, baselines, deploys, models, outbox, prediction_log, profiles
from store import results as recorded
from store.column_types import from_micros, to_micros
from store.definitions import MonitorSpec, duration
from store.engine import Connection, Engine
from store.records import AlertRow, Baseline, DeliveryAttempt, Model, OutboxMessage, Result

MOST_MESSAGES = 20
# A page that was asked for everything still has to arrive: 250,000 results are a year of 50 fields, daily, 13 checks.
MOST_RESULTS = 250_000
# A message that was given up is mentioned for so long.
DEAD_IS_NEWS = timedelta(days=14)
MOST_DEAD = 100
_ALL_TIME = (-(2**63), 2**63 - 1)
_TRANSITIONS = ["monitor", "method", "field", "segment", "to_state", "window_end"]
_MESSAGES = ["written", "state", "type", "about", "channel", "attempts", "answer"]


def fleet(engine: Engine, now: datetime) -> list[ModelFacts]:
    """All models, in the order of their names."""
    with engine.connect() as conn:
        latest = _by_model(recorded.latest_window_results(conn))
        open_alerts: dict[str, list[AlertRow]] = {}
        for row in alerts.alert_rows(conn, states=("pending", "firing", "recovering")):
            open_alerts.setdefault(row.model, []).append(row)
        return [
            _facts(conn, model, latest.get(model.name, ()), open_alerts.get(model.name, ()), now)
            for model in models.list_models(conn)
        ]


def results(engine: Engine, model: str, since: datetime | None, until: datetime | None) -> pd.DataFrame:
    """The latest revision of each result of a model in windows that end in (since, until], as ``results_frame``.

    At most MOST_RESULTS, those of the newest windows.
    """
    with engine.connect() as conn:
        found = recorded.results(conn, model=model, since=since, until=until, limit=MOST_RESULTS)
    return frames.results_frame(found)


def transitions(engine: Engine, model: str) -> pd.DataFrame:
    """Changes of a model's alerts; columns monitor, method, field, segment, to_state, window_end, oldest first."""
    with engine.connect() as conn:
        rows = alerts.transitions(conn, model=model)
    frame = pd.DataFrame(
        [(r.monitor, r.method, r.field or "", r.segment or "", r.to_state) for r in rows], columns=_TRANSITIONS[:-1]
    )
    frame["window_end"] = pd.DatetimeIndex([r.window_end for r in rows], dtype="datetime64[us, UTC]")
    return frame


def messages(engine: Engine, model: str, now: datetime) -> pd.DataFrame:
    """The last messages about a model, the newest first, with what became of them.

    Columns: written, state, type, about, channel, attempts, answer: text ready to be shown, attempts a number.
    """
    with engine.connect() as conn:
        known = models.get_model(conn, model)
        if known is None:
            return pd.DataFrame(columns=_MESSAGES)
        channels = {channel.id: channel.name for channel in models.channels(conn, known.id)}
        sent = outbox.messages(conn, model=model, limit=MOST_MESSAGES)
        rows = [_message_row(message, outbox.attempts(conn, message.id), channels, known, now) for message in sent]
    return pd.DataFrame(rows, columns=_MESSAGES)


def _by_model(results_of_all: Sequence[Result]) -> dict[str, list[Result]]:
    grouped: dict[str, list[Result]] = {}
    for result in results_of_all:
        grouped.setdefault(result.model, []).append(result)
    return grouped


def _facts(
    conn: Connection, model: Model, latest: Sequence[Result], open_alerts: Sequence[AlertRow], now: datetime
) -> ModelFacts:
    definition = model.definition
    baseline = baselines.active_baseline(conn, model.id)
    received = prediction_log.last_received_at(conn, model.id)
    specs = {monitor.name: monitor.spec for monitor in models.monitors(conn, model.id)}
    where = words.zone(definition.time_zone)
    return ModelFacts(
        name=model.name,
        owner=definition.owner,
        runbook=definition.runbook,
        zone=where,
        baseline=baseline,
        baseline_rows=definition.baseline_rows,
        last_received=None if received is None else from_micros(received),
        n_logged=0 if baseline is not None else prediction_log.count_between(conn, model.id, *_ALL_TIME),
        events=() if received is None else _events(conn, model.id, baseline, from_micros(received), where, now),
        windows=_windows(latest),
        episodes=tuple(_episode(row, specs.get(row.monitor)) for row in open_alerts),
        changes=_changes(conn, model.id),
        dead_messages=_lately_dead(conn, model.name, now),
        disabled_channels=tuple(
            channel.name for channel in models.channels(conn, model.id) if channel.disabled_reason is not None
        ),
    )


def _events(
    conn: Connection, model_id: int, baseline: Baseline | None, received: datetime, where: ZoneInfo, now: datetime
) -> tuple[tuple[datetime, int], ...]:
    """Events of the last days: from the profiles where there are any, else counted in the log, which is short then."""
    last = prediction_log.last_ts(conn, model_id)
    up_to = now if last is None else activity.event_clock(now, received, from_micros(last))
    days = activity.days(up_to, where)
    if baseline is not None:
        counts = profiles.row_counts(conn, baseline.binning_id, since=days[0][0])
        return activity.by_day([(count.start, count.n_rows) for count in counts], days)
    return tuple(
        (start, prediction_log.count_between(conn, model_id, to_micros(start), to_micros(end))) for start, end in days
    )


def _windows(latest: Sequence[Result]) -> tuple[JudgedWindow, ...]:
    """The last window of each monitor, from its results."""
    by_monitor: dict[str, list[Result]] = {}
    for result in latest:
        by_monitor.setdefault(result.monitor, []).append(result)
    return tuple(
        JudgedWindow(name, rows[0].kind, rows[0].window_start, rows[0].window_end, Counter(r.status for r in rows))
        for name, rows in sorted(by_monitor.items())
    )


def _episode(row: AlertRow, spec: MonitorSpec | None) -> Episode:
    return Episode(
        monitor=row.monitor,
        kind=row.kind,
        method=row.method,
        field=row.field,
        segment=row.segment,
        state=row.state,
        since=row.since,
        window=timedelta(0) if spec is None else duration(spec.window),
        status=row.status,
        value=row.value,
        threshold=row.threshold,
        discovery=row.discovery,
    )


def _changes(conn: Connection, model_id: int) -> tuple[Change, ...]:
    """Deploys, and the first event of each version after the first one."""
    announced = [Change(d.at, d.version, "deploy", d.note) for d in deploys.deploys(conn, model_id)]
    seen = [Change(v.created_at, v.name, "version") for v in models.versions(conn, model_id)[1:]]
    return tuple(sorted(announced + seen, key=lambda change: change.at))


def _lately_dead(conn: Connection, model_name: str, now: datetime) -> int:
    dead = outbox.messages(conn, model=model_name, state="dead", limit=MOST_DEAD)
    return sum(message.created_at > now - DEAD_IS_NEWS for message in dead)


def _message_row(
    message: OutboxMessage,
    attempts: Sequence[DeliveryAttempt],
    channels: Mapping[int, str],
    model: Model,
    now: datetime,
) -> dict[str, object]:
    where = words.zone(model.definition.time_zone)
    return {
        "written": words.moment(message.created_at, where, now.year),
        "state": states.delivery(message.state).label,
        "type": words.one_line(message.type.removeprefix("alert.")),
        "about": words.shorten(_summary(message.body).removeprefix(f"{model.name}: "), 300),
        "channel": channels.get(message.channel_id, "(removed)"),
        "attempts": message.attempts,
        "answer": _answer(attempts[-1]) if attempts else "",
    }


def _summary(body: str) -> str:
    """The sentence in a message's body; empty where the body is not of the form that is known here."""
    try:
        return str(json.loads(body)["data"]["summary"])
    except (ValueError, KeyError, TypeError):
        return ""


def _answer(attempt: DeliveryAttempt) -> str:
    parts = [str(attempt.status_code or ""), words.shorten(attempt.error or "", 120)]
    return " ".join(part for part in parts if part)
