"""From the alerts that changed in one run to what is sent: one message about all that fired, one about all that
resolved. Never one a field: whoever is on call gets one page for one cause."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from alerts.body import AlertFacts, BaselineFacts, Body, Data, DeployFacts, MessageType, SuspectFacts, Window
from alerts.lifecycle import Announcement, Change, announcement
from alerts.secondary import SECONDARY
from alerts.wording import firing_sentence, one_line, resolved_sentence
from store.definitions import ModelDefinition
from store.records import Alert, Baseline, Channel, Deploy, Monitor, OutboxMessage, Result

# Standard Webhooks asks for bodies under 20 kB.
MAX_BODY_BYTES = 20_000
MAX_ALERTS = 20
MAX_SUSPECTS = 5
_LONGEST_NAME = 256
_LONGEST_REASON = 300
_LONGEST_CAUSE = 400
_LONGEST_LINK_BYTES = 2000
_TYPES: tuple[tuple[Announcement, MessageType], ...] = (("firing", "alert.firing"), ("resolved", "alert.resolved"))


@dataclass(frozen=True, slots=True)
class Changed:
    """An alert after a step that changed its state, the change, and the result that made it."""

    alert: Alert
    change: Change
    result: Result


@dataclass(frozen=True, slots=True)
class Context:
    """What a message says beside the results. ``n_firing`` counts the monitor's alerts that fire after this run.

    ``deploys`` are those of the model, in any order; ``dashboard`` is the link to this model's page. ``suspects`` are
    what may be behind the alerts that began to fire, the likeliest first, and ``cause`` is the sentence about them.
    """

    definition: ModelDefinition
    monitor: Monitor
    baseline: Baseline | None
    deploys: Sequence[Deploy]
    dashboard: str | None
    n_firing: int
    suspects: Sequence[SuspectFacts] = ()
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is not yet on its way to a channel. ``body`` is JSON text of at most MAX_BODY_BYTES."""

    type: MessageType
    ordering_key: str
    body: str


def messages_for(changed: Sequence[Changed], context: Context, now: datetime) -> list[Message]:
    """At most two messages, about the alerts of one run that began to fire and about those that were resolved.

    Changes that are not announced (pending, recovering) are passed over. ``now`` becomes the body's timestamp.
    Raises ValueError when the results are not all of one window.
    """
    if len({(each.result.window_start, each.result.window_end) for each in changed}) > 1:
        raise ValueError("the results are of several windows: make the messages of one run at a time")
    messages = []
    for announced, message_type in _TYPES:
        ranked = sorted((each for each in changed if announcement(each.change) == announced), key=_rank)
        if ranked:
            body = _fitting_body(message_type, ranked, context, now)
            messages.append(Message(message_type, f"monitor:{context.monitor.id}", body))
    return messages


def to_outbox(
    messages: Sequence[Message], channels: Sequence[Channel], now: datetime, new_id: Callable[[], UUID]
) -> list[OutboxMessage]:
    """Each message once for each channel that is not disabled, due at once, under an id of its own.

    ``new_id`` gives random UUIDs; a message keeps its id on every attempt.
    """
    return [
        OutboxMessage(
            id=f"msg_{new_id().hex}",
            model_id=channel.model_id,
            channel_id=channel.id,
            ordering_key=message.ordering_key,
            type=message.type,
            body=message.body,
            state="pending",
            attempts=0,
            created_at=now,
            next_attempt_at=now,
        )
        for message in messages
        for channel in channels
        if channel.disabled_reason is None
    ]


def _rank(changed: Changed) -> tuple[bool, bool, float, str, str, str]:
    result = changed.result
    return (
        result.status != "critical",
        result.method in SECONDARY,
        -_times_the_limit(result.value, result.threshold),
        result.field or "",
        result.method,
        result.segment or "",
    )


def _times_the_limit(value: float | None, threshold: float | None) -> float:
    """How far a value is from its limit, as a ratio of at least 1, whichever side is the bad one."""
    if value is None or threshold is None or math.isnan(value) or math.isnan(threshold):
        return 0.0
    if value == threshold:
        return 1.0
    if value == 0 or threshold == 0 or (value < 0) != (threshold < 0):
        return math.inf
    return max(value / threshold, threshold / value)


def _fitting_body(message_type: MessageType, ranked: Sequence[Changed], context: Context, now: datetime) -> str:
    """The body with as many alerts as fit, the worst first, and as many suspects as fit beside the worst alert."""
    about = context if message_type == "alert.firing" else replace(context, suspects=(), cause=None)
    body = b""
    for n_listed, n_suspects in _sizes(len(ranked), len(about.suspects)):
        fewer = replace(about, suspects=about.suspects[:n_suspects])
        body = msgspec.json.encode(_body(message_type, ranked, n_listed, fewer, now))
        if len(body) <= MAX_BODY_BYTES:
            break
    return body.decode()


def _sizes(n_alerts: int, n_suspects: int) -> Iterator[tuple[int, int]]:
    """So many alerts and suspects, ever fewer."""
    most = min(n_suspects, MAX_SUSPECTS)
    yield from ((listed, most) for listed in range(min(n_alerts, MAX_ALERTS), 1, -1))
    yield from ((1, suspects) for suspects in range(most, -1, -1))
    yield 0, 0


def _body(message_type: MessageType, ranked: Sequence[Changed], n_listed: int, context: Context, now: datetime) -> Body:
    worst = ranked[0].result
    window = Window(_utc(worst.window_start), _utc(worst.window_end))
    deploy = _last_deploy(context.deploys, window)
    results = [each.result for each in ranked]
    if message_type == "alert.firing":
        summary = firing_sentence(
            results, window, context.monitor.spec.fire_after, deploy, context.suspects, context.cause
        )
    else:
        summary = resolved_sentence(results, window, context.n_firing)
    data = Data(
        summary=summary,
        model=worst.model,
        version=_name(worst.version),
        owner=one_line(context.definition.owner, _LONGEST_NAME) or None,
        runbook=_link(context.definition.runbook),
        dashboard=_link(context.dashboard),
        monitor=context.monitor.name,
        kind=worst.kind,
        window=window,
        baseline=_baseline_facts(context.baseline),
        deploy=deploy,
        n_firing=context.n_firing,
        n_alerts=len(ranked),
        n_omitted=len(ranked) - n_listed,
        alerts=tuple(_alert_facts(each) for each in ranked[:n_listed]),
        cause=None if context.cause is None else one_line(context.cause, _LONGEST_CAUSE),
        suspects=tuple(_suspect_facts(each) for each in context.suspects),
    )
    return Body(message_type, _utc(now), data)


def _alert_facts(changed: Changed) -> AlertFacts:
    alert, result = changed.alert, changed.result
    return AlertFacts(
        field=_name(result.field),
        segment=_name(result.segment),
        method=result.method,
        status=result.status,
        severity=result.severity,
        value=result.value,
        threshold=result.threshold,
        threshold_source=result.threshold_source,
        effect=result.effect,
        p_value=result.p_value,
        n_baseline=result.n_baseline,
        n_current=result.n_current,
        reason=one_line(result.reason, _LONGEST_REASON),
        since=alert.since and _utc(alert.since),
        result=result.id,
    )


def _suspect_facts(suspect: SuspectFacts) -> SuspectFacts:
    return SuspectFacts(
        kind=suspect.kind,
        field=_name(suspect.field),
        segment=_name(suspect.segment),
        deploy=None if suspect.deploy is None else one_line(suspect.deploy, _LONGEST_NAME),
        score=suspect.score,
        sentence=one_line(suspect.sentence, _LONGEST_CAUSE),
    )


def _baseline_facts(baseline: Baseline | None) -> BaselineFacts | None:
    if baseline is None:
        return None
    origin = one_line(baseline.origin, _LONGEST_NAME)
    return BaselineFacts(id=baseline.id, hash=baseline.content_hash, origin=origin, rows=baseline.n_rows)


def _last_deploy(deploys: Sequence[Deploy], window: Window) -> DeployFacts | None:
    before = [deploy for deploy in deploys if deploy.at < window.end]
    if not before:
        return None
    last = max(before, key=lambda deploy: deploy.at)
    return DeployFacts(
        version=one_line(last.version, _LONGEST_NAME),
        at=_utc(last.at),
        seconds_before_window_end=(window.end - last.at) // timedelta(seconds=1),
        note=one_line(last.note, _LONGEST_REASON),
    )


def _name(text: str | None) -> str | None:
    """A field's or segment's name as it is, but for what JSON cannot carry and what would be too long."""
    return None if text is None else text.encode("utf-8", "replace").decode()[:_LONGEST_NAME]


def _link(text: str | None) -> str | None:
    """An address, or None for an empty one and for one too long: half an address leads nowhere."""
    link = (text or "").encode("utf-8", "replace")
    return link.decode() if 0 < len(link) <= _LONGEST_LINK_BYTES else None


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
