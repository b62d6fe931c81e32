"""Metrics of classifiers from the confusion table of a performance profile.

Only rows whose label is a declared class and that have a prediction are counted. A predicted class that is not
declared is a wrong prediction.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.averages import ClassValue, macro
from detectors.estimates import Estimate, share, undefined
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile

Table = NDArray[np.int64]
# Of one class against the rest: true positives, false positives, false negatives, true negatives.
Outcome = tuple[int, int, int, int]


def accuracy(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Share of rows whose predicted class is the label; binomial standard error."""
    table = confusion_table(profile, layout)
    n = int(table.sum())
    return share(int(np.trace(table)), n) if n else undefined(0, no_rows(profile, layout))


def balanced_accuracy(profile: PerformanceProfile, layout: Layout, leave_out: Iterable[str] = ()) -> Estimate:
    """Mean recall of the classes that occur: accuracy as if all were equally frequent."""
    found = macro(class_values(profile, layout, "recall"), n_predicted(profile, layout), leave_out)
    return found if found.n else undefined(0, no_rows(profile, layout))


def mcc(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """The correlation of prediction and label, -1 to 1; Matthews 1975, for more than two classes Gorodkin 2004.

    (c s - sum p t) / sqrt((s^2 - sum p^2)(s^2 - sum t^2)): c right of s rows, t labelled and p predicted rows a class.
    Standard error by the delta method, half a row added to each cell so that it is never 0.
    """
    table = confusion_table(profile, layout)
    n = int(table.sum())
    if not n:
        return undefined(0, no_rows(profile, layout))
    value = _correlation(np.vstack([table, np.zeros_like(table[0])]))[0]
    if not math.isfinite(value):
        return undefined(n, "all rows are predicted to be of one class, or are of one")
    padded = table[:, :-1] + 0.5
    slopes = _correlation(padded)[1]
    return Estimate(value, math.sqrt(float((padded * slopes**2).sum())), n)


def business_value(profile: PerformanceProfile, layout: Layout, values: NDArray[np.float64]) -> Estimate:
    """Mean over rows of what their (label, prediction) is worth; ``values`` is float64[K, K], by label and prediction.

    A row that is predicted to be no declared class is left out. Standard error s / sqrt(n).
    """
    table = confusion_table(profile, layout)[:, :-1]
    n = int(table.sum())
    if not n:
        return undefined(0, no_rows(profile, layout))
    value = float((table * values).sum()) / n
    if n == 1:
        return Estimate(value, None, n)
    return Estimate(value, math.sqrt(float((table * (values - value) ** 2).sum()) / n / (n - 1)), n)


def class_values(profile: PerformanceProfile, layout: Layout, metric: str) -> list[ClassValue]:
    """Precision, recall, F1 or specificity of every class against the rest, with binomial standard errors.

    F1 = 2 t / (1 + t) with t = TP / (TP + FP + FN), a binomial share; its standard error is that of t times
    2 / (1 + t)^2 (delta method). In a multiclass model a class that occurs but is never predicted has precision 0.
    """
    table = confusion_table(profile, layout)
    values = []
    for code, label in enumerate(layout.known_classes.labels):
        support = int(table[code].sum())
        found = _METRICS[metric](_outcome(table, code), label)
        if layout.task == "multiclass":
            if not support:
                found = undefined(0, f"no row is labelled {label}")
            elif found.value is None:
                # It has not been found at all.
                found = Estimate(0.0, 0.0, support)
        values.append(ClassValue(label, found, support))
    return values


def micro(profile: PerformanceProfile, layout: Layout, metric: str) -> Estimate:
    """Precision, recall, F1 or specificity over the cells of all classes added up."""
    table = confusion_table(profile, layout)
    n = int(table.sum())
    if not n:
        return undefined(0, no_rows(profile, layout))
    outcomes = [_outcome(table, code) for code in range(len(table))]
    tp, fp, fn, tn = (sum(cells) for cells in zip(*outcomes, strict=True))
    found = _METRICS[metric]((tp, fp, fn, tn), "a declared class")
    if metric == "f1":
        # A wrong row is missed by one class and false in another, but it is one row.
        found = replace(share(tp, n), value=found.value)
    return replace(found, n=n, trials=n)


def f1_error(profile: PerformanceProfile, layout: Layout, weights: Mapping[str, float]) -> float:
    """The standard error of a mean of F1 over classes with these weights, by label; weights are taken as known.

    A wrong row lowers the F1 of two classes, so their errors go together: delta method over the cells of the table.
    """
    table = confusion_table(profile, layout)
    slopes = np.zeros(table.shape)
    for code, label in enumerate(layout.known_classes.labels):
        rows = float(table[code].sum() + table[:, code].sum())
        weight = weights.get(label, 0.0) / sum(weights.values())
        if not weight or not rows:
            continue
        lost = 2 * weight * float(table[code, code]) / rows**2
        slopes[code, :] -= lost
        slopes[:, code] -= lost
        slopes[code, code] += 2 * weight / rows
    return math.sqrt(float((table * slopes**2).sum()))


def n_unknown_labels(profile: PerformanceProfile, layout: Layout) -> int:
    """Rows whose label is no declared class."""
    return int(profile.counts[layout.table].reshape(layout.table_shape)[-1].sum())


def n_predicted(profile: PerformanceProfile, layout: Layout) -> int:
    """Rows with a label of a declared class and a prediction."""
    return int(confusion_table(profile, layout).sum())


def confusion_table(profile: PerformanceProfile, layout: Layout) -> Table:
    """Label by prediction (K x K + 1, the last column other), without unknown labels and rows without a prediction."""
    return profile.counts[layout.table].reshape(layout.table_shape)[:-1, :-1]


def no_rows(profile: PerformanceProfile, layout: Layout) -> str:
    """Why there is no row with a label and a prediction."""
    labelled = profile.n_labelled
    if not labelled:
        return "no row has a label yet"
    if n_unknown_labels(profile, layout) == labelled:
        return f"no label is one of the classes {', '.join(layout.known_classes.labels)}: check what is sent as labels"
    return "no labelled row has a prediction"


def _outcome(table: Table, code: int) -> Outcome:
    hits = int(table[code, code])
    false, missed = int(table[:, code].sum()) - hits, int(table[code].sum()) - hits
    return hits, false, missed, int(table.sum()) - hits - false - missed


def _precision(outcome: Outcome, label: str) -> Estimate:
    hits, false, _, _ = outcome
    return share(hits, hits + false) if hits + false else undefined(0, f"no row is predicted to be {label}")


def _recall(outcome: Outcome, label: str) -> Estimate:
    hits, _, missed, _ = outcome
    return share(hits, hits + missed) if hits + missed else undefined(0, f"no row is labelled {label}")


def _specificity(outcome: Outcome, label: str) -> Estimate:
    _, false, _, refused = outcome
    return share(refused, refused + false) if refused + false else undefined(0, f"every row is labelled {label}")


def _f1(outcome: Outcome, label: str) -> Estimate:
    hits, false, missed, _ = outcome
    n = hits + false + missed
    if not n:
        return undefined(0, f"no row is labelled or predicted to be {label}")
    part = share(hits, n)
    slope = 2 / (1 + hits / n) ** 2
    return Estimate(2 * hits / (2 * hits + false + missed), slope * (part.standard_error or 0.0), n, trials=n)


_METRICS: dict[str, Callable[[Outcome, str], Estimate]] = {
    "precision": _precision,
    "recall": _recall,
    "specificity": _specificity,
    "f1": _f1,
}


def _correlation(table: NDArray[Any]) -> tuple[float, NDArray[np.float64]]:
    """The correlation of a square table of label by prediction, NaN where it is undefined, and its slopes."""
    s, right = float(table.sum()), float(np.trace(table))
    labelled, predicted = table.sum(axis=1).astype(np.float64), table.sum(axis=0).astype(np.float64)
    above = right * s - float(labelled @ predicted)
    of_predicted, of_labelled = s * s - float(predicted @ predicted), s * s - float(labelled @ labelled)
    if of_predicted <= 0 or of_labelled <= 0:
        return math.nan, np.zeros(table.shape)
    root = math.sqrt(of_predicted) * math.sqrt(of_labelled)
    value = above / root
    rise = np.eye(len(table)) * s + right - labelled[np.newaxis, :] - predicted[:, np.newaxis]
    shrink = (s - predicted)[np.newaxis, :] / of_predicted + (s - labelled)[:, np.newaxis] / of_labelled
    return value, np.asarray(rise / root - value * shrink)
