"""Performance of windows of one monitor: by the labels that have come, and estimated for those that have not."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from detectors.calibration_map import Calibration, bin_scores, fit_calibration
from detectors.estimate_findings import estimate_findings
from detectors.estimation import estimable_metrics, estimated_metric, unknown_scores
from detectors.findings import Finding, unjudged
from detectors.importance import IMPORTANT
from detectors.label_drift import label_drift_finding
from detectors.label_weights import LabelWeights
from detectors.metrics import Values, default_metrics, metric_value
from detectors.performance import MIN_ROWS, TOLERANCE_SHARE, performance_findings
from detectors.performance_profile import PerformanceProfile
from detectors.profile import Profile
from detectors.quality import FIELD_CHECKS, quality_findings
from detectors.trust import COMPARISONS, Comparison, Known, Trust, trust
from detectors.unknown_labels import unknown_labels_finding
from modelwatch.cycle.error_judging import Beside, ErrorJudge
from modelwatch.cycle.evidence_history import EvidenceHistory
from modelwatch.cycle.references import Reference, importances
from modelwatch.cycle.risk_judging import RISK_METHODS, Labels, RiskJudge, risk_methods
from modelwatch.cycle.usual_values import UsualValues
from modelwatch.fields import PREDICTION
from modelwatch.scheme import Scheme, is_score
from modelwatch.segments import segment_names
from store.records import Baseline, Model, Monitor

# So many windows before a judged one are looked at, for how well their estimates did.
EARLIER_WINDOWS = COMPARISONS
_PAST_METRIC = "accuracy"
_ALIKE = "labels were asked for with unequal chances and count alike here, so look at running_risk, which weighs them"


class LastStep(NamedTuple):
    """The part of a window that no window before it holds: all of it, unless windows slide. Its end, the sums of its
    rows, how many there are, and how many rows its labels stand for (None: not known)."""

    window_end: datetime
    performance: PerformanceProfile
    n_rows: int
    weights: LabelWeights | None


class PerformanceJudge:
    """Judges the performance of windows of one monitor; what is the same for all windows is kept.

    A monitor that names no metric also says how the risk has run since the baseline, how performance is estimated
    without labels, whether the labels drifted, and whether there are labels of unknown classes.
    """

    def __init__(
        self,
        conn: Connection,
        model: Model,
        monitor: Monitor,
        baseline: Baseline,
        scheme: Scheme,
        history: EvidenceHistory,
        usual: UsualValues,
    ) -> None:
        self._conn = conn
        self._model = model
        self._spec = monitor.spec
        self._baseline = baseline
        self._usual = usual
        self._scheme = scheme
        self._calibrations: dict[str, Calibration] = {}
        self._important: frozenset[str] | None = None
        self._errors = ErrorJudge(conn, monitor, baseline, scheme)
        values = model.definition.prediction.values
        self._worth: Values | None = None if values is None else np.array(values, dtype=np.float64)
        n_segments = len(segment_names(scheme, model.definition)) - 1
        self._risk = RiskJudge(history, monitor.spec, scheme.layout, n_segments)

    def findings(
        self,
        segment: str,
        reference: Reference,
        windows: Sequence[PerformanceProfile],
        n_rows: int,
        weights: LabelWeights | None,
        beside: Beside,
        step: LastStep,
        moving: PerformanceProfile | None = None,
    ) -> list[Finding]:
        """``windows`` are earlier ones and last the judged one, which has ``n_rows`` rows and labels of ``weights``.

        ``moving`` is what labels are compared with instead of the baseline's; estimates rest on the baseline alone.
        """
        compared = reference.labelled if moving is None else moving if moving.n_labelled else None
        found = performance_findings(
            self._scheme.layout,
            compared,
            windows[-1],
            n_rows,
            metrics=self._metrics(),
            threshold=self._spec.threshold,
            min_rows=self._spec.min_rows or MIN_ROWS,
            completeness=self._spec.completeness or 0.0,
            business_value=self._worth,
        )
        found = unless_unequal(found, weights) + self._running_risk(segment, reference, step)
        if self._spec.metric is None:
            found += self._estimates(segment, reference, windows, n_rows, beside)
            found += self._labels(compared, windows[-1], weights)
        return found

    def _running_risk(self, segment: str, reference: Reference, step: LastStep) -> list[Finding]:
        if not risk_methods(self._spec, self._scheme.layout):
            return []
        calibration = self._calibration(segment, reference) if self._scheme.layout.score_edges else None
        labels = Labels(reference.labelled, calibration, step.performance, step.n_rows, step.weights)
        return self._risk.findings(segment, step.window_end, labels)

    def _metrics(self) -> tuple[str, ...] | None:
        """The metrics of single windows that the monitor names; None where it names nothing."""
        metric = self._spec.metric
        if metric is None:
            return None
        return tuple(name for name in ((metric,) if isinstance(metric, str) else metric) if name not in RISK_METHODS)

    def _labels(
        self, compared: PerformanceProfile | None, current: PerformanceProfile, weights: LabelWeights | None
    ) -> list[Finding]:
        """What the labels themselves are like."""
        found = unless_unequal([label_drift_finding(self._scheme.layout, compared, current)], weights)
        if self._scheme.layout.classes is not None:
            found.append(unknown_labels_finding(self._scheme.layout, compared, current))
        return found

    def _estimates(
        self,
        segment: str,
        reference: Reference,
        windows: Sequence[PerformanceProfile],
        n_rows: int,
        beside: Beside,
    ) -> list[Finding]:
        layout = self._scheme.layout
        if layout.classes is None:
            return self._errors.findings(
                reference.fields, windows, beside, lambda past: self._verdict(segment, reference, beside, None, past)
            )
        if not layout.score_edges:
            return []
        calibration = self._calibration(segment, reference)
        possible = set(estimable_metrics(layout))
        return estimate_findings(
            layout,
            calibration,
            reference.performance,
            windows[-1],
            n_rows,
            metrics=[name for name in default_metrics(layout) if name in possible],
            min_rows=self._spec.min_rows or MIN_ROWS,
            relied_on=self._trust(segment, calibration, reference, windows, beside),
            business_value=self._worth,
        )

    def _calibration(self, segment: str, reference: Reference) -> Calibration:
        """What scores meant in the baseline's labelled rows; without maps where they are too few to tell."""
        if segment not in self._calibrations:
            layout, performance = self._scheme.layout, reference.performance
            scores = bin_scores(layout, self._scheme.binning, reference.fields)
            self._calibrations[segment] = fit_calibration(layout, performance, scores)
        return self._calibrations[segment]

    def _trust(
        self,
        segment: str,
        calibration: Calibration,
        reference: Reference,
        windows: Sequence[PerformanceProfile],
        beside: Beside,
    ) -> Trust:
        layout, current = self._scheme.layout, windows[-1]
        past = [
            Comparison(
                estimated_metric(layout, calibration, window, _PAST_METRIC),
                metric_value(window, layout, _PAST_METRIC),
                TOLERANCE_SHARE,
            )
            for window in windows[:-1]
            if window.n_labelled >= MIN_ROWS
        ]
        unknown = unknown_scores(layout, calibration, current)
        return self._verdict(segment, reference, beside, unknown, past)

    def _verdict(
        self, segment: str, reference: Reference, beside: Beside, unknown: float | None, past: Sequence[Comparison]
    ) -> Trust:
        breaks = self._breaks(segment, reference.fields, beside.fields(-1))
        answers = filter(is_score, self._scheme.binning.names) if self._scheme.layout.classes else (PREDICTION,)
        return trust(
            Known(tuple(breaks), self._important_fields(), frozenset(answers), beside.parted(), unknown, tuple(past))
        )

    def _breaks(self, segment: str, reference: Profile, current: Profile) -> list[Finding]:
        """What is usual is looked up only where a value seems stuck: it clears fields and accuses none."""
        check = partial(quality_findings, self._scheme.binning, reference, current, checks=FIELD_CHECKS)
        found = check()
        if any(each.method == "stuck" and each.status in ("warning", "critical") for each in found):
            return check(usual_shares=self._usual.shares(segment))
        return found

    def _important_fields(self) -> frozenset[str] | None:
        if self._important is None:
            known = importances(self._conn, self._model, self._baseline, self._scheme).shares
            if not known:
                return None
            self._important = frozenset(name for name, share in known.items() if share >= IMPORTANT)
        return self._important


def unless_unequal(found: Sequence[Finding], weights: LabelWeights | None) -> list[Finding]:
    """Findings of which each labelled row counts once; unjudged where labels were asked for with unequal chances, for
    then labelled rows are not like the others."""
    if weights is None or not weights.are_unequal:
        return list(found)
    return [
        unjudged(
            each.kind, each.method, each.field, each.n_baseline, each.n_current, "insufficient", _ALIKE, each.value
        )
        for each in found
    ]
