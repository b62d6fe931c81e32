"""The performance metrics by name: what each needs, which way is better, and its value for a profile.

A metric that every class has is of the positive class in a binary model and the plain mean over the classes (macro) in
a multiclass one. ``f1_micro`` adds up the cells of all classes first, ``f1_weighted`` weighs classes by their rows, and
``f1[gold]`` is that of one class.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detectors import classification_metrics, regression_metrics, score_metrics
from detectors.averages import ClassValue, macro, of_class, weighted
from detectors.estimates import Estimate, undefined
from detectors.performance_layout import Layout, Task
from detectors.performance_profile import PerformanceProfile

__all__ = ["METRICS", "Estimate", "Metric", "default_metrics", "known_metric", "metric_of_layout", "metric_value"]

_CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")
_REGRESSION: tuple[Task, ...] = ("regression",)

Over = Literal["all", "macro", "micro", "weighted", "class"]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name and title, the tasks it is for, and how its values are to be read.

    ``unit``: a ``share`` lies between 0 and 1 (or -1 and 1) and changes by points; a ``loss`` and a ``value`` have a
    scale of their own and change in proportion. ``base`` is the name without its average; ``over`` says what classes
    it is of, ``of_class`` the class where it is of one. ``higher_is_better``: which way is worse.
    """

    name: str
    title: str
    tasks: tuple[Task, ...]
    unit: Literal["share", "loss", "value"]
    higher_is_better: bool
    needs_scores: bool = False
    over: Over = "all"
    base: str = ""
    of_class: str = ""


_BASES = (
    Metric("accuracy", "accuracy", _CLASSIFICATION, "share", higher_is_better=True),
    Metric("precision", "precision", _CLASSIFICATION, "share", higher_is_better=True, over="macro"),
    Metric("recall", "recall", _CLASSIFICATION, "share", higher_is_better=True, over="macro"),
    Metric("f1", "F1", _CLASSIFICATION, "share", higher_is_better=True, over="macro"),
    Metric("specificity", "specificity", _CLASSIFICATION, "share", higher_is_better=True, over="macro"),
    Metric("balanced_accuracy", "balanced accuracy", _CLASSIFICATION, "share", higher_is_better=True),
    Metric("mcc", "MCC", _CLASSIFICATION, "share", higher_is_better=True),
    Metric("business_value", "business value", _CLASSIFICATION, "value", higher_is_better=True),
    Metric("roc_auc", "ROC AUC", _CLASSIFICATION, "share", higher_is_better=True, needs_scores=True, over="macro"),
    Metric(
        "average_precision",
        "average precision",
        _CLASSIFICATION,
        "share",
        higher_is_better=True,
        needs_scores=True,
        over="macro",
    ),
    Metric("log_loss", "log loss", _CLASSIFICATION, "loss", higher_is_better=False, needs_scores=True),
    Metric("brier", "Brier score", _CLASSIFICATION, "loss", higher_is_better=False, needs_scores=True),
    Metric(
        "calibration_error", "calibration error", _CLASSIFICATION, "share", higher_is_better=False, needs_scores=True
    ),
    Metric("mae", "MAE", _REGRESSION, "loss", higher_is_better=False),
    Metric("rmse", "RMSE", _REGRESSION, "loss", higher_is_better=False),
    Metric("mape", "MAPE", _REGRESSION, "loss", higher_is_better=False),
    Metric("r2", "R2", _REGRESSION, "share", higher_is_better=True),
    Metric("error_p50", "median absolute error", _REGRESSION, "loss", higher_is_better=False),
    Metric("error_p90", "absolute error of 90 %", _REGRESSION, "loss", higher_is_better=False),
)
_OF_TABLE = ("precision", "recall", "f1", "specificity")


def _named_metrics() -> dict[str, Metric]:
    named: dict[str, Metric] = {}
    for metric in _BASES:
        named[metric.name] = replace(metric, base=metric.name)
        averages: tuple[Over, ...] = () if metric.over == "all" else ("micro", "weighted")
        for over in averages:
            if over == "micro" and metric.name not in _OF_TABLE:
                continue
            name, title = f"{metric.name}_{over}", f"{over} {metric.title}"
            named[name] = replace(metric, name=name, title=title, tasks=("multiclass",), over=over, base=metric.name)
    return named


METRICS: dict[str, Metric] = _named_metrics()

_BY_DEFAULT = ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "mae", "rmse")
_OF_ONE_CLASS = re.compile(r"([a-z0-9_]+)\[(.+)\]", re.DOTALL)

_PLAIN: dict[str, Callable[[PerformanceProfile, Layout], Estimate]] = {
    "accuracy": classification_metrics.accuracy,
    "mcc": classification_metrics.mcc,
    "log_loss": score_metrics.log_loss,
    "brier": score_metrics.brier,
    "calibration_error": score_metrics.calibration_error,
    "mae": regression_metrics.mae,
    "rmse": regression_metrics.rmse,
    "mape": regression_metrics.mape,
    "r2": regression_metrics.r2,
    "error_p50": regression_metrics.error_p50,
    "error_p90": regression_metrics.error_p90,
}


def default_metrics(layout: Layout) -> tuple[str, ...]:
    """What is computed where nothing is asked for: accuracy, precision, recall, F1, and ROC AUC and log loss where
    the model gives scores; MAE and RMSE for regression.
    """
    return tuple(
        name
        for name in _BY_DEFAULT
        if layout.task in METRICS[name].tasks and (layout.score_edges or not METRICS[name].needs_scores)
    )


def known_metric(name: str, task: Task) -> Metric:
    """The metric of that name; ValueError names those of the task where there is none.

    Whether the class of ``f1[gold]`` is one of the model is not looked at; ``metric_of_layout`` does.
    """
    metric = METRICS.get(name)
    match = _OF_ONE_CLASS.fullmatch(name)
    if match and (base := METRICS.get(match[1])) and base.over == "macro":
        metric = replace(base, name=name, title=f"{base.title} of {match[2]}", over="class", of_class=match[2])
    if metric is None or task not in metric.tasks:
        offered = ", ".join(other.name for other in METRICS.values() if task in other.tasks)
        raise ValueError(f"metric {name!r} is not known for a {task} model: use one of {offered}")
    return metric


def metric_of_layout(name: str, layout: Layout) -> Metric:
    """The metric of that name; ValueError where the task has none, or the model no such class."""
    metric = known_metric(name, layout.task)
    if metric.over == "class":
        labels = _classes_of(metric, layout)
        if metric.of_class not in labels:
            offered = ", ".join(labels)
            raise ValueError(f"metric {name!r}: {metric.of_class!r} is not one of the classes {offered}")
    return metric


def metric_value(
    profile: PerformanceProfile,
    layout: Layout,
    metric: str,
    leave_out: Iterable[str] = (),
    business_value: Values | None = None,
) -> Estimate:
    """The metric over a profile's rows, with its standard error, or the reason why it is undefined.

    ``leave_out`` are classes that an average over classes passes over. ``business_value`` (float64[K, K], by label and
    prediction) is what a row of each confusion cell is worth. ValueError where the metric is not one of the task, or
    the profile is not of the layout.
    """
    known = metric_of_layout(metric, layout)
    if profile.fingerprint != layout.fingerprint:
        raise ValueError("the performance profile was counted with another layout: count its rows again")
    if known.base in _PLAIN:
        return _PLAIN[known.base](profile, layout)
    if known.base == "balanced_accuracy":
        return classification_metrics.balanced_accuracy(profile, layout, leave_out)
    if known.base == "business_value":
        return _business_value(profile, layout, business_value)
    if known.over == "micro":
        return classification_metrics.micro(profile, layout, known.base)
    return _over_classes(profile, layout, known, leave_out)


def _classes_of(metric: Metric, layout: Layout) -> tuple[str, ...]:
    """The classes that a metric can be of: a binary model's scores speak for the positive one alone."""
    labels = layout.known_classes.labels
    return (str(layout.known_classes.positive),) if metric.needs_scores and layout.task == "binary" else labels


def _business_value(profile: PerformanceProfile, layout: Layout, values: Values | None) -> Estimate:
    if values is None:
        return undefined(0, "the model file says nothing of what a prediction is worth")
    n = len(layout.known_classes.labels)
    if values.shape != (n, n):
        raise ValueError(f"business_value of shape {values.shape}: want {n} x {n} numbers, by label and prediction")
    return classification_metrics.business_value(profile, layout, values)


def _over_classes(profile: PerformanceProfile, layout: Layout, metric: Metric, leave_out: Iterable[str]) -> Estimate:
    scores = metric.needs_scores
    n = score_metrics.n_scored(profile, layout) if scores else classification_metrics.n_predicted(profile, layout)
    if not n:
        why = score_metrics.no_scores if scores else classification_metrics.no_rows
        return undefined(0, why(profile, layout))
    values = (score_metrics if scores else classification_metrics).class_values(profile, layout, metric.base)
    if metric.over == "class":
        return of_class(values, metric.of_class)
    if layout.task == "binary":
        return _of_positive(profile, layout, metric, values, n)
    found = (weighted if metric.over == "weighted" else macro)(values, n, leave_out)
    if metric.base != "f1" or found.value is None:
        return found
    kept = [each for each in values if each.label not in found.left_out]
    weights = {each.label: each.support if metric.over == "weighted" else 1.0 for each in kept}
    return replace(found, standard_error=classification_metrics.f1_error(profile, layout, weights))


def _of_positive(
    profile: PerformanceProfile, layout: Layout, metric: Metric, values: list[ClassValue], n: int
) -> Estimate:
    found = of_class(values, str(layout.known_classes.positive))
    if found.value is None and metric.base == "roc_auc":
        return undefined(n, score_metrics.one_class(profile, layout))
    return replace(found, n=n)
