"""What claimed windows amount to: the sums of their hours against the baseline's, as results.

Nothing here writes; ``committing`` does, in one transaction with what follows from the results.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from detectors.correlation import METHOD as CORRELATION
from detectors.drift import MIN_ROWS as DRIFT_MIN_ROWS
from detectors.drift_limits import EARLIER_WINDOWS as EARLIER_DRIFT_WINDOWS
from detectors.findings import Finding
from detectors.harmless_windows import harmless_windows
from detectors.performance import MIN_ROWS as PERFORMANCE_MIN_ROWS
from detectors.performance_profile import PerformanceProfile, empty_performance
from detectors.stream_drift import METHOD as STREAM_DRIFT
from detectors.worst_drift import worst_drift_finding
from modelwatch.cycle.drift_judging import LABELLED_WINDOWS, DriftJudge, judges_pairs
from modelwatch.cycle.error_judging import Beside
from modelwatch.cycle.evidence_history import EvidenceHistory
from modelwatch.cycle.loss_judging import LossJudge
from modelwatch.cycle.moving_baselines import Compared, MovingBaseline
from modelwatch.cycle.pair_judging import PairJudge
from modelwatch.cycle.performance_judging import EARLIER_WINDOWS as EARLIER_PERFORMANCE_WINDOWS
from modelwatch.cycle.performance_judging import LastStep, PerformanceJudge, unless_unequal
from modelwatch.cycle.planning import window_plan
from modelwatch.cycle.quality_judging import QualityJudge
from modelwatch.cycle.references import Reference, reference_of
from modelwatch.cycle.result_making import Judged, ResultMaker
from modelwatch.cycle.row_judging import RowJudge
from modelwatch.cycle.usual_values import UsualValues
from modelwatch.cycle.window_companions import Hours, WeightsOfHours
from modelwatch.cycle.window_sums import WindowSums
from modelwatch.scheme import Scheme
from modelwatch.segments import WHOLE, segment_names
from store.baselines import get_binning
from store.definitions import duration
from store.models import versions
from store.profiles import read_profiles
from store.records import Baseline, Model, Monitor, Result, Run, StoredProfile
from store.row_methods import is_row_based

_INSTANT = timedelta(microseconds=1)
# Windows of these kinds are judged together with so many before them.
_EARLIER = {
    "drift": max(EARLIER_DRIFT_WINDOWS, LABELLED_WINDOWS),
    "performance": EARLIER_PERFORMANCE_WINDOWS,
    "quality": 0,
}


class _Found(NamedTuple):
    """What was found in one segment of a window, and the version that served most of it."""

    findings: Sequence[Finding]
    version: str | None
    compared: Compared | None


class Judge:
    """Judges windows of one monitor against the baseline in force."""

    def __init__(self, conn: Connection, model: Model, monitor: Monitor, baseline: Baseline, now: datetime) -> None:
        self._conn = conn
        self._model = model
        self._monitor = monitor
        self._spec = monitor.spec
        self._baseline = baseline
        self._made = ResultMaker(model, monitor, baseline, now)
        self._scheme = Scheme.from_bytes(get_binning(conn, baseline.binning_id).payload)
        self._version_names = {version.id: version.name for version in versions(conn, model.id)}
        self._moving = MovingBaseline(
            conn, baseline.binning_id, self._spec, ZoneInfo(model.definition.time_zone), self._version_names
        )
        self._sums = WindowSums(self._scheme)
        self._history = EvidenceHistory(conn, monitor, baseline)
        self._drift = DriftJudge(conn.engine, model, monitor, baseline, self._scheme, self._history, now)
        self._pairs = PairJudge(conn, model, monitor, baseline, self._scheme)
        self._rows = RowJudge(conn.engine, monitor, baseline, self._scheme)
        usual = UsualValues(conn, model, monitor, baseline, self._scheme.binning)
        self._quality = QualityJudge(conn, model, monitor, baseline, self._scheme, usual)
        self._losses = LossJudge(conn, self._spec, baseline, self._scheme)
        self._performance = PerformanceJudge(conn, model, monitor, baseline, self._scheme, self._history, usual)

    def judge(self, runs: Sequence[Run]) -> list[Judged]:
        """Results of every run, in order; what lies in one hour is read once for all of them."""
        start, end = min(map(self._earliest, runs)), max(run.window_end for run in runs)
        found: dict[int, dict[str, _Found]] = {run.id: {} for run in runs}
        seen: dict[int, int] = {}
        for segment in segment_names(self._scheme, self._model.definition):
            reference = reference_of(self._conn, self._baseline, self._scheme, segment)
            if reference is None:
                continue
            hours = read_profiles(self._conn, self._baseline.binning_id, start, end, segment)
            starts = [hour.key.start for hour in hours]
            weights = WeightsOfHours(self._conn, self._baseline, self._scheme.layout, segment, start, end)
            for run in runs:
                windows = [
                    hours[bisect_left(starts, since) : bisect_left(starts, until)] for since, until in self._spans(run)
                ]
                if segment == WHOLE:
                    seen[run.id] = self._n_seen(windows[-1])
                windows[-1] = self._moving.judged(windows[-1])
                compared = self._compared(run, segment)
                findings = self._findings(run, segment, reference, windows, weights, compared)
                if compared is not None:
                    findings = [compared.explained(finding) for finding in findings]
                found[run.id][segment] = _Found(findings, self._version(windows[-1]), compared)
        return [self._judged(run, self._results(run, found[run.id]), seen[run.id]) for run in runs]

    def _judged(self, run: Run, results: list[Result], n_seen: int) -> Judged:
        return Judged(run, results, n_seen, self._history.added_by(run.window_end), self._drift.payoff(run))

    def _results(self, run: Run, found: Mapping[str, "_Found"]) -> list[Result]:
        """The results of all segments, and where they drifted most."""
        results = [
            self._made.result(run, segment, each.version, finding, each.compared)
            for segment, each in found.items()
            for finding in each.findings
        ]
        if self._spec.kind == "drift" and not is_row_based(self._spec.method):
            segments = {
                segment: finding
                for segment, each in found.items()
                for finding in each.findings
                if segment != WHOLE and finding.method == STREAM_DRIFT
            }
            if segments:
                whole = found[WHOLE]
                worst = worst_drift_finding(segments, whole.findings[0].n_current)
                results.append(self._made.result(run, WHOLE, whole.version, worst, whole.compared))
        return results

    def _spans(self, run: Run) -> list[tuple[datetime, datetime]]:
        """The window of a run, and before it those that it is judged together with, the oldest first."""
        length = run.window_end - run.window_start
        # Drift of rows, or against a baseline that moves, is judged by the window alone.
        alone = self._spec.kind == "drift" and (is_row_based(self._spec.method) or self._spec.baseline != "fixed")
        earlier = 0 if alone else _EARLIER[self._spec.kind]
        spans = [(run.window_start - step * length, run.window_end - step * length) for step in range(earlier, 0, -1)]
        return [*spans, (run.window_start, run.window_end)]

    def _earliest(self, run: Run) -> datetime:
        return self._spans(run)[0][0]

    def _findings(
        self,
        run: Run,
        segment: str,
        reference: Reference,
        windows: Sequence[Sequence[StoredProfile]],
        weights: WeightsOfHours,
        compared: Compared | None,
    ) -> Sequence[Finding]:
        n_rows = sum(hour.n_rows for hour in windows[-1])
        if is_row_based(self._spec.method):
            return self._rows.findings(run, segment, n_rows)
        if self._spec.kind == "performance":
            earlier = [self._labelled(hours, weights) for hours in windows[:-1]]
            performance = [*earlier, self._sums.performance(windows[-1])]
            moving = None if compared is None else self._sums.performance(compared.hours)
            beside = Beside(
                lambda position: self._sums.fields_if_sound(windows[position]),
                lambda: self._pairs.parted(windows[-1]) if segment == WHOLE else (),
            )
            step = self._last_step(run, windows[-1], weights)
            asked = weights.total(windows[-1])
            found = self._performance.findings(segment, reference, performance, n_rows, asked, beside, step, moving)
            if segment == WHOLE and self._spec.metric is None and compared is None:
                labelled = performance[-1].n_labelled, reference.performance.n_labelled
                found += unless_unequal([self._losses.finding(run, n_rows, *labelled)], asked)
            return found
        if self._spec.kind == "drift":
            return self._drift_of(run, segment, reference, windows, weights, compared)
        return self._quality.findings(run, segment, reference.fields, windows[-1], self._sums.fields(windows[-1]))

    def _drift_of(
        self,
        run: Run,
        segment: str,
        reference: Reference,
        windows: Sequence[Sequence[StoredProfile]],
        weights: WeightsOfHours,
        compared: Compared | None,
    ) -> Sequence[Finding]:
        """Drift of every field, and for the whole stream of their pairs, as far as the monitor asks for them."""
        found: list[Finding] = []
        # Both look at the same windows, and only where something changed.
        harmless = cache(partial(self._harmless, reference, windows[:-1], weights))
        if self._spec.method != CORRELATION:
            judged = [
                *map(self._sums.fields_if_sound, windows[-1 - EARLIER_DRIFT_WINDOWS : -1]),
                self._sums.fields(windows[-1]),
            ]
            other = None if compared is None else self._sums.fields(compared.hours)
            found += self._drift.findings(
                run, segment, reference, judged, other, lambda: list(map(self._sums.fields_if_sound, harmless()))
            )
        if segment == WHOLE and judges_pairs(self._spec, self._scheme.binning):
            other_hours = None if compared is None else compared.hours
            found.append(self._pairs.finding(windows[-1], other_hours, found, self._drift.pair_share(), harmless))
        return found

    def _compared(self, run: Run, segment: str) -> Compared | None:
        least = self._spec.min_rows or (DRIFT_MIN_ROWS if self._spec.kind == "drift" else PERFORMANCE_MIN_ROWS)
        return self._moving.compared(run.window_start, run.window_end, segment, least)

    def _harmless(self, reference: Reference, windows: Sequence[Hours], weights: WeightsOfHours) -> list[Hours]:
        """Those of the windows that their labels have shown to be harmless by now."""
        labelled = [self._labelled(hours, weights) for hours in windows]
        rows = [sum(hour.n_rows for hour in hours) for hours in windows]
        found = harmless_windows(self._scheme.layout, reference.labelled, labelled, rows)
        return [windows[position] for position in found]

    def _labelled(self, hours: Hours, weights: WeightsOfHours) -> PerformanceProfile:
        """What labels say of an earlier window: nothing where they were asked for with unequal chances."""
        asked = weights.total(hours)
        if asked is not None and asked.are_unequal:
            return empty_performance(self._scheme.layout)
        return self._sums.performance_if_sound(hours)

    def _last_step(self, run: Run, hours: Sequence[StoredProfile], weights: WeightsOfHours) -> LastStep:
        """What a window is the first to hold: where windows slide, the rows since the end of the one before."""
        if self._spec.every is not None and duration(self._spec.every) < duration(self._spec.window):
            since = window_plan(self._model, self._spec).floor(run.window_end - _INSTANT)
            hours = [hour for hour in hours if hour.key.start >= since]
        n_rows = sum(hour.n_rows for hour in hours)
        return LastStep(run.window_end, self._sums.performance(hours), n_rows, weights.total(hours))

    def _n_seen(self, hours: Sequence[StoredProfile]) -> int:
        labelled = self._spec.kind == "performance"
        return sum(hour.n_labelled if labelled else hour.n_rows for hour in hours)

    def _version(self, hours: Sequence[StoredProfile]) -> str | None:
        """The version that served most of a window's rows."""
        rows: Counter[int] = Counter()
        for hour in hours:
            rows[hour.key.version_id] += hour.n_rows
        return self._version_names.get(rows.most_common(1)[0][0]) if rows else None
