"""modelwatch as a contender: what the service says of a window with its defaults, without a store.

Thresholds are calibrated to a budget of one false alarm a month of thirty windows. Of permuted windows and scenarios it
is all spent on single windows: they are drawn one by one, so that a field's being high twice in a row means nothing. In
natural order windows are judged together with those before them, and with what their labels showed. Importance is what
the service finds by itself in the baseline's rows; the permutation importance that is offered is left alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.quality.contenders import Verdict, output_of, with_output
from benchmarks.quality.sources import FieldKind
from benchmarks.quality.together import PART as PAIRS
from benchmarks.quality.together import Together
from detectors.accord import grouped_rows
from detectors.binning import Binning, choose_binning
from detectors.bins import NumericBins
from detectors.calibration import Calibration, calibrate
from detectors.calibration_map import Calibration as ScoreMeaning
from detectors.calibration_map import bin_scores, fit_calibration
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.confidence import confidence_in
from detectors.drift import MIN_ROWS, drift_findings
from detectors.drift_limits import EARLIER_WINDOWS, DriftLimit, drift_limits
from detectors.drift_methods import DEFAULT_METHODS
from detectors.drift_scale import DriftScale, count_matrix, drift_scale
from detectors.estimation import estimated_metric, unknown_scores
from detectors.findings import Confidence, Finding
from detectors.harmless_windows import harmless_windows
from detectors.importance import IMPORTANT, association
from detectors.lasting_drift import lasting_limits
from detectors.metrics import metric_value
from detectors.performance import TOLERANCE_SHARE, performance_findings
from detectors.performance_layout import Layout, performance_layout
from detectors.performance_profile import Classes, PerformanceProfile, add, profile_performance, profile_predictions
from detectors.profile import Profile, profile
from detectors.profile_groups import profile_groups
from detectors.quality import quality_findings
from detectors.severity import field_costs
from detectors.slot_sample import SlotSample, sample_slots
from detectors.stakes import stakes_of
from detectors.stream_drift import KnownModel, stream_drift
from detectors.stuck import usual_share
from detectors.trust import COMPARISONS, Comparison, Known, trust

CHECKS = ("missing", "unseen", "range", "types", "stuck")
SCORE_BINS = 1_024
# One false alarm in thirty windows.
SHARE = 1 / 30
_BLOCKS = 32
PREDICTION = "prediction"
CLASSES = ("0", "1")


@dataclass(frozen=True, slots=True, eq=False)
class _Learnt:
    """What was learnt of a baseline; ``fields`` are those that are watched."""

    kinds: Mapping[str, FieldKind]
    fields: tuple[str, ...]
    binning: Binning
    profile: Profile
    scale: DriftScale
    sample: SlotSample
    seed: int
    calibration: Calibration | None
    usual_shares: Mapping[str, float]
    model: KnownModel
    together: Together
    confidence: Confidence = "normal"

    @property
    def important(self) -> frozenset[str]:
        return frozenset(name for name, share in self.model.importance.items() if share >= IMPORTANT)


@dataclass(frozen=True, slots=True, eq=False)
class _Labelled:
    """What the labels of the baseline tell: its performance, and what scores meant."""

    layout: Layout
    meaning: ScoreMeaning
    performance: PerformanceProfile


@dataclass(slots=True)
class Modelwatch:
    """Drift, data quality and estimated accuracy, with the project's defaults."""

    name: str = "modelwatch"
    _learnt: _Learnt | None = None
    _baseline: _Labelled | None = field(default=None)

    def fit(
        self,
        baseline: pd.DataFrame,
        kinds: Mapping[str, FieldKind],
        importance: Mapping[str, float],
        rng: np.random.Generator,
    ) -> None:
        fields = with_output(baseline, kinds)
        columns = columns_of(baseline, fields)
        binning = choose_binning(columns, max_bins={"score": SCORE_BINS})
        total = profile(binning, columns)
        scale = drift_scale(binning, total, DEFAULT_METHODS, tuple(fields))
        sample = sample_slots(binning, columns, rng)
        runs = np.arange(len(baseline)) * _BLOCKS // len(baseline)
        stretches = tuple(profile_groups(binning, columns, runs, _BLOCKS))
        output = output_of(baseline)
        importance = association(binning, sample, (output, PREDICTION))
        labels = _known_from_labels(baseline, binning, total)
        seed = int(rng.integers(2**31))
        self._learnt = _Learnt(
            kinds=fields,
            fields=tuple(fields),
            binning=binning,
            profile=total,
            scale=scale,
            sample=sample,
            seed=seed,
            calibration=calibrate(scale, sample, count_matrix(stretches, binning), total.counts, seed),
            usual_shares=_usual_shares(binning, stretches),
            model=KnownModel(
                importance=importance,
                sources={},
                outputs=(output, PREDICTION),
                prediction=PREDICTION,
                stakes=stakes_of(labels.layout, labels.meaning, labels.performance, total.field(binning, PREDICTION)),
                rows=grouped_rows(binning, sample),
            ),
            together=Together.learnt(binning, columns, runs, importance, output),
        )
        self._baseline = labels

    def learn_windows(self, baseline: pd.DataFrame, windows: NDArray[np.int64]) -> None:
        known = self._known()
        columns, n_windows = columns_of(baseline, known.kinds), int(windows.max()) + 1
        blocks = tuple(profile_groups(known.binning, columns, windows, n_windows))
        counts = count_matrix(blocks, known.binning)
        confidence = _confidence(baseline, windows)
        importance, output = known.model.importance, output_of(baseline)
        self._learnt = replace(
            known,
            calibration=calibrate(known.scale, known.sample, counts, known.profile.counts, known.seed),
            usual_shares=_usual_shares(known.binning, blocks),
            together=Together.learnt(known.binning, columns, windows, importance, output, confidence),
            confidence=confidence,
        )

    def judge(self, window: pd.DataFrame) -> Verdict:
        known = self._known()
        columns = columns_of(window, known.kinds)
        current = profile(known.binning, columns)
        limits: Mapping[str, DriftLimit] = {}
        if known.calibration is not None:
            share = 2 * (1 - PAIRS) * SHARE
            limits = drift_limits(known.scale, known.calibration, known.profile, [current], share, MIN_ROWS)
        return self._verdict(window, columns, current, limits)

    def judge_in_order(self, window: pd.DataFrame, earlier: Sequence[pd.DataFrame]) -> Verdict:
        known, labels = self._known(), self._labels()
        columns = columns_of(window, known.kinds)
        before = [profile(known.binning, columns_of(rows, known.kinds)) for rows in earlier[-EARLIER_WINDOWS:]]
        recent = [*before, profile(known.binning, columns)]
        if known.calibration is None:
            return self._verdict(window, columns, recent[-1], {})
        share = (1 - PAIRS) * SHARE
        limits = drift_limits(known.scale, known.calibration, known.profile, recent, share, MIN_ROWS, known.confidence)
        sums = [_labelled(rows, labels.layout) for rows in earlier]
        harmless = harmless_windows(labels.layout, labels.performance, sums, [len(rows) for rows in earlier])
        alike = [columns_of(earlier[position], known.kinds) for position in harmless]
        profiles = [profile(known.binning, each) for each in alike]
        above = lasting_limits(known.scale, known.calibration, known.profile, profiles, recent[-1], limits, share)
        return self._verdict(window, columns, recent[-1], above, alike)

    def has_missed(self, earlier: Sequence[pd.DataFrame]) -> bool:
        labels = self._labels()
        if not labels.meaning.maps:
            return False
        past = [
            Comparison(
                estimated_metric(labels.layout, labels.meaning, _scored(rows, labels.layout), "accuracy"),
                metric_value(_labelled(rows, labels.layout), labels.layout, "accuracy"),
                TOLERANCE_SHARE,
            )
            for rows in earlier[-COMPARISONS:]
        ]
        return not trust(Known(past=tuple(past))).trusted

    def _known(self) -> _Learnt:
        if self._learnt is None:
            raise ValueError("no baseline yet: call fit first")
        return self._learnt

    def _labels(self) -> _Labelled:
        if self._baseline is None:
            raise ValueError("no baseline yet: call fit first")
        return self._baseline

    def _verdict(
        self,
        window: pd.DataFrame,
        columns: Mapping[str, Column],
        current: Profile,
        limits: Mapping[str, DriftLimit],
        harmless: Sequence[Mapping[str, Column]] = (),
    ) -> Verdict:
        known = self._known()
        drift = drift_findings(known.binning, known.profile, current, limits=limits, fields=known.fields)
        whole, *fields = stream_drift(drift, known.binning, known.profile, current, known.model)
        quality = quality_findings(
            known.binning,
            known.profile,
            current,
            checks=CHECKS,
            fields=known.fields,
            usual_shares=known.usual_shares,
            costs=field_costs(known.model.importance, known.model.stakes),
            confidence=known.confidence,
        )
        pairs, parted = known.together.judged(columns, fields, SHARE, harmless)
        raised = [each for each in (*fields, *quality, pairs) if each.status in ("warning", "critical")]
        estimate, trusted = self._estimate(window, quality, parted)
        return Verdict(
            alarm=bool(raised),
            statistic=max(map(_ratio, (*fields, *quality, pairs)), default=0.0),
            severity=max(each.severity_score or 0.0 for each in (whole, *quality)),
            pages=whole.status == "critical" or any(each.status == "critical" for each in (*quality, pairs)),
            fields=tuple(dict.fromkeys(each.field for each in raised if each.field is not None)),
            estimate=estimate,
            trusted=trusted,
            parted=pairs in raised,
        )

    def pages_by_labels(self, window: pd.DataFrame) -> bool:
        """Whether the performance monitor, with its default metrics, finds one critical once all labels are there."""
        known = self._labels()
        labelled = _labelled(window, known.layout)
        found = performance_findings(known.layout, known.performance, labelled, len(window))
        return any(each.status == "critical" for each in found)

    def _estimate(
        self, window: pd.DataFrame, quality: Sequence[Finding], parted: tuple[str, ...]
    ) -> tuple[float | None, bool | None]:
        """The accuracy that is expected of the window, and whether it can be relied on."""
        known, scores = self._known(), self._labels()
        if not scores.meaning.maps:
            return None, None
        counted = _scored(window, scores.layout)
        found = estimated_metric(scores.layout, scores.meaning, counted, "accuracy")
        unknown = unknown_scores(scores.layout, scores.meaning, counted)
        return found.value, trust(Known(tuple(quality), known.important, frozenset({"score"}), parted, unknown)).trusted


def _usual_shares(binning: Binning, stretches: Sequence[Profile]) -> dict[str, float]:
    """What single value of each field stretches of the baseline hold."""
    return {name: usual_share(stretch.field(binning, name) for stretch in stretches) for name in binning.names}


def _confidence(baseline: pd.DataFrame, windows: NDArray[np.int64]) -> Confidence:
    """How far limits can be relied on, by the baseline's windows and, where there is a clock, the time it covers."""
    n_windows = int(windows.max()) + 1
    if "timestamp" not in baseline.columns:
        return confidence_in(n_windows, None, 0.0)
    hours = baseline["timestamp"].astype("datetime64[us]").to_numpy(np.int64) / 3.6e9
    spans = [np.ptp(hours[windows == position]) for position in range(n_windows)]
    return confidence_in(n_windows, float(np.ptp(hours)), float(np.median(spans)))


def _known_from_labels(baseline: pd.DataFrame, binning: Binning, total: Profile) -> _Labelled:
    if "score" not in baseline.columns:
        layout = performance_layout("regression", None)
        performance = _labelled(baseline, layout)
        return _Labelled(layout, fit_calibration(layout, performance), performance)
    bins = binning.bins_of("score")
    if not isinstance(bins, NumericBins):
        raise TypeError("the scores of a stream are numbers")
    layout = performance_layout("binary", Classes(CLASSES, CLASSES[1]), {"score": bins.edges})
    both = add(_labelled(baseline, layout), _scored(baseline, layout))
    return _Labelled(layout, fit_calibration(layout, both, bin_scores(layout, binning, total)), both)


def _scored(rows: pd.DataFrame, layout: Layout) -> PerformanceProfile:
    prediction, score = rows[PREDICTION].to_numpy(np.int64), rows["score"].to_numpy(np.float64)
    (found,) = profile_predictions(layout, prediction, score)
    return found


def _labelled(rows: pd.DataFrame, layout: Layout) -> PerformanceProfile:
    kind = np.float64 if layout.task == "regression" else np.int64
    prediction, label = (rows[name].to_numpy(kind) for name in (PREDICTION, "label"))
    score = rows["score"].to_numpy(np.float64) if layout.score_edges else None
    (found,) = profile_performance(layout, prediction, score, label)
    return found


def _ratio(finding: Finding) -> float:
    if finding.value is None or not finding.threshold:
        return 0.0
    return finding.value / finding.threshold


def columns_of(rows: pd.DataFrame, kinds: Mapping[str, FieldKind]) -> dict[str, Column]:
    """The rows as detectors take them, with what was predicted; NaN is missing."""
    found: dict[str, Column] = {}
    for name, kind in kinds.items():
        if kind == "numeric":
            values = rows[name].to_numpy(np.float64)
            found[name] = NumericColumn.of(values, np.isnan(values))
        else:
            categories = rows[name].cat
            vocabulary = tuple(str(text) for text in categories.categories)
            found[name] = CategoryColumn(categories.codes.to_numpy().astype(np.int32), vocabulary)
    if PREDICTION not in found:
        found[PREDICTION] = CategoryColumn(rows[PREDICTION].to_numpy(np.int32), CLASSES)
    return found
