"""What the quality checks need to know of the events of a window as a whole: copied rows, names that are no fields."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from detectors.duplicates import METHOD as DUPLICATES
from detectors.duplicates import Copies
from detectors.findings import Finding, unjudged
from detectors.row_sketch import RowSketch
from modelwatch.baseline_companions import baseline_copies, baseline_names
from modelwatch.cycle.window_companions import Hours, copies_of, names_of, not_counted
from store.records import Baseline


class KnownOfEvents(NamedTuple):
    """What is known of a window; ``not_judged`` says of a check why it cannot be made."""

    unknown_fields: Mapping[str, int]
    copies: Copies | None
    not_judged: Sequence[Finding] = ()


NOTHING_KNOWN = KnownOfEvents({}, None)


class EventKnowledge:
    """What was counted beside the profiles of windows, against one baseline; what it left behind is read once."""

    def __init__(self, conn: Connection, baseline: Baseline) -> None:
        self._conn = conn
        self._baseline = baseline
        self._copies: list[RowSketch] | None = None
        self._other_names: frozenset[str] | None = None
        self._is_read = False

    def known(self, window: Hours, checks: Sequence[str]) -> KnownOfEvents:
        """What the ``checks`` need of a window."""
        if not self._is_read:
            self._copies, self._is_read = baseline_copies(self._conn, self._baseline), True
            self._other_names = baseline_names(self._conn, self._baseline)
        names = self._unknown_fields(window) if "schema" in checks else {}
        if DUPLICATES not in checks:
            return KnownOfEvents(names, None)
        n_rows = sum(hour.n_rows for hour in window)
        current = copies_of(self._conn, self._baseline, window)
        n_counted = None if self._copies is None else current.n_rows
        missing = not_counted("copied rows", n_counted, n_rows) if n_rows else ""
        if missing:
            n_baseline = self._baseline.n_rows
            reason = unjudged("quality", DUPLICATES, None, n_baseline, n_rows, "insufficient", missing)
            return KnownOfEvents(names, None, [reason])
        return KnownOfEvents(names, Copies(self._copies or (), current))

    def _unknown_fields(self, window: Hours) -> Mapping[str, int]:
        """Names that came in the window's events and not in those of the baseline, with their rows."""
        if self._other_names is None:
            return {}
        found = names_of(self._conn, self._baseline, window)
        return {name: rows for name, rows in found.items() if name not in self._other_names}
