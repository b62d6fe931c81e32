"""The models of ``story`` written to a store, through the store's own functions, as a running service leaves them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from store import baselines, models, outbox, profiles, results
from store.alerts import add_transitions, save_alerts
from store.column_types import to_micros
from store.definition_reading import definition_from
from store.deploys import add_deploy
from store.engine import Connection, Engine, writing
from store.prediction_log import write_predictions
from store.records import (
    Alert,
    AlertState,
    DeliveryAttempt,
    Model,
    OutboxMessage,
    PredictionRow,
    ProfileDelta,
    ProfileKey,
    ProfileSums,
    Result,
    Run,
    StoredProfile,
    Transition,
)
from store.runs import claim_runs, finish_runs, plan_runs
from tests.dashboard import story
from tests.dashboard.story import DAY, LAST_END, NOW

SECRET_URL = "https://hooks.example.org/T000/B000/secret"


def everything(engine: Engine) -> None:
    """A model in every state that the pages tell apart."""
    drifting(engine, "credit", story.FEATURES, owner="risk-team", runbook="https://example.org/runbooks/credit")
    drifting(engine, "intake", (*story.HOSTILE, "age", "region"), owner="<script>alert(1)</script>")
    judged(engine, "churn", list(story.healthy("churn")))
    judged(engine, "pricing", list(story.silent("pricing")), last_event=NOW - 3 * DAY)
    fresh = declare(engine, "fresh")
    receive(engine, fresh, NOW - timedelta(minutes=4))
    declare(engine, "blank")


def drifting(
    engine: Engine, name: str, names: tuple[str, ...], owner: str = "", runbook: str = "", days: int = 60
) -> Model:
    """A model that drifts since 3 May, after version 4 was deployed; one message arrived, one was given up."""
    model = judged(engine, name, list(story.drifting(name, names, days)), owner=owner, runbook=runbook)
    deployed = datetime(2026, 5, 2, 14, tzinfo=UTC)
    with writing(engine) as conn:
        models.version_id(conn, model.id, "4", deployed + timedelta(hours=1))
        add_deploy(conn, model_id=model.id, version="4", at=deployed, note="retrained on April")
    _send(engine, model, names[0], delivered=True)
    _send(engine, model, names[1], delivered=False)
    return model


def judged(
    engine: Engine,
    name: str,
    found: Sequence[Result],
    owner: str = "",
    runbook: str = "",
    last_event: datetime = NOW - timedelta(minutes=4),
) -> Model:
    """A model with a baseline, events and these results."""
    model = declare(engine, name, sorted({r.kind for r in found}), owner, runbook)
    with writing(engine) as conn:
        version = models.version_id(conn, model.id, "3", NOW - 60 * DAY)
        baseline = baselines.add_baseline(
            conn, model_id=model.id, version="3", binning_hash="bins", binning_payload=b"bins", content_hash="rows",
            origin="file train.csv", n_rows=10_000, start=None, end=None, now=NOW - 62 * DAY,
            profiles={"": ProfileSums(10_000, 10_000, b"", b"")},
        )  # fmt: skip
        days = [LAST_END - DAY * back for back in range(20) if LAST_END - DAY * back <= last_event]
        deltas = [ProfileDelta(ProfileKey(version, "", day), 1000 + 37 * day.day, 0, b"", b"") for day in days]
        profiles.merge_profiles(conn, baseline.binning_id, expected=(0, 0), to=(0, 0), deltas=deltas, merge=_first)
    receive(engine, model, last_event)
    _judge(engine, model, found)
    return model


def declare(engine: Engine, name: str, kinds: Sequence[str] = ("drift",), owner: str = "", runbook: str = "") -> Model:
    """A model that was applied."""
    document = {
        "model": name,
        "task": "binary",
        "owner": owner,
        "runbook": runbook,
        "monitors": [{"kind": kind, "name": kind} for kind in kinds],
        "channels": [{"kind": "webhook", "name": "on-call", "url": SECRET_URL}],
    }
    with writing(engine) as conn:
        return models.apply_definition(conn, definition_from(document), NOW - 70 * DAY).model


def receive(engine: Engine, model: Model, at: datetime, n: int = 3) -> None:
    """Events that happened and were received at ``at``."""
    with writing(engine) as conn:
        version = models.version_id(conn, model.id, "3", at)
    write_predictions(
        engine,
        [
            PredictionRow(model.id, version, to_micros(at), to_micros(at), f"{model.name}-{i}", "1", "0.5", "{}", None)
            for i in range(n)
        ],
    )


def _judge(engine: Engine, model: Model, found: Sequence[Result]) -> None:
    """Every window planned, claimed and finished with its results, and alerts stepped from window to window."""
    with writing(engine) as conn:
        for monitor in models.monitors(conn, model.id):
            spans = sorted({(r.window_start, r.window_end) for r in found if r.monitor == monitor.name})
            plan_runs(conn, monitor.id, spans)
    while claimed := claim_runs(engine, limit=1000, lease=timedelta(minutes=5), now=NOW):
        with writing(engine) as conn:
            monitor = next(m for m in models.monitors(conn, model.id) if m.id == claimed[0].monitor_id)
            states: dict[tuple[str, str | None, str | None], Alert] = {}
            for run in claimed:
                of_run = [r for r in found if r.monitor == monitor.name and r.window_end == run.window_end]
                ids = results.add_results(conn, model.id, monitor.id, run.id, of_run)
                _step(conn, run, model, states, of_run, ids)
            assert finish_runs(conn, [(run, 1000) for run in claimed])


def _step(
    conn: Connection,
    run: Run,
    model: Model,
    states: dict[tuple[str, str | None, str | None], Alert],
    found: Sequence[Result],
    ids: Sequence[int],
) -> None:
    """A bad window fires, a good one resolves: the simplest life of an alert."""
    stepped: list[tuple[AlertState, Alert]] = []
    for result, result_id in zip(found, ids, strict=True):
        key = (result.method, result.field, result.segment)
        before = states.get(key)
        bad = result.status in ("warning", "critical")
        if result.status not in ("ok", "warning", "critical") or (before is None and not bad):
            continue
        was = before.state if before else "inactive"
        since = result.window_end if was == "inactive" else before.since if before else None
        after = Alert(
            before.id if before else None, model.id, run.monitor_id, *key, "firing" if bad else "inactive", 0,
            since if bad else None, result.window_end, result_id,
        )  # fmt: skip
        stepped.append((was, after))
    alert_ids = save_alerts(conn, [alert for _, alert in stepped])
    for (was, alert), alert_id in zip(stepped, alert_ids, strict=True):
        states[alert.method, alert.field, alert.segment] = replace(alert, id=alert_id)
        if alert.state != was:
            add_transitions(conn, [Transition(alert_id, run.id, was, alert.state, run.window_end, run.window_end)])


def _send(engine: Engine, model: Model, field: str, *, delivered: bool) -> None:
    at = NOW - timedelta(hours=8)
    body = json.dumps({"type": "alert.firing", "data": {"summary": f"{model.name}: drift in {field} since 3 May"}})
    with writing(engine) as conn:
        channel = models.channels(conn, model.id)[0]
        number = len(outbox.messages(conn))
        message = OutboxMessage(
            f"msg_{number}", model.id, channel.id, f"key-{number}", "alert.firing", body, "pending", 0, at, at
        )
        outbox.enqueue(conn, [message])
    claimed = outbox.claim_messages(engine, now=NOW, lease=timedelta(minutes=1), limit=10)
    with writing(engine) as conn:
        attempt = DeliveryAttempt(
            message.id, at, 200 if delivered else 503, None if delivered else "Service Unavailable", 0.1
        )
        outbox.record_attempt(conn, claimed[0], attempt, outcome="delivered" if delivered else "dead", retry_at=None)


def _first(stored: StoredProfile | None, delta: ProfileDelta) -> StoredProfile:
    assert stored is None
    return StoredProfile(delta.key, delta.n_rows, delta.n_labelled, b"", b"")
