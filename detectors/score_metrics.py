"""Metrics of a classifier's scores with labels, from the score bins and sums of losses of a performance profile.

Only rows whose label is a declared class and that have a usable score are counted.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from detectors.averages import ClassValue
from detectors.classification_metrics import no_rows
from detectors.estimates import Estimate, mean, undefined
from detectors.performance_layout import Layout, bin_middles
from detectors.performance_profile import PerformanceProfile

CALIBRATION_GROUPS = 10

Counts = NDArray[np.int64]


def log_loss(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Mean of -ln of the probability given to the label, kept 1e-15 away from 0 and 1; error s / sqrt(n)."""
    return _mean_of_scores(profile, layout, "log_loss")


def brier(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Mean squared distance of the probabilities from the label (0 or 1), summed over classes; error s / sqrt(n)."""
    return _mean_of_scores(profile, layout, "brier")


def calibration_error(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Expected calibration error: how far, on average, a score is from the share of rows of the class at that score.

    sum over groups of rows / n times |mean score - share of the class|; ten groups of neighbouring score bins with
    about equally many rows each (Naeini, Cooper and Hauskrecht 2015; equal mass: Nixon et al. 2019), the middle of a
    bin standing for its rows. In a multiclass model the mean over the classes. A calibrated model of n rows does not
    get 0 but what chance brings, so the standard error contains that surplus, sqrt(2 / pi) times the errors of the
    shares.
    """
    n = n_scored(profile, layout)
    if not n:
        return undefined(0, no_scores(profile, layout))
    found = [
        _calibration(*_by_label(profile, layout, position), bin_middles(layout.score_edges[position]))
        for position in range(len(layout.score_edges))
    ]
    value = sum(value for value, _ in found) / len(found)
    return Estimate(value, math.hypot(*(error for _, error in found)) / len(found), n)


def class_values(profile: PerformanceProfile, layout: Layout, metric: str) -> list[ClassValue]:
    """ROC AUC or average precision of every score, that is of every class (of a binary model: the positive one).

    ROC AUC is the chance that a random row of the class has a higher score than a random other row; equal bins count
    one half; standard error: Hanley and McNeil, Radiology 143 (1982). Average precision is the sum over thresholds,
    one a bin, of precision times the rise of recall; standard error sqrt(v (1 - v) / positives): Boyd, Eng and Page
    2013.
    """
    values = []
    for position, code in enumerate(layout.score_classes):
        without, with_class = _by_label(profile, layout, position)
        found = _METRICS[metric](without, with_class)
        values.append(ClassValue(layout.known_classes.labels[code], found, float(with_class.sum())))
    return values


def n_scored(profile: PerformanceProfile, layout: Layout) -> int:
    """Rows with a label of a declared class and a usable score."""
    return int(profile.counts[layout.scored])


def one_class(profile: PerformanceProfile, layout: Layout) -> str:
    """The reason why a binary model has no ROC AUC."""
    classes = layout.known_classes
    positive = _by_label(profile, layout, 0)[1].any()
    only = classes.labels[classes.positive_code if positive else 1 - classes.positive_code]
    return f"every labelled row is of class {only}, and ROC AUC needs rows of both classes"


def no_scores(profile: PerformanceProfile, layout: Layout) -> str:
    """Why there is no row with a label and a score."""
    if not layout.score_edges:
        return "the model gives no scores"
    table = profile.counts[layout.table].reshape(layout.table_shape)
    if not table[:-1].any():
        return no_rows(profile, layout)
    return "no labelled row has a score"


def _by_label(profile: PerformanceProfile, layout: Layout, position: int) -> tuple[Counts, Counts]:
    """Rows of each bin without and with the class of a score."""
    without, with_class = profile.counts[layout.labelled_scores(position)].reshape(2, 3, -1).sum(axis=1)
    return without, with_class


def _auc(without: Counts, with_class: Counts) -> Estimate:
    negatives, positives = int(without.sum()), int(with_class.sum())
    if not positives or not negatives:
        return undefined(0, "all labelled rows are of one class")
    below = np.cumsum(without) - without / 2
    auc = float(with_class @ below) / (positives * negatives)
    squared = auc * auc
    above_two, below_two = auc / (2 - auc), 2 * squared / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (above_two - squared) + (negatives - 1) * (below_two - squared)
    error = math.sqrt(max(variance, 0.0) / (positives * negatives))
    return Estimate(auc, error, positives + negatives)


def _average_precision(without: Counts, with_class: Counts) -> Estimate:
    positives = int(with_class.sum())
    if not positives:
        return undefined(0, "no labelled row is of the class")
    hits, taken = with_class[::-1].cumsum(), (without + with_class)[::-1].cumsum()
    value = float(with_class[::-1] @ (hits / np.maximum(taken, 1))) / positives
    return Estimate(value, math.sqrt(value * (1 - value) / positives), positives + int(without.sum()))


_METRICS: dict[str, Callable[[Counts, Counts], Estimate]] = {
    "roc_auc": _auc,
    "average_precision": _average_precision,
}


def _calibration(without: Counts, with_class: Counts, middles: NDArray[np.float64]) -> tuple[float, float]:
    """The calibration error of one score, and its standard error."""
    rows = without + with_class
    n = int(rows.sum())
    # A bin belongs to the group in which the middle of its rows lies.
    group = np.minimum(((np.cumsum(rows) - rows / 2) * CALIBRATION_GROUPS / n).astype(np.int64), CALIBRATION_GROUPS - 1)
    size = np.bincount(group, weights=rows, minlength=CALIBRATION_GROUPS)
    hits = np.bincount(group, weights=with_class, minlength=CALIBRATION_GROUPS)
    scores = np.bincount(group, weights=rows * middles, minlength=CALIBRATION_GROUPS)
    value = float(np.abs(scores - hits).sum()) / n
    p = (hits + 0.5) / (size + 1)
    errors = np.sqrt(p * (1 - p) * size) / n
    return value, math.hypot(float(np.sqrt((errors**2).sum())), math.sqrt(2 / math.pi) * float(errors.sum()))


def _mean_of_scores(profile: PerformanceProfile, layout: Layout, name: str) -> Estimate:
    n = n_scored(profile, layout)
    if not n:
        return undefined(0, no_scores(profile, layout))
    total, squares = (float(profile.sums[layout.sum_names.index(key)]) for key in (name, f"{name}^2"))
    return mean(total, squares, n)
