"""What the store hands out and takes in: frozen records, free of SQL, that every room above may read.

Instants are aware datetimes in UTC. The two logs, where millions of rows pass, carry integer microseconds since
1970 instead.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from store.definitions import ChannelSpec, FieldKind, ModelDefinition, MonitorSpec

FieldRole = Literal["feature", "prediction", "score"]
Status = Literal["ok", "warning", "critical", "insufficient", "nodata", "error"]
ResultKind = Literal["drift", "quality", "performance", "estimate"]
Severity = Literal["none", "low", "high"]
AlertState = Literal["inactive", "pending", "firing", "recovering"]
RunState = Literal["planned", "claimed", "done"]
OutboxState = Literal["pending", "delivered", "dead"]
KeyScope = Literal["read", "write"]
# What became of one row given to a log. ``duplicate``: the very same row was there already. ``conflict``: another
# row with the same identity was there, and the first is kept.
WriteOutcome = Literal["accepted", "duplicate", "conflict"]


@dataclass(frozen=True, slots=True)
class Model:
    id: int
    name: str
    definition: ModelDefinition
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One deployed version of a model; it comes into being with its first event or baseline."""

    id: int
    model_id: int
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Field:
    """One monitored input or output of a model, in the order it is shown."""

    name: str
    role: FieldRole
    kind: FieldKind


@dataclass(frozen=True, slots=True)
class Binning:
    """Bins of all fields of a model, and how far into the logs they have been counted.

    ``predictions_to`` and ``labels_to`` are the ids of the last rows of the two logs that are in the profiles.
    """

    id: int
    model_id: int
    content_hash: str
    payload: bytes
    predictions_to: int
    labels_to: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What windows are compared with: the profile of a file or of the first windows, and where it came from."""

    id: int
    model_id: int
    version: str
    binning_id: int
    content_hash: str
    origin: str
    n_rows: int
    start: datetime | None
    end: datetime | None
    created_at: datetime
    active: bool


@dataclass(frozen=True, slots=True)
class ProfileKey:
    """The hour (or other grain) that a profile counts. ``segment`` is ``""`` for the whole stream."""

    version_id: int
    segment: str
    start: datetime


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """The profile of one key: rows counted, and the two serialised sums (fields; labelled performance)."""

    key: ProfileKey
    n_rows: int
    n_labelled: int
    fields: bytes
    performance: bytes


@dataclass(frozen=True, slots=True)
class ProfileDelta:
    """What is to be added to the profile of one key: the rows, and the two sums in the form of the writer's choice.

    Counts may be negative, where rows or labels are taken back. None: nothing to add to that sum.
    """

    key: ProfileKey
    n_rows: int
    n_labelled: int
    fields: bytes | None
    performance: bytes | None


class Companion(NamedTuple):
    """Further sums of the rows that a profile of the same key counts; ``part`` names the kind of check they serve."""

    key: ProfileKey
    part: str
    payload: bytes


class ProfileSums(NamedTuple):
    """Rows counted, rows with a label among them, and the two serialised sums, of one segment of a baseline."""

    n_rows: int
    n_labelled: int
    fields: bytes
    performance: bytes


class BaselineBlock(NamedTuple):
    """The sums of one contiguous block of a baseline; ``start`` is None where the baseline has no clock."""

    start: datetime | None
    n_rows: int
    fields: bytes


class Evidence(NamedTuple):
    """What one window of a monitor and segment adds to evidence that grows over windows."""

    segment: str
    window_end: datetime
    payload: bytes


class Payoff(NamedTuple):
    """What bets on drift have paid in a month up to the window that ends at ``window_end``: a logarithm."""

    log_e_value: float
    window_end: datetime


class StreamStand(NamedTuple):
    """How many tests a stream of the fleet has, and how many of them are discoveries."""

    tests: int
    discoveries: int


class FleetTest(NamedTuple):
    """One test of the fleet: a drift monitor against a baseline in a month like ``2026-05``.

    ``number`` is its place in its ``stream``, from 1; it is a ``discovery`` once its e-value reached its limit, both
    natural logarithms. ``window_end`` is that of the last window it has seen.
    """

    stream: str
    number: int
    monitor_id: int
    baseline_id: int
    month: str
    log_limit: float
    log_e_value: float
    window_end: datetime
    discovery: bool


class StoredCalibration(NamedTuple):
    """What chance looks like for windows of a baseline, and the seed it was drawn with."""

    seed: int
    payload: bytes


class RowCount(NamedTuple):
    """How many rows, and how many with a label, were counted in the hour (or other grain) that begins at ``start``."""

    start: datetime
    n_rows: int
    n_labelled: int


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One row for the prediction log. ``prediction``, ``score``, ``features`` and ``tags`` are JSON text."""

    model_id: int
    version_id: int
    ts: int
    received_at: int
    prediction_id: str
    prediction: str | None
    score: str | None
    features: str
    tags: str | None


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row for the label log. ``label`` is JSON text."""

    model_id: int
    prediction_id: str
    label: str
    ts: int
    received_at: int


@dataclass(frozen=True, slots=True)
class LoggedPredictions:
    """Rows of the prediction log, column by column; position i of every sequence is one row.

    ``features`` holds one JSON object a row. ``prediction`` and ``score`` are JSON text or None.
    """

    ids: list[int]
    ts: list[int]
    version_ids: list[int]
    prediction_ids: list[str]
    predictions: list[str | None]
    scores: list[str | None]
    features: list[str]


@dataclass(frozen=True, slots=True)
class LabelChanges:
    """Predictions whose counted label changes when the logs are read up to a new pair of watermarks.

    ``rows`` are the predictions; ``old_labels`` and ``new_labels`` are the JSON text of the label that the
    profiles hold now and the one they must hold (None: none). ``orphans`` counts labels without a prediction yet.
    """

    rows: LoggedPredictions
    old_labels: list[str | None]
    new_labels: list[str | None]
    orphans: int


@dataclass(frozen=True, slots=True)
class Monitor:
    """One monitor of a model. ``planned_to`` is the end of the last window that was put on the plan."""

    id: int
    model_id: int
    name: str
    spec: MonitorSpec
    planned_to: datetime | None
    active: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One window of one monitor, to be computed or computed. ``revision`` counts recomputations from 1.

    ``epoch`` rises at every claim; a commit that carries an older epoch changes nothing.
    """

    id: int
    monitor_id: int
    window_start: datetime
    window_end: datetime
    state: RunState
    revision: int
    epoch: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Result:
    """What one method says about one field (None: the whole model) of one segment (None: all) in one window.

    ``interval_low`` and ``interval_high`` are the ends of the 95 % interval of the value, where it has one.
    """

    model: str
    version: str | None
    monitor: str
    kind: ResultKind
    method: str
    field: str | None
    segment: str | None
    window_start: datetime
    window_end: datetime
    n_baseline: int
    n_current: int
    value: float | None
    threshold: float | None
    threshold_source: str | None
    p_value: float | None
    effect: float | None
    severity: Severity
    severity_score: float | None
    confidence: str | None
    status: Status
    reason: str
    baseline: str | None
    computed_at: datetime
    revision: int = 1
    id: int | None = None
    interval_low: float | None = None
    interval_high: float | None = None


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
    message_id: str
    at: datetime
    status_code: int | None
    error: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored: never the secret itself. ``models`` None means every model."""

    id: int
    prefix: str
    name: str
    scopes: tuple[KeyScope, ...]
    models: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Deploy:
    """A deploy marker: which version went live when."""

    id: int | None
    model_id: int
    version: str
    at: datetime
    note: str
