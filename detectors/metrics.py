"""The performance metrics by name: what each needs, which way is better, and its value for a profile."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from detectors import classification_metrics, regression_metrics
from detectors.estimates import Estimate
from detectors.performance_layout import Layout, Task
from detectors.performance_profile import PerformanceProfile

__all__ = ["METRICS", "Estimate", "Metric", "default_metrics", "known_metric", "metric_value"]

_CLASSIFICATION: tuple[Task, ...] = ("binary", "multiclass")
_REGRESSION: tuple[Task, ...] = ("regression",)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name and title, the tasks it is for, and how its values are to be read.

    ``unit``: a ``share`` lies between 0 and 1 and changes by points; a ``loss`` has a scale of its own and changes in
    proportion. ``macro``: an average over the classes that occur.
    """

    name: str
    title: str
    tasks: tuple[Task, ...]
    unit: Literal["share", "loss"]
    higher_is_better: bool
    needs_scores: bool = False
    macro: bool = False


_ALL = (
    Metric("accuracy", "accuracy", _CLASSIFICATION, "share", higher_is_better=True),
    Metric("precision", "precision", _CLASSIFICATION, "share", higher_is_better=True, macro=True),
    Metric("recall", "recall", _CLASSIFICATION, "share", higher_is_better=True, macro=True),
    Metric("f1", "F1", _CLASSIFICATION, "share", higher_is_better=True, macro=True),
    Metric("roc_auc", "ROC AUC", _CLASSIFICATION, "share", higher_is_better=True, needs_scores=True, macro=True),
    Metric("log_loss", "log loss", _CLASSIFICATION, "loss", higher_is_better=False, needs_scores=True),
    Metric("brier", "Brier score", _CLASSIFICATION, "loss", higher_is_better=False, needs_scores=True),
    Metric("mae", "MAE", _REGRESSION, "loss", higher_is_better=False),
    Metric("rmse", "RMSE", _REGRESSION, "loss", higher_is_better=False),
    Metric("mape", "MAPE", _REGRESSION, "loss", higher_is_better=False),
    Metric("r2", "R2", _REGRESSION, "share", higher_is_better=True),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}

_NOT_BY_DEFAULT = {"brier", "mape", "r2"}

_PLAIN: dict[str, Callable[[PerformanceProfile, Layout], Estimate]] = {
    "accuracy": classification_metrics.accuracy,
    "log_loss": classification_metrics.log_loss,
    "brier": classification_metrics.brier,
    "mae": regression_metrics.mae,
    "rmse": regression_metrics.rmse,
    "mape": regression_metrics.mape,
    "r2": regression_metrics.r2,
}
_OVER_CLASSES: dict[str, Callable[[PerformanceProfile, Layout, Iterable[str]], Estimate]] = {
    "precision": classification_metrics.precision,
    "recall": classification_metrics.recall,
    "f1": classification_metrics.f1,
    "roc_auc": classification_metrics.roc_auc,
}


def default_metrics(layout: Layout) -> tuple[str, ...]:
    """What is computed where nothing is asked for: accuracy, precision, recall, F1, and ROC AUC and log loss where
    the model gives scores; MAE and RMSE for regression.
    """
    return tuple(
        metric.name
        for metric in _ALL
        if layout.task in metric.tasks
        and metric.name not in _NOT_BY_DEFAULT
        and (layout.score_edges or not metric.needs_scores)
    )


def known_metric(name: str, task: Task) -> Metric:
    """The metric of that name; ValueError names those of the task where there is none."""
    metric = METRICS.get(name)
    if metric is None or task not in metric.tasks:
        offered = ", ".join(other.name for other in _ALL if task in other.tasks)
        raise ValueError(f"metric {name!r} is not known for a {task} model: use one of {offered}")
    return metric


def metric_value(profile: PerformanceProfile, layout: Layout, metric: str, leave_out: Iterable[str] = ()) -> Estimate:
    """The metric over a profile's rows, with its standard error, or the reason why it is undefined.

    ``leave_out`` are classes that an average over classes passes over. ValueError where the metric is not one of the
    task, or the profile is not of the layout.
    """
    known_metric(metric, layout.task)
    if profile.fingerprint != layout.fingerprint:
        raise ValueError("the performance profile was counted with another layout: count its rows again")
    if metric in _OVER_CLASSES:
        return _OVER_CLASSES[metric](profile, layout, leave_out)
    return _PLAIN[metric](profile, layout)
