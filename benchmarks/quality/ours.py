"""modelwatch as a contender: what the service says of a window with its defaults, without a store.

Thresholds are calibrated to a budget of one false alarm a month of thirty windows, all spent on single windows: the
windows of the contest are drawn one by one, so that a field's being high twice in a row means nothing. Importance is
what the service finds by itself in the baseline's rows; the permutation importance that is offered is left alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmarks.quality.contenders import Verdict, output_of, with_output
from benchmarks.quality.sources import FieldKind
from benchmarks.quality.together import PART as PAIRS
from benchmarks.quality.together import Together
from detectors.accord import grouped_rows
from detectors.binning import Binning, choose_binning
from detectors.calibration import Calibration, calibrate
from detectors.calibration_map import Calibration as ScoreMeaning
from detectors.calibration_map import bin_scores, fit_calibration
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.drift import MIN_ROWS, drift_findings
from detectors.drift_limits import drift_limits
from detectors.drift_methods import DEFAULT_METHODS
from detectors.drift_scale import DriftScale, count_matrix, drift_scale
from detectors.estimation import estimated_metric, unknown_scores
from detectors.findings import Finding
from detectors.importance import IMPORTANT, association
from detectors.performance import performance_findings
from detectors.performance_layout import Layout, performance_layout
from detectors.performance_profile import Classes, PerformanceProfile, add, profile_performance, profile_predictions
from detectors.profile import Profile, profile
from detectors.profile_groups import profile_groups
from detectors.quality import quality_findings
from detectors.severity import field_costs
from detectors.slot_sample import sample_slots
from detectors.stakes import stakes_of
from detectors.stream_drift import KnownModel, stream_drift
from detectors.stuck import usual_share
from detectors.trust import Known, trust

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
    calibration: Calibration | None
    usual_shares: Mapping[str, float]
    model: KnownModel
    together: Together


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
        self._learnt = _Learnt(
            kinds=fields,
            fields=tuple(fields),
            binning=binning,
            profile=total,
            scale=scale,
            calibration=calibrate(
                scale, sample, count_matrix(stretches, binning), total.counts, int(rng.integers(2**31))
            ),
            usual_shares={
                name: usual_share(stretch.field(binning, name) for stretch in stretches) for name in binning.names
            },
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

    def judge(self, window: pd.DataFrame) -> Verdict:
        known = self._learnt
        if known is None:
            raise ValueError("no baseline yet: call fit first")
        columns = columns_of(window, known.kinds)
        current = profile(known.binning, columns)
        limits = {}
        if known.calibration is not None:
            limits = dict(
                drift_limits(
                    known.scale, known.calibration, known.profile, [current], 2 * (1 - PAIRS) * SHARE, MIN_ROWS
                )
            )
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
        )
        pairs, parted = known.together.judged(columns, fields, SHARE)
        raised = [each for each in (*fields, *quality, pairs) if each.status in ("warning", "critical")]
        estimate, trusted = self._estimate(window, current, quality, parted)
        return Verdict(
            alarm=bool(raised),
            statistic=max(map(_ratio, (*fields, *quality, pairs)), default=0.0),
            severity=whole.severity_score or 0.0,
            pages=whole.status == "critical" or any(each.status == "critical" for each in (*quality, pairs)),
            fields=tuple(dict.fromkeys(each.field for each in raised if each.field is not None)),
            estimate=estimate,
            trusted=trusted,
            parted=pairs in raised,
        )

    def pages_by_labels(self, window: pd.DataFrame) -> bool:
        """Whether the performance monitor, with its default metrics, finds one critical once all labels are there."""
        known = self._baseline
        if known is None:
            raise ValueError("no baseline yet: call fit first")
        labelled = _labelled(window, known.layout)
        found = performance_findings(known.layout, known.performance, labelled, len(window))
        return any(each.status == "critical" for each in found)

    def _estimate(
        self, window: pd.DataFrame, current: Profile, quality: list[Finding], parted: tuple[str, ...]
    ) -> tuple[float | None, bool | None]:
        """The accuracy that is expected of the window, and whether it can be relied on."""
        known, scores = self._learnt, self._baseline
        if known is None or scores is None or not scores.meaning.maps:
            return None, None
        predicted = window["prediction"].to_numpy(np.int64)
        (counted,) = profile_predictions(scores.layout, predicted, window["score"].to_numpy(np.float64))
        found = estimated_metric(scores.layout, scores.meaning, counted, "accuracy")
        important = frozenset(name for name, share in known.model.importance.items() if share >= IMPORTANT)
        unknown = unknown_scores(scores.layout, scores.meaning, counted)
        verdict = trust(Known(tuple(quality), important, parted, unknown, ()))
        return found.value, verdict.trusted


def _known_from_labels(baseline: pd.DataFrame, binning: Binning, total: Profile) -> _Labelled:
    if "score" not in baseline.columns:
        layout = performance_layout("regression", None)
        performance = _labelled(baseline, layout)
        return _Labelled(layout, fit_calibration(layout, performance), performance)
    bins = binning.bins_of("score")
    layout = performance_layout("binary", Classes(CLASSES, CLASSES[1]), {"score": getattr(bins, "edges")})  # noqa: B009
    prediction, score = baseline[PREDICTION].to_numpy(np.int64), baseline["score"].to_numpy(np.float64)
    (everything,) = profile_predictions(layout, prediction, score)
    both = add(_labelled(baseline, layout), everything)
    return _Labelled(layout, fit_calibration(layout, both, bin_scores(layout, binning, total)), both)


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
