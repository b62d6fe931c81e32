"""What the windows of one monitor added to growing evidence, those that were stored and those computed since."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from detectors.findings import Finding
from store.records import Baseline, Evidence, Monitor
from store.window_evidence import MAX_WINDOWS, read_evidence

_INSTANT = timedelta(microseconds=1)


class EvidenceHistory:
    """The evidence of one monitor against one baseline, by segment and window.

    A sequential test is the fold of what came before a window, in the order of the windows. A window that is computed
    again is judged by what came before it, and replaces what it added itself. Of the stored windows the last
    ``MAX_WINDOWS`` are read.
    """

    def __init__(self, conn: Connection, monitor: Monitor, baseline: Baseline) -> None:
        self._conn = conn
        self._monitor = monitor
        self._baseline = baseline
        self._cut: set[str] = set()
        self._known: dict[str, dict[datetime, bytes]] = {}
        self._new: dict[datetime, list[Evidence]] = {}

    def before(self, segment: str, window_end: datetime) -> list[bytes]:
        """What the windows added that end before ``window_end``, the oldest first."""
        known = self._of(segment)
        return [known[end] for end in sorted(known) if end < window_end]

    def between(self, segment: str, after: datetime, window_end: datetime) -> list[bytes]:
        """What the windows added that end after ``after`` and up to ``window_end``, the oldest first."""
        earlier = self.before(segment, after + _INSTANT)
        return self.before(segment, window_end + _INSTANT)[len(earlier) :]

    def note(self, segment: str, window_end: datetime, payload: bytes) -> None:
        """Keep what a window adds, for those that follow it and to be stored with its results."""
        self._of(segment)[window_end] = payload
        self._new.setdefault(window_end, []).append(Evidence(segment, window_end, payload))

    def is_cut(self, segment: str) -> bool:
        """Whether there are windows so far back that they were not read."""
        self._of(segment)
        return segment in self._cut

    def added_by(self, window_end: datetime) -> list[Evidence]:
        """What the window that ends at ``window_end`` added, of every segment."""
        return self._new.get(window_end, [])

    def _of(self, segment: str) -> dict[datetime, bytes]:
        """What the windows of a segment added, by their ends."""
        if segment not in self._known:
            stored = read_evidence(self._conn, self._monitor.id, self._baseline.id, segment, MAX_WINDOWS + 1)
            if len(stored) > MAX_WINDOWS:
                self._cut.add(segment)
            self._known[segment] = {each.window_end: each.payload for each in stored[-MAX_WINDOWS:]}
        return self._known[segment]


def only_the_last(finding: Finding, windows: int) -> Finding:
    """The finding on a fold that had to leave out windows before the last so many, which says so."""
    if finding.value is None:
        return finding
    return replace(finding, reason=f"{finding.reason}; only the last {windows:,} windows count")
