"""Performance before labels come: confidence-based estimation (CBPE) from the counts of predictions by score bin.

Calibrated scores say how often the model will turn out to be right, as long as scores mean what they meant at the
baseline. Everything is a function of additive counts: any window of the past can be estimated from stored profiles,
and the estimate is that over its rows, but for the width of a score bin.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from detectors.averages import ClassValue, macro, of_class, weighted
from detectors.calibration_map import Calibration
from detectors.confusion import CELL_METRICS, Cells, Derived, mean_worth, of_the_rest
from detectors.estimates import Estimate, undefined
from detectors.expected_scores import (
    Expected,
    Floats,
    ScoredRows,
    average_precision,
    brier,
    cell_metric,
    log_loss,
    of_cells,
    roc_auc,
)
from detectors.metrics import METRICS, Metric, metric_of_layout
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile

_BY_CLASS: dict[str, Callable[[ScoredRows], Expected]] = {
    **{name: cell_metric(name) for name in ("precision", "recall", "f1", "specificity")},
    "roc_auc": roc_auc,
    "average_precision": average_precision,
}
# Fewer expected rows of a class say nothing of it.
_LEAST_POSITIVES = 0.5


def estimable_metrics(layout: Layout) -> tuple[str, ...]:
    """The metrics of a classifier that can be estimated without labels; of each class too, like ``f1[gold]``."""
    return tuple(
        name for name, metric in METRICS.items() if layout.task in metric.tasks and _can_be_estimated(metric, layout)
    )


def estimated_metric(
    layout: Layout,
    calibration: Calibration,
    current: PerformanceProfile,
    metric: str,
    leave_out: Iterable[str] = (),
    business_value: Floats | None = None,
) -> Estimate:
    """The expected value of a metric over all scored rows of a profile, labelled or not.

    Its standard error is that of the value the labels will show: labels fall by chance, and the calibration was
    learnt from so many labels; both to first order (Poisson-binomial, delta method). Rows that are predicted to be no
    declared class count for metrics of scores alone.

    In a multiclass model each class has a map of its own; their chances are scaled by one factor so that the expected
    rows of all classes add up to the rows. Averages are over classes that at least half a row is expected of;
    ``leave_out`` names others to pass over. ``business_value`` as for ``metric_value``. ValueError where the metric
    is not one of the task, cannot be estimated, or a profile is of another layout.
    """
    known = metric_of_layout(metric, layout)
    if not _can_be_estimated(known, layout):
        offered = ", ".join(estimable_metrics(layout))
        raise ValueError(f"metric {metric!r} cannot be estimated without labels: use one of {offered}")
    found = _scored_rows(layout, calibration, current)
    if isinstance(found, Estimate):
        return found
    if known.base == "business_value":
        return _business_value(layout, found[0], business_value)
    if known.over == "all" and layout.task == "binary":
        return _estimate(found[0], _OF_BINARY[known.base](found[0]), layout, 0)
    if known.over == "all":
        return _total(found, _OF_MANY[known.base])
    if known.over == "micro":
        # Of rows with one label and one prediction each, all micro averages but this one are the accuracy.
        if known.base == "specificity":
            return _micro_specificity(_total(found, _hits), len(found))
        return _total(found, _hits)
    return _over_classes(layout, found, known, leave_out)


def unknown_scores(layout: Layout, calibration: Calibration, current: PerformanceProfile) -> float | None:
    """The share of scored rows with a score beyond all that had a label at the baseline; None where there is no row.

    High: the estimate rests on scores whose meaning nobody knows. The largest over the classes.
    """
    found = _scored_rows(layout, calibration, current)
    if isinstance(found, Estimate):
        return None
    return max(float(rows.counts[:, ~rows.calibration.labelled].sum()) / rows.n for rows in found)


def _scored_rows(layout: Layout, calibration: Calibration, current: PerformanceProfile) -> list[ScoredRows] | Estimate:
    """The rows of each score, or why nothing can be estimated."""
    for fingerprint in (calibration.fingerprint, current.fingerprint):
        if fingerprint != layout.fingerprint:
            raise ValueError("the performance profile was counted with another layout: count its rows again")
    if not calibration.maps:
        return undefined(0, calibration.reason)
    rows = [
        ScoredRows(current.counts[layout.all_scores(position)].reshape(3, -1).astype(np.float64), of_score)
        for position, of_score in enumerate(calibration.maps)
    ]
    n = rows[0].n
    if not n:
        return undefined(0, "no row has a score")
    if layout.task == "binary":
        return rows
    expected = sum(float(each.positives.sum()) for each in rows)
    scale = n / expected if expected else 1.0
    return [ScoredRows(each.counts, each.calibration, scale) for each in rows]


def _total(rows: Sequence[ScoredRows], metric: Callable[[ScoredRows], Expected]) -> Estimate:
    """A metric that is the sum of what each score adds to it; errors are taken to be independent between scores."""
    parts = [metric(each) for each in rows]
    for part in parts:
        if part.value is None:
            return undefined(round(rows[0].n), part.reason)
    errors = [each.standard_error(part.slopes) for each, part in zip(rows, parts, strict=True)]
    return Estimate(sum(part.value or 0.0 for part in parts), math.hypot(*errors), round(rows[0].n))


def _hits(rows: ScoredRows) -> Expected:
    """The part of accuracy that one class of many contributes: its true positives over all rows."""
    return of_cells(rows, _hit_share)


def _hit_share(cells: Cells) -> Derived:
    n = sum(cells)
    if not n:
        return Derived(None, Cells(0.0, 0.0, 0.0, 0.0), "no row has a prediction")
    # The number of rows is no matter of chance.
    return Derived(cells.tp / n, Cells(1 / n, 0.0, 0.0, 0.0))


def _micro_specificity(accuracy: Estimate, n_classes: int) -> Estimate:
    """Of K classes a wrong row is one false positive among its K - 1 negatives."""
    if accuracy.value is None or accuracy.standard_error is None:
        return accuracy
    return Estimate(1 - (1 - accuracy.value) / (n_classes - 1), accuracy.standard_error / (n_classes - 1), accuracy.n)


_OF_BINARY: dict[str, Callable[[ScoredRows], Expected]] = {
    **{name: cell_metric(name) for name in ("accuracy", "balanced_accuracy", "mcc")},
    "log_loss": partial(log_loss, binary=True),
    "brier": brier,
}
_OF_MANY: dict[str, Callable[[ScoredRows], Expected]] = {
    "accuracy": _hits,
    "log_loss": partial(log_loss, binary=False),
    "brier": brier,
}


def _can_be_estimated(metric: Metric, layout: Layout) -> bool:
    if metric.over != "all":
        return metric.base in _BY_CLASS
    if layout.task == "binary":
        return metric.base in _OF_BINARY or metric.base == "business_value"
    return metric.base in _OF_MANY


def _business_value(layout: Layout, rows: ScoredRows, values: Floats | None) -> Estimate:
    if values is None:
        return undefined(0, "the model file says nothing of what a prediction is worth")
    yes = layout.known_classes.positive_code
    no = 1 - yes
    # Values are by label and prediction.
    worth = Cells(float(values[yes, yes]), float(values[no, yes]), float(values[yes, no]), float(values[no, no]))
    return _estimate(rows, of_cells(rows, partial(mean_worth, worth=worth)), layout, 0)


def _over_classes(layout: Layout, rows: Sequence[ScoredRows], metric: Metric, leave_out: Iterable[str]) -> Estimate:
    """The metric of the positive class, or of one or the average over the classes of a multiclass model."""
    if layout.task == "binary":
        return _of_binary(layout, rows[0], metric)
    labels, values = layout.known_classes.labels, []
    for position, each in enumerate(rows):
        support = float(each.positives.sum())
        found = _estimate(each, _BY_CLASS[metric.base](each), layout, position)
        if support < _LEAST_POSITIVES and metric.over != "class":
            found = undefined(found.n, f"no row is expected to be {labels[position]}")
        values.append(ClassValue(labels[position], found, support))
    if metric.over == "class":
        return of_class(values, metric.of_class)
    return (weighted if metric.over == "weighted" else macro)(values, round(rows[0].n), leave_out)


def _of_binary(layout: Layout, rows: ScoredRows, metric: Metric) -> Estimate:
    """The metric of the positive class, or of the other one where the name asks for it: the same table, turned."""
    if metric.over != "class" or metric.of_class == layout.known_classes.positive:
        return _estimate(rows, _BY_CLASS[metric.base](rows), layout, 0)
    return _estimate(rows, of_cells(rows, of_the_rest(CELL_METRICS[metric.base])), layout, 0)


def _estimate(rows: ScoredRows, expected: Expected, layout: Layout, position: int) -> Estimate:
    n = round(rows.n)
    if expected.value is None:
        label = layout.known_classes.labels[layout.score_classes[position]]
        return undefined(n, expected.reason.format(label=label))
    return Estimate(expected.value, rows.standard_error(expected.slopes), n)
