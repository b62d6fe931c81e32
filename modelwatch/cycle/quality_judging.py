"""Data quality of windows of one monitor."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from detectors.findings import Finding
from detectors.freshness import Arrivals
from detectors.profile import Profile
from detectors.quality import DEFAULT_CHECKS, MIN_ROWS, quality_findings
from detectors.severity import field_costs
from modelwatch.cycle.calibrating import confidence_of
from modelwatch.cycle.event_knowledge import NOTHING_KNOWN, EventKnowledge
from modelwatch.cycle.references import importances, reference_of, stakes_in
from modelwatch.cycle.usual_values import UsualValues
from modelwatch.cycle.window_companions import Hours
from modelwatch.hours import HourTotals
from modelwatch.scheme import Scheme, is_score
from modelwatch.segments import WHOLE
from store.definitions import duration
from store.profiles import row_counts
from store.records import Baseline, Model, Monitor, RowCount, Run

# ``volume`` compares a window with the median of this many windows before it.
EARLIER_WINDOWS = 7
# What is usual for ``freshness`` is learnt from so much time before the end of a window.
ARRIVALS = timedelta(days=28)
_HOUR = timedelta(hours=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class QualityJudge:
    """Checks the data of windows of one monitor; what is the same for all windows is kept."""

    def __init__(
        self,
        conn: Connection,
        model: Model,
        monitor: Monitor,
        baseline: Baseline,
        scheme: Scheme,
        usual: UsualValues,
    ) -> None:
        self._conn = conn
        self._model = model
        self._spec = monitor.spec
        self._baseline = baseline
        self._scheme = scheme
        self._binning = scheme.binning
        self._scores = tuple(filter(is_score, scheme.binning.names)) if scheme.layout.classes else ()
        self._events = EventKnowledge(conn, baseline)
        self._costs: Mapping[str, float] | None = None
        self._counts: dict[str, list[RowCount]] = {}
        self._usual = usual

    def findings(
        self, run: Run, segment: str, reference: Profile, window: Hours, current: Profile
    ) -> Sequence[Finding]:
        """Every check of the monitor, of every field and of the window as a whole; ``current`` is its total."""
        check = self._spec.check
        checks = DEFAULT_CHECKS if check is None else (check,) if isinstance(check, str) else check
        of_events = self._events.known(window, checks) if segment == WHOLE else NOTHING_KNOWN
        found = quality_findings(
            self._binning,
            reference,
            current,
            checks=checks,
            threshold=self._spec.threshold,
            min_rows=self._spec.min_rows or MIN_ROWS,
            fields=self._spec.fields,
            earlier_counts=self._earlier_counts(run, segment) if "volume" in checks else (),
            usual_shares=self._usual.shares(segment) if "stuck" in checks else None,
            # A segment may rest while the stream goes on.
            arrivals=self._arrivals(run) if "freshness" in checks and segment == WHOLE else None,
            scores=self._scores,
            unknown_fields=of_events.unknown_fields,
            copies=of_events.copies,
            costs=self._field_costs(),
            confidence=confidence_of(self._usual.n_parts(segment), self._baseline, duration(self._spec.window)),
        )
        return [*found, *of_events.not_judged]

    def _field_costs(self) -> Mapping[str, float]:
        """What it costs, in pages, when a field says nothing any more; by the whole baseline for all segments."""
        if self._costs is None:
            whole = reference_of(self._conn, self._baseline, self._scheme, WHOLE)
            known = importances(self._conn, self._model, self._baseline, self._scheme).shares
            self._costs = {} if whole is None else field_costs(known, stakes_in(self._scheme, whole))
        return self._costs

    def _earlier_counts(self, run: Run, segment: str) -> list[int]:
        """Rows of the windows before this one, oldest first, as far back as there were any."""
        length = run.window_end - run.window_start
        windows = [
            (run.window_start - step * length, run.window_end - step * length) for step in range(EARLIER_WINDOWS, 0, -1)
        ]
        totals = HourTotals(self._row_counts(segment))
        counts = [totals.rows(start, end) for start, end in windows]
        first = next((position for position, count in enumerate(counts) if count), len(counts))
        return counts[first:]

    def _arrivals(self, run: Run) -> Arrivals:
        """The hours (or other grains) before the end of a window that hold rows."""
        since = run.window_end - ARRIVALS
        starts = [
            count.start
            for count in self._row_counts(WHOLE)
            if count.n_rows > 0 and since <= count.start < run.window_end
        ]
        grain = duration(self._model.definition.grain) / _HOUR
        return Arrivals([(start - _EPOCH) / _HOUR for start in starts], (run.window_end - _EPOCH) / _HOUR, grain)

    def _row_counts(self, segment: str) -> list[RowCount]:
        if segment not in self._counts:
            self._counts[segment] = row_counts(self._conn, self._baseline.binning_id, segment)
        return self._counts[segment]
