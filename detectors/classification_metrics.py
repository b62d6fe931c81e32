"""Metrics of classifiers, from the table and the score bins of a performance profile.

Only rows whose label is a declared class and that have a prediction (or a score, where the metric is of scores) are
counted. A predicted class that is not declared is a wrong prediction. In a multiclass model precision, recall, F1 and
ROC AUC are plain means over the classes that occur among the labels (macro average).
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from detectors.estimates import Estimate, mean, share, undefined
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile

Table = NDArray[np.int64]
# Of one class against the rest: true positives, false positives, false negatives.
Outcome = tuple[int, int, int]


def accuracy(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Share of rows whose predicted class is the label; binomial standard error."""
    table = _table(profile, layout)
    n = int(table.sum())
    return share(int(np.trace(table)), n) if n else undefined(0, _no_rows(profile, layout))


def precision(profile: PerformanceProfile, layout: Layout, leave_out: Iterable[str] = ()) -> Estimate:
    """TP / (TP + FP): the share of predicted positives that are positive; binomial standard error."""
    return _over_classes(profile, layout, _precision, leave_out)


def recall(profile: PerformanceProfile, layout: Layout, leave_out: Iterable[str] = ()) -> Estimate:
    """TP / (TP + FN): the share of positives that are predicted so; binomial standard error."""
    return _over_classes(profile, layout, _recall, leave_out)


def f1(profile: PerformanceProfile, layout: Layout, leave_out: Iterable[str] = ()) -> Estimate:
    """2 TP / (2 TP + FP + FN).

    F1 = 2 t / (1 + t) with t = TP / (TP + FP + FN), a binomial share; the standard error is that of t times
    2 / (1 + t)^2 (delta method).
    """
    return _over_classes(profile, layout, _f1, leave_out)


def roc_auc(profile: PerformanceProfile, layout: Layout, leave_out: Iterable[str] = ()) -> Estimate:
    """Chance that a random row of the class has a higher score than a random other row; equal bins count one half.

    Standard error: Hanley and McNeil, Radiology 143 (1982).
    """
    n = _scored(profile, layout)
    if not n:
        return undefined(0, _no_scores(profile, layout))
    aucs = []
    for position, code in enumerate(layout.score_classes):
        without, with_class = profile.counts[layout.labelled_scores(position)].reshape(2, 3, -1).sum(axis=1)
        aucs.append((layout.known_classes.labels[code], _auc(without, with_class)))
    if layout.task == "binary":
        auc = aucs[0][1]
        return auc if auc.value is not None else undefined(n, _one_class(profile, layout))
    return _macro(aucs, n, leave_out)


def log_loss(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Mean of -ln of the probability given to the label, kept 1e-15 away from 0 and 1; error s / sqrt(n)."""
    return _mean_of_scores(profile, layout, "log_loss")


def brier(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Mean squared distance of the probabilities from the label (0 or 1), summed over classes; error s / sqrt(n)."""
    return _mean_of_scores(profile, layout, "brier")


def n_unknown_labels(profile: PerformanceProfile, layout: Layout) -> int:
    """Rows whose label is no declared class."""
    return int(profile.counts[layout.table].reshape(layout.table_shape)[-1].sum())


def n_outside(profile: PerformanceProfile, layout: Layout) -> int:
    """Rows with a score below 0 or above 1, which log loss and Brier score read as 0 or 1."""
    return int(profile.counts[layout.outside])


def _table(profile: PerformanceProfile, layout: Layout) -> Table:
    """Label by prediction, without labels of unknown classes and rows without a prediction."""
    return profile.counts[layout.table].reshape(layout.table_shape)[:-1, :-1]


def _over_classes(
    profile: PerformanceProfile, layout: Layout, metric: Callable[[Outcome, str], Estimate], leave_out: Iterable[str]
) -> Estimate:
    table = _table(profile, layout)
    n = int(table.sum())
    if not n:
        return undefined(0, _no_rows(profile, layout))
    classes = layout.known_classes
    if layout.task == "binary":
        found = metric(_outcome(table, classes.positive_code), str(classes.positive))
        return Estimate(found.value, found.standard_error, n, found.reason)
    values = []
    for code, label in enumerate(classes.labels):
        if not table[code].any():
            values.append((label, undefined(0, f"no row is labelled {label}")))
            continue
        found = metric(_outcome(table, code), label)
        # A class that occurs but is never predicted has not been found at all.
        values.append((label, found if found.value is not None else Estimate(0.0, 0.0, n)))
    return _macro(values, n, leave_out)


def _outcome(table: Table, code: int) -> Outcome:
    hits = int(table[code, code])
    return hits, int(table[:, code].sum()) - hits, int(table[code].sum()) - hits


def _precision(outcome: Outcome, label: str) -> Estimate:
    hits, false, _ = outcome
    return share(hits, hits + false) if hits + false else undefined(0, f"no row is predicted to be {label}")


def _recall(outcome: Outcome, label: str) -> Estimate:
    hits, _, missed = outcome
    return share(hits, hits + missed) if hits + missed else undefined(0, f"no row is labelled {label}")


def _f1(outcome: Outcome, label: str) -> Estimate:
    hits, false, missed = outcome
    n = hits + false + missed
    if not n:
        return undefined(0, f"no row is labelled or predicted to be {label}")
    part = share(hits, n)
    slope = 2 / (1 + hits / n) ** 2
    return Estimate(2 * hits / (2 * hits + false + missed), slope * (part.standard_error or 0.0), n)


def _auc(without: NDArray[np.int64], with_class: NDArray[np.int64]) -> Estimate:
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


def _macro(values: list[tuple[str, Estimate]], n: int, leave_out: Iterable[str]) -> Estimate:
    """The mean over classes where the metric is defined; their errors are taken to be independent."""
    without = set(leave_out)
    kept = [found for label, found in values if found.value is not None and label not in without]
    left_out = tuple(label for label, found in values if found.value is None or label in without)
    if not kept:
        return undefined(n, "no class can be judged: " + "; ".join(sorted({found.reason for _, found in values})))
    value = sum(found.value or 0.0 for found in kept) / len(kept)
    error = math.sqrt(sum((found.standard_error or 0.0) ** 2 for found in kept)) / len(kept)
    return Estimate(value, error, n, left_out=left_out)


def _mean_of_scores(profile: PerformanceProfile, layout: Layout, name: str) -> Estimate:
    n = _scored(profile, layout)
    if not n:
        return undefined(0, _no_scores(profile, layout))
    total, squares = (float(profile.sums[layout.sum_names.index(key)]) for key in (name, f"{name}^2"))
    return mean(total, squares, n)


def _scored(profile: PerformanceProfile, layout: Layout) -> int:
    return int(profile.counts[layout.scored])


def _one_class(profile: PerformanceProfile, layout: Layout) -> str:
    classes = layout.known_classes
    positive = profile.counts[layout.labelled_scores(0)].reshape(2, -1)[1].any()
    only = classes.labels[classes.positive_code if positive else 1 - classes.positive_code]
    return f"every labelled row is of class {only}, and ROC AUC needs rows of both classes"


def _no_rows(profile: PerformanceProfile, layout: Layout) -> str:
    labelled = profile.n_labelled
    if not labelled:
        return "no row has a label yet"
    if n_unknown_labels(profile, layout) == labelled:
        return f"no label is one of the classes {', '.join(layout.known_classes.labels)}: check what is sent as labels"
    return "no labelled row has a prediction"


def _no_scores(profile: PerformanceProfile, layout: Layout) -> str:
    if not layout.score_edges:
        return "the model gives no scores"
    table = profile.counts[layout.table].reshape(layout.table_shape)
    if not table[:-1].any():
        return _no_rows(profile, layout)
    return "no labelled row has a score"
