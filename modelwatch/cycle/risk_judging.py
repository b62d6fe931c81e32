"""The running risk of one monitor: evidence from labels that grows over windows, judged at every one of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from detectors.calibration_map import Calibration
from detectors.confidence_sequences import ALPHA
from detectors.estimated_losses import estimated_losses
from detectors.findings import Finding
from detectors.label_weights import LabelWeights
from detectors.loss_sums import LossSums
from detectors.performance import NO_BASELINE_LABELS, too_few_labelled
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile
from detectors.prediction_powered import REACH, PredictionPoweredRisk, prediction_powered_risk
from detectors.profile_losses import error_bound, profile_losses
from detectors.running_risk import RiskState, Step, chances_differ, first_state, step_labels, step_powered
from detectors.running_risk_findings import (
    PREDICTION_POWERED,
    RUNNING_RISK,
    TOLERANCE,
    LossUnits,
    RiskLimit,
    WindowLabels,
    given_limit,
    risk_limit,
    running_risk_finding,
)
from detectors.weighted_estimate import weighted_powered_risk
from detectors.weighted_losses import WeightedLosses, weighted_losses
from detectors.window_risk import WindowRisk
from detectors.wording import number
from modelwatch.cycle.evidence_history import only_the_last
from modelwatch.segments import WHOLE
from store.definitions import MonitorSpec

RISK_METHODS = (RUNNING_RISK, PREDICTION_POWERED)

_NO_LABELS = f"{NO_BASELINE_LABELS}: give a baseline with labels"
_NO_SCALE = "the baseline's errors are all 0, or unknown, so there is no scale for them"


class History(Protocol):
    """What the windows of a monitor added so far (see ``evidence_history``)."""

    def before(self, segment: str, window_end: datetime) -> list[bytes]:
        """What the windows added that end before ``window_end``, the oldest first."""

    def is_cut(self, segment: str) -> bool:
        """Whether there are windows so far back that they were not read."""

    def note(self, segment: str, window_end: datetime, payload: bytes) -> None:
        """Keep what a window adds."""


class Labels(NamedTuple):
    """What labels say of a segment: its labelled baseline (None: there is none), the calibration of its scores (None:
    the model has none), and the rows that the window is the first to hold, with and without a label; ``weights`` of
    those that were asked for with known chances."""

    baseline: PerformanceProfile | None
    calibration: Calibration | None
    current: PerformanceProfile
    n_rows: int
    weights: LabelWeights | None = None


class _Known(NamedTuple):
    """The baseline's losses, the error that is a whole loss of a regression model (None for a classifier), and why
    losses cannot be told."""

    losses: LossSums
    bound: float | None
    reason: str = ""

    @property
    def whole(self) -> float:
        return 1.0 if self.bound is None else self.bound


class RiskJudge:
    """Judges the running risk after each window of one monitor.

    The chance of a false alarm over the life of a baseline, ``ALPHA``, is shared out: half to the whole stream and half
    to all ``n_segments`` segments together, if there are any, and in each equally to the methods.
    """

    def __init__(self, history: History, spec: MonitorSpec, layout: Layout, n_segments: int) -> None:
        self._history = history
        self._spec = spec
        self._layout = layout
        self._n_segments = n_segments
        self._methods = risk_methods(spec, layout)
        self._folds: dict[tuple[str, str], _Fold] = {}

    def findings(self, segment: str, window_end: datetime, labels: Labels) -> list[Finding]:
        """The findings on a window, which adds to the evidence as much of its labels as there are."""
        known = self._known(labels.baseline)
        n_labelled = labels.current.n_labelled
        few = too_few_labelled(n_labelled, labels.n_rows, 1, self._spec.completeness or 0.0) or known.reason
        added = self._added(labels, known, few)
        payloads = [*self._history.before(segment, window_end), added.to_bytes()]
        self._history.note(segment, window_end, payloads[-1])
        return [self._finding(method, segment, labels, known, payloads, few) for method in self._methods]

    def _known(self, baseline: PerformanceProfile | None) -> _Known:
        bound = None if baseline is None else error_bound(self._layout, baseline)
        if self._layout.classes is None and bound is None:
            return _Known(LossSums(), None, _NO_LABELS if baseline is None else _NO_SCALE)
        return _Known(LossSums() if baseline is None else profile_losses(self._layout, baseline, bound), bound)

    def _added(self, labels: Labels, known: _Known, few: str) -> WindowRisk:
        """Weights of labels add up whatever share of the rows has them, and no label is what chance gave too."""
        if known.reason:
            return WindowRisk()
        weighted = WeightedLosses(rows=labels.n_rows)
        if labels.weights is not None:
            weighted = weighted_losses(self._layout, labels.weights, known.bound, labels.n_rows)
        if few:
            unknown = labels.current.n_labelled and not weighted.n
            return WindowRisk() if unknown else WindowRisk(whole=known.whole, weighted=weighted)
        losses = profile_losses(self._layout, labels.current, known.bound)
        if labels.calibration is None:
            return WindowRisk(losses, whole=known.whole, weighted=weighted)
        estimated = estimated_losses(self._layout, labels.current, labels.calibration)
        return WindowRisk(losses, estimated, known.whole, weighted)

    def _finding(
        self, method: str, segment: str, labels: Labels, known: _Known, payloads: Sequence[bytes], few: str
    ) -> Finding:
        if method == PREDICTION_POWERED and not few:
            few = _no_estimates(labels.calibration)
        states = self._fold(method, segment, known).states_after(payloads)
        added = WindowRisk.from_bytes(payloads[-1])
        found = running_risk_finding(
            method,
            states,
            self._limit(known, segment),
            _units(known),
            alpha=self._alpha(segment),
            n_baseline=known.losses.n,
            n_rows=labels.n_rows,
            too_few=few,
            window=WindowLabels(added, self._alone(labels, added, states[-1].weighs), _without(labels)),
        )
        return only_the_last(found, len(payloads)) if self._history.is_cut(segment) else found

    def _alone(self, labels: Labels, added: WindowRisk, weighs: bool) -> PredictionPoweredRisk:
        """The risk of the window by itself."""
        if not weighs or labels.weights is None or labels.calibration is None:
            return prediction_powered_risk(added.estimated)
        return weighted_powered_risk(self._layout, labels.weights, labels.calibration, added.estimated)

    def _fold(self, method: str, segment: str, known: _Known) -> "_Fold":
        """A new one where the baseline has changed, because labels of it came: it expects another risk."""
        fold = self._folds.get((method, segment))
        expected = 0.5 if known.losses.mean is None else known.losses.mean
        if fold is None or (fold.expected, fold.whole) != (expected, known.whole):
            powered = method == PREDICTION_POWERED
            step, reach = (step_powered, REACH) if powered else (step_labels, 1.0)
            fold = self._folds[method, segment] = _Fold(step, expected, known.whole, reach)
        return fold

    def _limit(self, known: _Known, segment: str) -> RiskLimit | None:
        # A threshold of a monitor that names no metric is meant for others.
        if self._spec.metric is not None and self._spec.threshold is not None:
            return given_limit(self._spec.threshold / known.whole)
        tolerance = TOLERANCE if self._spec.tolerance is None else self._spec.tolerance
        return risk_limit(known.losses, tolerance, self._alpha(segment))

    def _alpha(self, segment: str) -> float:
        parts = len(self._methods)
        if self._n_segments:
            parts *= 2 if segment == WHOLE else 2 * self._n_segments
        return ALPHA / parts


def risk_methods(spec: MonitorSpec, layout: Layout) -> tuple[str, ...]:
    """The methods of this kind that a monitor asks for; one that names no metric asks for all that the model allows.

    None where the baseline moves with the window: there is nothing then that the risk could run from.
    """
    if spec.baseline != "fixed":
        return ()
    if spec.metric is None:
        return RISK_METHODS if layout.score_edges else (RUNNING_RISK,)
    named = (spec.metric,) if isinstance(spec.metric, str) else spec.metric
    return tuple(method for method in RISK_METHODS if method in named)


def _no_estimates(calibration: Calibration | None) -> str:
    """Why there are no estimates to add to the labels; empty where there are."""
    if calibration is None:
        return "no estimates to add to the labels: the model gives no scores"
    return "" if calibration.maps else f"no estimates to add to the labels: {calibration.reason}"


def _without(labels: Labels) -> int:
    """How many labels came without a probability, where others came with one."""
    return 0 if labels.weights is None else labels.current.n_labelled - labels.weights.n


def _units(known: _Known) -> LossUnits:
    if known.bound is None:
        return LossUnits("error rate")
    return LossUnits(f"mean absolute error, each cut at {number(known.bound)},", known.bound)


class _Fold:
    """The states of one running risk; what is the same as at the last call is not stepped again.

    Windows whose losses are shares of another error than ``whole`` add nothing, until they are judged again.
    """

    def __init__(self, step: Step, expected: float, whole: float, reach: float) -> None:
        self.expected = expected
        self.whole = whole
        self._step = step
        self._payloads: list[bytes] = []
        self._windows: list[WindowRisk] = []
        self._states = [first_state(expected, reach)]
        self._reach = reach

    def states_after(self, payloads: Sequence[bytes]) -> list[RiskState]:
        """The state before the first window, and that after each."""
        same = 0
        while same < min(len(payloads), len(self._payloads)) and payloads[same] == self._payloads[same]:
            same += 1
        self._payloads = list(payloads)
        self._windows[same:] = [self._read(payload) for payload in payloads[same:]]
        weighs = chances_differ(self._windows)
        if weighs != self._states[0].weighs:
            self._states, same = [first_state(self.expected, self._reach, weighs=weighs)], 0
        del self._states[same + 1 :]
        for window in self._windows[same:]:
            self._states.append(self._step(self._states[-1], window))
        return self._states

    def _read(self, payload: bytes) -> WindowRisk:
        window = WindowRisk.from_bytes(payload)
        return window if window.whole == self.whole else WindowRisk()
