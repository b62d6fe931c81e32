"""What is recorded about one model, gathered for the pages; and the level that follows from it. No reading here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dashboard.states import Level
from store.records import AlertState, Baseline, ResultKind, Status


@dataclass(frozen=True, slots=True)
class Episode:
    """An alert that is not inactive, with the result that it rests on.

    ``since`` is the end of the window in which it began, ``window`` the length of the monitor's windows. ``discovery``
    is that of ``AlertRow``.
    """

    monitor: str
    kind: ResultKind
    method: str
    field: str | None
    segment: str | None
    state: AlertState
    since: datetime | None
    window: timedelta
    status: Status | None
    value: float | None
    threshold: float | None
    discovery: bool | None = None

    @property
    def firing(self) -> bool:
        """Whether somebody has been told and not yet been told that it is over."""
        return self.state in ("firing", "recovering")

    @property
    def excess(self) -> float:
        """The value as a multiple of its limit, for ranking; 0 where either is not known."""
        if self.value is None or not self.threshold:
            return 0.0
        return self.value / self.threshold if self.kind not in ("performance", "estimate") else 1.0


@dataclass(frozen=True, slots=True)
class JudgedWindow:
    """The last window that a monitor judged, and how many of its results came out how."""

    monitor: str
    kind: ResultKind
    start: datetime
    end: datetime
    statuses: Mapping[Status, int]


@dataclass(frozen=True, slots=True)
class Change:
    """A deploy that was announced, or the first event of a version."""

    at: datetime
    version: str
    what: Literal["deploy", "version"]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Labels:
    """``known_to``: the end of the last window with enough labels. ``waiting``: windows after it that have rows."""

    known_to: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model as recorded. ``events`` are counted by local day, oldest first; ``n_logged`` counts all events of a
    model that has no baseline yet."""

    name: str
    owner: str
    runbook: str
    zone: ZoneInfo
    baseline: Baseline | None
    baseline_rows: int
    last_received: datetime | None
    n_logged: int = 0
    events: tuple[tuple[datetime, int], ...] = ()
    windows: tuple[JudgedWindow, ...] = ()
    episodes: tuple[Episode, ...] = ()
    changes: tuple[Change, ...] = ()
    labels: Labels | None = None
    dead_messages: int = 0
    disabled_channels: tuple[str, ...] = ()

    @property
    def firing(self) -> tuple[Episode, ...]:
        """Firing alerts, the worst first."""
        return _worst_first(self.episodes, True)

    @property
    def pending(self) -> tuple[Episode, ...]:
        """Alerts that wait for another bad window before they fire, the worst first."""
        return _worst_first(self.episodes, False)

    @property
    def last_judged(self) -> JudgedWindow | None:
        return max(self.windows, key=lambda window: window.end, default=None)


def distinct_changes(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Changes without the first events of versions that a deploy announced: those are the same change."""
    announced = {change.version for change in changes if change.what == "deploy"}
    return tuple(c for c in changes if c.what == "deploy" or c.version not in announced)


def counted(windows: tuple[JudgedWindow, ...]) -> dict[Status, int]:
    """How many results of these windows came out how."""
    total: dict[Status, int] = {}
    for window in windows:
        for status, n in window.statuses.items():
            total[status] = total.get(status, 0) + n
    return total


def level(facts: ModelFacts) -> Level:
    """The state of the model: what fires, else what its last windows said, else what is missing to judge it."""
    if facts.firing:
        return "critical" if any(episode.status == "critical" for episode in facts.firing) else "warning"
    statuses = counted(facts.windows)
    if statuses.get("error"):
        return "error"
    if facts.baseline is None or not statuses:
        return "waiting"
    if facts.pending or statuses.get("warning") or statuses.get("critical"):
        return "pending"
    if statuses.get("ok"):
        return "ok"
    return "nodata" if statuses.get("nodata") else "insufficient"


def _worst_first(episodes: tuple[Episode, ...], firing: bool) -> tuple[Episode, ...]:
    chosen = [episode for episode in episodes if episode.firing == firing and episode.state != "inactive"]
    return tuple(sorted(chosen, key=lambda e: (e.status != "critical", -e.excess, e.since is None, e.since, e.method)))
