"""The body of a webhook as types; ``docs/webhook.schema.json`` is the same for receivers. Extend it, break nothing."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from store.records import ResultKind, Severity, Status

SuspectKind = Literal["field", "segment", "schema", "volume", "labels", "deploy"]
MessageType = Literal["alert.firing", "alert.resolved"]


class Window(Struct, frozen=True):
    """What was judged: from ``start`` up to and without ``end``."""

    start: datetime
    end: datetime


class BaselineFacts(Struct, frozen=True):
    """What the window was compared with."""

    id: int
    hash: str
    origin: str
    rows: int


class DeployFacts(Struct, frozen=True):
    """The last deploy before the end of the window."""

    version: str
    at: datetime
    seconds_before_window_end: int
    note: str


class SuspectFacts(Struct, frozen=True):
    """What may be behind the alerts: a field, a segment, a deploy (its version), or something of the whole stream.

    ``score`` ranks suspects, from 0 to 1; it is no probability.
    """

    kind: SuspectKind
    field: str | None
    segment: str | None
    deploy: str | None
    score: float
    sentence: str


class AlertFacts(Struct, frozen=True):
    """One alert that began to fire or was resolved, with the figures of the window that did it.

    ``since`` is the end of the window in which it began to fire, ``result`` what ``modelwatch explain`` takes.
    """

    field: str | None
    segment: str | None
    method: str
    status: Status
    severity: Severity
    value: float | None
    threshold: float | None
    threshold_source: str | None
    effect: float | None
    p_value: float | None
    n_baseline: int
    n_current: int
    reason: str
    since: datetime | None
    result: int | None


class Data(Struct, frozen=True):
    """Everything that one run of one monitor has to say.

    ``alerts`` are the worst first and may be fewer than ``n_alerts``; ``n_firing`` counts the alerts of this monitor
    that fire after this run, those of earlier runs included. ``suspects`` are the likeliest first, as far as was known
    when the message was made; ``cause`` is one sentence about them, None where nothing began to fire.
    """

    summary: str
    model: str
    version: str | None
    owner: str | None
    runbook: str | None
    dashboard: str | None
    monitor: str
    kind: ResultKind
    window: Window
    baseline: BaselineFacts | None
    deploy: DeployFacts | None
    n_firing: int
    n_alerts: int
    n_omitted: int
    alerts: tuple[AlertFacts, ...]
    cause: str | None
    suspects: tuple[SuspectFacts, ...]


class Body(Struct, frozen=True):
    """One message. ``timestamp`` is when the alert changed, not when the message was sent."""

    type: MessageType
    timestamp: datetime
    data: Data
