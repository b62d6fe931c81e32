"""Drift of windows of one monitor: thresholds calibrated to the budget of false alarms, and severity."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from detectors.binning import Binning
from detectors.calibration import Calibration
from detectors.correlation import METHOD as CORRELATION
from detectors.drift import DEFAULT_METHODS, MIN_ROWS, drift_findings, methods_named
from detectors.drift_limits import DriftLimit, drift_limits
from detectors.drift_methods import FieldKind
from detectors.drift_scale import DriftScale, drift_scale
from detectors.findings import Confidence, Finding
from detectors.lasting_drift import lasting_limits
from detectors.profile import Profile
from detectors.stream_drift import KnownModel, stream_drift
from modelwatch.companions import paired_fields
from modelwatch.cycle.calibrating import calibration_for, confidence_of, false_alarm_share
from modelwatch.cycle.evidence_history import EvidenceHistory
from modelwatch.cycle.references import Importances, Reference, importances, known_model
from modelwatch.cycle.slow_drift_judging import SHARE as SLOW_DRIFT_SHARE
from modelwatch.cycle.slow_drift_judging import Against, SlowDriftJudge
from modelwatch.scheme import Scheme
from modelwatch.segments import WHOLE, segment_names
from store.definitions import MonitorSpec, duration, named_monitors
from store.records import Baseline, Model, Monitor, Payoff, Run
from store.row_methods import is_row_based

# Of the false alarms a monitor may have, the part that a change of correlation may have where both are judged.
PAIR_PART = 0.1
# The labels of so many windows before a judged one are looked at: they say whether a change that lasts does harm.
LABELLED_WINDOWS = 14


class DriftJudge:
    """Finds drift in windows of one monitor against a baseline; what is the same for all windows is kept."""

    def __init__(
        self,
        engine: Engine,
        model: Model,
        monitor: Monitor,
        baseline: Baseline,
        scheme: Scheme,
        history: EvidenceHistory,
        now: datetime,
    ) -> None:
        self._engine = engine
        self._model = model
        self._spec = monitor.spec
        self._baseline = baseline
        self._binning = scheme.binning
        self._now = now
        self._methods = chosen_methods(self._spec.method)
        self._scheme = scheme
        self._slow = SlowDriftJudge(self._spec, ZoneInfo(model.definition.time_zone), history)
        self._payoffs: dict[int, Payoff] = {}
        self._calibrations: dict[str, tuple[DriftScale, Calibration | None]] = {}
        self._known: dict[str, KnownModel] = {}
        self._importances: Importances | None = None

    def findings(
        self,
        run: Run,
        segment: str,
        reference: Reference,
        windows: Sequence[Profile],
        moving: Profile | None = None,
        harmless: Callable[[], Sequence[Profile]] = tuple,
    ) -> list[Finding]:
        """The whole window first, then every field, then slow drift where limits are calibrated and the baseline fixed.

        ``windows`` are the judged one and, before it, those it follows.

        ``moving`` is what the judged one is compared with instead of the baseline. Limits are still those of the
        baseline's own rows, for as many rows as there are; windows before it say nothing then, for they were compared
        with something else. ``harmless`` are earlier windows that labels showed to be so, asked for where a field
        passes its limit.
        """
        min_rows = self._spec.min_rows or MIN_ROWS
        compared = reference.fields if moving is None else moving
        judged = windows if moving is None else windows[-1:]
        limits = self._limits(segment, reference.fields, compared, judged, min_rows)
        found = self._fields(compared, windows[-1], limits, min_rows)
        # A change that is known to be harmless is no news to slow drift either.
        changed = [each.field for each in found if each.field is not None and each.status in ("warning", "critical")]
        if moving is None and limits and any(finding.status == "warning" for finding in found):
            above = self._above_harmless(segment, reference.fields, windows[-1], limits, harmless())
            found = self._fields(compared, windows[-1], above, min_rows)
        known = self._known_in(segment, reference)
        if moving is not None:
            # What goes together in the baseline's rows says nothing of a window that is compared with others.
            known = replace(known, rows=None)
        found = stream_drift(found, self._binning, compared, windows[-1], known)
        if 0 < compared.n < windows[-1].n:
            found = [_unsure(finding) for finding in found]
        return [*found, *self._slow_drift(run, segment, reference.fields, windows[-1], changed)]

    def _fields(
        self, compared: Profile, current: Profile, limits: Mapping[str, DriftLimit], min_rows: int
    ) -> list[Finding]:
        """One finding for each field."""
        return drift_findings(
            self._binning,
            compared,
            current,
            methods=self._methods,
            threshold=self._spec.threshold,
            limits=limits,
            min_rows=min_rows,
            fields=self._spec.fields,
        )

    def _slow_drift(
        self, run: Run, segment: str, reference: Profile, current: Profile, changed: Collection[str]
    ) -> list[Finding]:
        if not adds_up(self._spec):
            return []
        scale, calibration = self._calibration(segment, reference)
        if calibration is None:
            return []
        share = SLOW_DRIFT_SHARE * share_of_budget(self._model, self._scheme, self._spec, segment)
        against = Against(segment, scale, calibration, reference, share, self._confidence(calibration))
        found = self._slow.finding(run, against, current, changed)
        if segment == WHOLE and found.status != "nodata":
            self._payoffs[run.id] = self._slow.payoff(run, against)
        return [found]

    def payoff(self, run: Run) -> Payoff | None:
        """What bets on drift of the stream have paid in the month of a judged window; None where none are made."""
        return self._payoffs.get(run.id)

    def _limits(
        self, segment: str, reference: Profile, compared: Profile, windows: Sequence[Profile], min_rows: int
    ) -> Mapping[str, DriftLimit]:
        """Calibrated limits; none where a threshold is given, where nobody can judge, or where chance is not known."""
        if self._spec.threshold is not None or windows[-1].n < min_rows:
            return {}
        scale, calibration = self._calibration(segment, reference)
        if calibration is None:
            return {}
        share = fields_share(self._model, self._scheme, self._spec, segment)
        confidence = self._confidence(calibration)
        return drift_limits(scale, calibration, compared, windows, share, min_rows, confidence)

    def pair_share(self) -> float:
        """The probability of a false alarm that the pairs of fields of a window may have."""
        return share_of_budget(self._model, self._scheme, self._spec, WHOLE) * (
            1 if self._spec.method == CORRELATION else PAIR_PART
        )

    def _above_harmless(
        self,
        segment: str,
        reference: Profile,
        current: Profile,
        limits: Mapping[str, DriftLimit],
        harmless: Sequence[Profile],
    ) -> Mapping[str, DriftLimit]:
        """The limits, raised where a field changed as it had in windows that did no harm."""
        scale, calibration = self._calibration(segment, reference)
        if calibration is None:
            return limits
        share = fields_share(self._model, self._scheme, self._spec, segment)
        return lasting_limits(scale, calibration, reference, harmless, current, limits, share)

    def _confidence(self, calibration: Calibration) -> Confidence:
        return confidence_of(calibration.blocks.n, self._baseline, duration(self._spec.window))

    def _calibration(self, segment: str, reference: Profile) -> tuple[DriftScale, Calibration | None]:
        if segment not in self._calibrations:
            scale = drift_scale(self._binning, reference, self._methods, self._spec.fields)
            length = duration(self._spec.window)
            found = calibration_for(
                self._engine, self._model, self._baseline, segment, length, scale, reference, self._now
            )
            self._calibrations[segment] = scale, found
        return self._calibrations[segment]

    def _known_in(self, segment: str, reference: Reference) -> KnownModel:
        if segment not in self._known:
            with self._engine.connect() as conn:
                if self._importances is None:
                    self._importances = importances(conn, self._model, self._baseline, self._scheme)
                self._known[segment] = known_model(
                    conn, self._baseline, self._scheme, segment, reference, self._importances
                )
        return self._known[segment]


def judges_pairs(spec: MonitorSpec, binning: Binning) -> bool:
    """Whether a monitor asks if pairs of fields still go together.

    By name, or because it names no method and there is a pair among the fields it watches.
    """
    if spec.kind != "drift" or spec.method not in (None, CORRELATION):
        return False
    watched = [name for name in paired_fields(binning) if spec.fields is None or name in spec.fields]
    return spec.method == CORRELATION or len(watched) > 1


def _unsure(finding: Finding) -> Finding:
    """What is said against a baseline smaller than the window: chance was looked at in windows no larger than that."""
    if finding.status not in ("ok", "warning", "critical"):
        return finding
    if finding.field is not None:
        return replace(finding, confidence="low")
    rows = f"the baseline has fewer rows ({finding.n_baseline:,}) than the window ({finding.n_current:,})"
    return replace(finding, confidence="low", reason=f"{finding.reason}; {rows}")


def share_of_budget(model: Model, scheme: Scheme, spec: MonitorSpec, segment: str) -> float:
    """The probability of a false alarm that a window of a monitor may have.

    Half of the budget is for the whole stream, the other half for all segments together, if there are any.
    """
    families = max(sum(each.kind == "drift" for each in named_monitors(model.definition)), 1)
    n_segments = len(segment_names(scheme, model.definition)) - 1
    if n_segments:
        families *= 2 if segment == WHOLE else 2 * n_segments
    step = duration(spec.every or spec.window)
    return false_alarm_share(model.definition.false_alarms_per_month, step, families)


def fields_share(model: Model, scheme: Scheme, spec: MonitorSpec, segment: str) -> float:
    """What of that is for the fields; the rest is for pairs of them and for slow drift, where they are judged."""
    pairs = PAIR_PART if segment == WHOLE and judges_pairs(spec, scheme.binning) else 0.0
    slow = SLOW_DRIFT_SHARE if adds_up(spec) else 0.0
    return share_of_budget(model, scheme, spec, segment) * (1 - pairs - slow)


def adds_up(spec: MonitorSpec) -> bool:
    """Whether the windows of a monitor are held against one and the same thing, to a budget of false alarms."""
    return spec.threshold is None and spec.baseline == "fixed"


def chosen_methods(method: str | Mapping[FieldKind, str] | None) -> Mapping[FieldKind, str]:
    """The method of every kind of field. Those that compare rows or pairs of fields are for no kind."""
    if isinstance(method, str):
        method = {} if is_row_based(method) or method == CORRELATION else methods_named(method)
    return {**DEFAULT_METHODS, **(method or {})}
