"""Baselines that move with the window: what came before it, the same time of earlier days or years, another version.

They follow seasons and slow change that a fixed baseline would report, and get used to a fault that lasts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from detectors.findings import Finding
from detectors.wording import count, name
from store.definitions import BaselineChoice, MonitorSpec, VersionBaseline
from store.profiles import read_profiles
from store.records import StoredProfile

# How many days before a window those lie that a moving baseline adds up, the oldest first. Whole weeks keep the
# weekday: 52 of them are a year.
_DAYS_BEFORE: dict[BaselineChoice, tuple[int, ...]] = {
    "same_hour": (7, 6, 5, 4, 3, 2, 1),
    "same_weekday": (28, 21, 14, 7),
    "same_season": (371, 364, 357),
}
_WHERE: dict[BaselineChoice, str] = {
    "previous": "in the window before",
    "same_hour": "at the same time of the seven days before",
    "same_weekday": "at the same time of the four weeks before",
    "same_season": "at the same time 51 to 53 weeks before",
}
# The other version is looked for in the window itself and in so many before it.
MAX_VERSION_WINDOWS = 28

Span = tuple[datetime, datetime]


class Compared(NamedTuple):
    """What a window is compared with.

    ``lineage`` says in words what that is, ``lacking`` why it is nothing where it is, ``unjudged`` what it means where
    the window has no rows to judge.
    """

    hours: Sequence[StoredProfile]
    lineage: str
    lacking: str = ""
    unjudged: str = ""

    def explained(self, finding: Finding) -> Finding:
        """A finding without a verdict says so where there was nothing to compare with, or nothing but that."""
        if finding.status == "nodata" and self.unjudged:
            return replace(finding, reason=self.unjudged)
        if finding.status == "insufficient" and self.lacking and finding.kind != "estimate":
            return replace(finding, reason=self.lacking)
        return finding


class MovingBaseline:
    """Finds what the windows of one monitor are compared with, where that is not the baseline in force."""

    def __init__(
        self, conn: Connection, binning_id: int, spec: MonitorSpec, zone: ZoneInfo, versions: Mapping[int, str]
    ) -> None:
        self._conn = conn
        self._binning_id = binning_id
        self._choice = spec.baseline
        self._zone = zone
        self._versions = versions

    def compared(self, start: datetime, end: datetime, segment: str, min_rows: int) -> Compared | None:
        """What the window [start, end) is compared with; None for a fixed baseline. Of another version as many
        windows are added up, from this one back, as it takes to reach ``min_rows`` rows."""
        if isinstance(self._choice, VersionBaseline):
            return self._of_version(str(self._choice.version), start, end, segment, min_rows)
        spans = compared_spans(self._choice, start, end, self._zone)
        if not spans:
            return None
        windows = [self._read(span, segment) for span in spans]
        lacking = f"there are no rows {_WHERE[self._choice]}"
        return self._compared(self._choice, spans, windows, lacking)

    def judged(self, hours: Sequence[StoredProfile]) -> list[StoredProfile]:
        """Of a window what is judged: all of it, or what is not of the version that it is compared with."""
        if not isinstance(self._choice, VersionBaseline):
            return list(hours)
        version = str(self._choice.version)
        return [hour for hour in hours if self._versions.get(hour.key.version_id) != version]

    def _of_version(self, version: str, start: datetime, end: datetime, segment: str, min_rows: int) -> Compared:
        length = end - start
        spans: list[Span] = []
        windows: list[list[StoredProfile]] = []
        for step in range(MAX_VERSION_WINDOWS + 1 if version in self._versions.values() else 0):
            span = (start - step * length, end - step * length)
            rows = [hour for hour in self._read(span, segment) if self._versions.get(hour.key.version_id) == version]
            spans.insert(0, span)
            windows.insert(0, rows)
            if sum(hour.n_rows for window in windows for hour in window) >= min_rows:
                break
        lacking = f"version {name(version)} has no rows in this window or the {MAX_VERSION_WINDOWS} before it"
        found = self._compared(f"version {name(version)}", spans, windows, lacking)
        return found._replace(unjudged=f"no rows of other versions than {name(version)} in this window")

    def _compared(
        self, choice: str, spans: Sequence[Span], windows: Sequence[Sequence[StoredProfile]], lacking: str
    ) -> Compared:
        filled = [at for at, window in enumerate(windows) if any(hour.n_rows for hour in window)]
        if not filled:
            return Compared([], f"{choice} (no rows)", lacking)
        hours = [hour for window in windows for hour in window]
        n_rows = sum(hour.n_rows for hour in hours)
        since, until = spans[filled[0]][0], spans[filled[-1]][1]
        lineage = f"{choice} ({count(n_rows, 'row', 'rows')} of {count(len(filled), 'window', 'windows')}"
        lineage += f", {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC, {self._version_words(hours)})"
        return Compared(hours, lineage)

    def _version_words(self, hours: Sequence[StoredProfile]) -> str:
        found = sorted({self._versions.get(hour.key.version_id, "?") for hour in hours if hour.n_rows})
        return f"version{'s' if len(found) > 1 else ''} {', '.join(found)}"

    def _read(self, span: Span, segment: str) -> list[StoredProfile]:
        return read_profiles(self._conn, self._binning_id, *span, segment)


def compared_spans(choice: BaselineChoice, start: datetime, end: datetime, zone: ZoneInfo) -> list[Span]:
    """What the window [start, end) is compared with, the oldest first; nothing for a fixed baseline.

    ``previous``: the window before. The others are at the same local time. ``same_hour``: of the seven days before.
    ``same_weekday``: of the four weeks before. ``same_season``: 51, 52 and 53 weeks before, on the same weekday.
    """
    if choice == "fixed":
        return []
    if choice == "previous":
        return [(start - (end - start), start)]
    return [(_days_before(start, days, zone), _days_before(end, days, zone)) for days in _DAYS_BEFORE[choice]]


def _days_before(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same reading of the local clock so many days earlier, in UTC."""
    local = instant.astimezone(zone)
    return (local - timedelta(days=days)).astimezone(instant.tzinfo)
