"""Monitors, their runs and results, and the evidence that grows over windows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from store.definitions import MonitorSpec

Status = Literal["ok", "warning", "critical", "insufficient", "nodata", "error"]
BAD: tuple[Status, ...] = ("warning", "critical")
ResultKind = Literal["drift", "quality", "performance", "estimate"]
Severity = Literal["none", "low", "high"]
RunState = Literal["planned", "claimed", "done"]


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
