"""Metrics of one class against the rest from the four cells of its confusion table, with their slopes.

The slopes (how the metric changes with each cell) turn the errors of the cells into that of the metric, whether the
cells were counted or are expected values (delta method).
"""

import math
from collections.abc import Callable
from typing import NamedTuple


class Cells(NamedTuple):
    """Rows (or anything for each of the four): true positives, false positives, false negatives, true negatives."""

    tp: float
    fp: float
    fn: float
    tn: float


class Derived(NamedTuple):
    """A metric's value and slopes; value None means undefined, and ``reason`` says why, naming the class as {label}."""

    value: float | None
    slopes: Cells
    reason: str = ""


_FLAT = Cells(0.0, 0.0, 0.0, 0.0)


def accuracy(cells: Cells) -> Derived:
    """(TP + TN) / all: the share of rows that are predicted right."""
    n = sum(cells)
    if not n:
        return Derived(None, _FLAT, "no row has a prediction")
    value = (cells.tp + cells.tn) / n
    right, wrong = (1 - value) / n, -value / n
    return Derived(value, Cells(right, wrong, wrong, right))


def precision(cells: Cells) -> Derived:
    """TP / (TP + FP): the share of predicted positives that are positive."""
    n = cells.tp + cells.fp
    if not n:
        return Derived(None, _FLAT, "no row is predicted to be {label}")
    return Derived(cells.tp / n, Cells(cells.fp / n**2, -cells.tp / n**2, 0.0, 0.0))


def recall(cells: Cells) -> Derived:
    """TP / (TP + FN): the share of positives that are predicted so."""
    n = cells.tp + cells.fn
    if not n:
        return Derived(None, _FLAT, "no row is {label}")
    return Derived(cells.tp / n, Cells(cells.fn / n**2, 0.0, -cells.tp / n**2, 0.0))


def specificity(cells: Cells) -> Derived:
    """TN / (TN + FP): the share of negatives that are predicted so."""
    n = cells.tn + cells.fp
    if not n:
        return Derived(None, _FLAT, "every row is {label}")
    return Derived(cells.tn / n, Cells(0.0, -cells.tn / n**2, 0.0, cells.fp / n**2))


def f1(cells: Cells) -> Derived:
    """2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall."""
    n = 2 * cells.tp + cells.fp + cells.fn
    if not n:
        return Derived(None, _FLAT, "no row is {label} or predicted to be")
    value = 2 * cells.tp / n
    return Derived(value, Cells((2 - 2 * value) / n, -value / n, -value / n, 0.0))


def balanced_accuracy(cells: Cells) -> Derived:
    """Mean of recall and specificity: accuracy as if both classes were equally frequent."""
    parts = recall(cells), specificity(cells)
    for part in parts:
        if part.value is None:
            return part
    slopes = Cells(*((a + b) / 2 for a, b in zip(parts[0].slopes, parts[1].slopes, strict=True)))
    return Derived(((parts[0].value or 0.0) + (parts[1].value or 0.0)) / 2, slopes)


def mcc(cells: Cells) -> Derived:
    """Matthews 1975: the correlation of prediction and label, (TP TN - FP FN) / sqrt(product of the four margins)."""
    tp, fp, fn, tn = cells
    margins = tp + fp, tp + fn, tn + fp, tn + fn
    if not all(margins):
        return Derived(None, _FLAT, "all rows are predicted to be of one class, or are of one")
    root = math.prod(math.sqrt(margin) for margin in margins)
    value = (tp * tn - fp * fn) / root
    a, b, c, d = (value / (2 * margin) for margin in margins)
    return Derived(value, Cells(tn / root - a - b, -fn / root - a - c, -fp / root - b - d, tp / root - c - d))


def mean_worth(cells: Cells, worth: Cells) -> Derived:
    """Mean over rows of what a row of its cell is worth."""
    n = sum(cells)
    if not n:
        return Derived(None, _FLAT, "no row has a prediction")
    value = sum(rows * each for rows, each in zip(cells, worth, strict=True)) / n
    return Derived(value, Cells(*((each - value) / n for each in worth)))


def of_the_rest(derive: Callable[[Cells], Derived]) -> Callable[[Cells], Derived]:
    """The same metric of the other class: positives and negatives change places."""

    def turned(cells: Cells) -> Derived:
        found = derive(Cells(*reversed(cells)))
        return found._replace(slopes=Cells(*reversed(found.slopes)))

    return turned


CELL_METRICS: dict[str, Callable[[Cells], Derived]] = {
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "specificity": specificity,
    "f1": f1,
    "balanced_accuracy": balanced_accuracy,
    "mcc": mcc,
}
