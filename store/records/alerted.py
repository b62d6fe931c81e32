"""Alerts, and the messages about them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store.definitions import ChannelSpec
from store.records.judged import ResultKind, Status

AlertState = Literal["inactive", "pending", "firing", "recovering"]
OutboxState = Literal["pending", "delivered", "dead"]


@dataclass(frozen=True, slots=True)
class Alert:
    """The state of one (monitor, method, field, segment), carried from window to window.

    ``streak`` counts the windows in a row that speak against the settled state; in a settled state (inactive,
    firing) it is what the last window broke off. ``since`` is the end of the window in which the present episode
    began to fire, kept up to and in the window that resolves it; ``window_end`` the last window that was judged.
    """

    id: int | None
    model_id: int
    monitor_id: int
    method: str
    field: str | None
    segment: str | None
    state: AlertState
    streak: int
    since: datetime | None
    window_end: datetime
    result_id: int | None


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of an alert's state, with the result that caused it."""

    alert_id: int
    run_id: int
    from_state: AlertState
    to_state: AlertState
    window_end: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with names instead of ids, and the result it rests on (all None and ``""``: it has none).

    ``kind`` is that of the monitor. ``discovery`` says of drift of the whole stream whether it is among the fleet's
    discoveries since the alert began, of which few are false; None where no such test is made.
    """

    model: str
    monitor: str
    kind: ResultKind
    method: str
    field: str | None
    segment: str | None
    state: AlertState
    since: datetime | None
    window_start: datetime | None
    window_end: datetime
    value: float | None
    threshold: float | None
    effect: float | None
    status: Status | None
    reason: str
    n_current: int | None
    result_id: int | None
    discovery: bool | None = None


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """A change of an alert's state, with names instead of ids."""

    model: str
    monitor: str
    method: str
    field: str | None
    segment: str | None
    from_state: AlertState
    to_state: AlertState
    window_end: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Channel:
    """Where alerts of a model go; ``disabled_reason`` says why nothing is sent there any more."""

    id: int
    model_id: int
    name: str
    spec: ChannelSpec
    disabled_reason: str | None


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message on its way to one channel. ``id`` is the message id, the same on every attempt.

    Messages of one ``ordering_key`` are delivered in the order they were written.
    """

    id: str
    model_id: int
    channel_id: int
    ordering_key: str
    type: str
    body: str
    state: OutboxState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One attempt to deliver a message, and what came of it."""

    message_id: str
    at: datetime
    status_code: int | None
    error: str | None
    seconds: float
