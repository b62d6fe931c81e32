"""The interval of a performance metric over one window: what the metric would be over ever more rows like these."""

import math

from scipy.special import ndtri

from detectors.estimates import Estimate
from detectors.intervals import CONFIDENCE, Interval, mean_interval, roc_auc_interval, wilson
from detectors.metrics import Metric

_RANKING = ("roc_auc", "average_precision")
_MEANS = ("log_loss", "brier", "mae", "mape", "business_value")
# A metric that is no share of rows may still have ends.
_ENDS: dict[str, tuple[float, float]] = {
    "mcc": (-1.0, 1.0),
    "r2": (-math.inf, 1.0),
    "error_p50": (0.0, math.inf),
    "error_p90": (0.0, math.inf),
}

ONE_ROW = "the standard error is not known, which takes two rows at least"
NO_SCATTER = "all rows count alike, so their scatter is not known"


def metric_interval(metric: Metric, found: Estimate, confidence: float = CONFIDENCE) -> Interval:
    """The interval that holds the true value of ``metric`` with this confidence, for one look at one window.

    Shares of rows (accuracy, precision, recall, specificity): Wilson. F1 = 2t / (1 + t): that of t, which is a share.
    ROC AUC and average precision: value +- z standard errors on the scale of the logit (for the second Boyd, Eng and
    Page 2013). Means of losses and values: Student; RMSE: the root of that of the mean square. All others, averages
    over classes and estimates among them: value +- z standard errors, cut at the ends of the metric. Undefined where
    the value or its error is.
    """
    if found.value is None:
        return Interval(None, None, confidence, found.reason)
    if found.trials is not None:
        return _of_share(metric, found.value, found.trials, confidence)
    if found.standard_error is None or not math.isfinite(found.standard_error):
        return Interval(None, None, confidence, ONE_ROW)
    if found.standard_error == 0:
        return Interval(None, None, confidence, NO_SCATTER)
    if metric.base in _RANKING:
        return roc_auc_interval(found.value, found.standard_error, confidence)
    if metric.base in _MEANS:
        return mean_interval(found.value, found.standard_error, found.n, confidence)
    if metric.base == "rmse":
        return _of_root(found.value, found.standard_error, found.n, confidence)
    low, high = _ENDS.get(metric.base, (0.0, 1.0))
    half = float(ndtri((1 + confidence) / 2)) * found.standard_error
    return Interval(max(found.value - half, low), min(found.value + half, high), confidence)


def _of_share(metric: Metric, value: float, trials: int, confidence: float) -> Interval:
    if metric.base != "f1" or metric.over == "micro":
        return wilson(round(value * trials), trials, confidence)
    part = wilson(round(value / (2 - value) * trials), trials, confidence)
    if part.low is None or part.high is None:
        return part
    return Interval(2 * part.low / (1 + part.low), 2 * part.high / (1 + part.high), confidence)


def _of_root(value: float, standard_error: float, n: int, confidence: float) -> Interval:
    square = mean_interval(value * value, 2 * value * standard_error, n, confidence)
    if square.low is None or square.high is None:
        return square
    return Interval(math.sqrt(max(square.low, 0.0)), math.sqrt(square.high), confidence)
