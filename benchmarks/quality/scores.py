"""The few numbers that measures are made of: AUROC, a threshold tuned to a rate, precision and recall."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


def auroc(scores: Numbers, positive: Flags) -> float:
    """The chance that a positive has the higher score, ties one half; NaN where there is one class only."""
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def tuned_threshold(statistics: Numbers, false_alarm_rate: float) -> float:
    """The lowest value that at most this share of the statistics exceeds; an alarm is a statistic above it."""
    allowed = int(false_alarm_rate * len(statistics))
    return float(np.sort(statistics)[::-1][allowed])


@dataclass(frozen=True, slots=True)
class Paging:
    """``precision``: share of pages that were about harm; ``recall``: share of harmful windows that paged.

    NaN where there are no pages, or no harmful windows.
    """

    precision: float
    recall: float
    pages: int


def paging(pages: Flags, harmful: Flags) -> Paging:
    """Pages against harm."""
    right = float((pages & harmful).sum())
    precision = right / pages.sum() if pages.any() else float("nan")
    recall = right / harmful.sum() if harmful.any() else float("nan")
    return Paging(float(precision), float(recall), int(pages.sum()))


def best_level(severity: Numbers, harmful: Flags) -> float:
    """The level of severity with the highest F1 of paging; the highest such level where several tie."""
    order = np.argsort(-severity, kind="stable")
    right, paged = np.cumsum(harmful[order]), np.arange(1, len(order) + 1)
    f1 = 2 * right / (paged + harmful.sum())
    # A level takes all windows of its severity, so only the last of equal ones is a place to cut.
    last = np.append(severity[order][:-1] != severity[order][1:], True)
    f1 = np.where(last, f1, -1.0)
    return float(severity[order][int(np.argmax(f1))])
