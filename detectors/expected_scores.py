"""Metrics of one class that rows are expected to have, from their counts by prediction and score bin.

The label of every row is taken as a coin of its own that falls on the class with the chance of the row's score bin.
Each metric is then a function of how many rows of each bin are of the class: its value at the expected numbers, and
its slopes, from which follow the errors of chance and of the chances themselves.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.calibration_map import CalibrationMap
from detectors.confusion import CELL_METRICS, Cells, Derived
from detectors.performance_layout import Layout
from detectors.performance_profile import LOG_LOSS_CLIP

Floats = NDArray[np.float64]


class Expected(NamedTuple):
    """An expected value and its slopes (float64[3, bins]): how it grows with one more row of the class at a place.

    Value None means undefined, and ``reason`` says why, naming the class as {label}.
    """

    value: float | None
    slopes: Floats
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRows:
    """Rows of one score: ``counts`` (float64[3, bins]) by how predicted and bin, and what their scores mean.

    ``scale`` is a factor on the chances of the map, see ``estimation``.
    """

    counts: Floats
    calibration: CalibrationMap
    scale: float = 1.0

    @property
    def n(self) -> float:
        return float(self.counts.sum())

    @property
    def chances(self) -> Floats:
        """The chance of the class in each bin."""
        return np.minimum(self.calibration.chances * self.scale, 1.0)

    @property
    def positives(self) -> Floats:
        """Rows of each bin that are expected to be of the class."""
        return np.asarray(self.counts.sum(axis=0) * self.chances)

    def cells(self) -> Cells:
        """The expected confusion table of the class against the rest, over rows predicted to be a declared class."""
        no, yes = self.counts[Layout.NOT_PREDICTED], self.counts[Layout.PREDICTED]
        p = self.chances
        return Cells(float(yes @ p), float(yes @ (1 - p)), float(no @ p), float(no @ (1 - p)))

    def standard_error(self, slopes: Floats) -> float:
        """The error of a metric with these slopes: of labels that fall by chance, and of the chances that were learnt.

        The first is Poisson-binomial: sum of n p (1 - p) slope^2; the second the errors of the map's blocks, each
        times the change of the metric with the chance of that block.
        """
        p = self.chances
        by_chance = float((self.counts * (p * (1 - p)) * slopes**2).sum())
        pull = np.bincount(
            self.calibration.blocks,
            weights=(self.counts * slopes).sum(axis=0),
            minlength=len(self.calibration.errors),
        )
        learnt = float(((pull * self.calibration.errors * self.scale) ** 2).sum())
        return math.sqrt(by_chance + learnt)


def of_cells(rows: ScoredRows, derive: Callable[[Cells], Derived]) -> Expected:
    """A metric of the confusion table at the expected cells."""
    found = derive(rows.cells())
    slopes = np.zeros_like(rows.counts)
    # One more row of the class moves a row from FP to TP where it is predicted, from TN to FN where it is not.
    slopes[Layout.PREDICTED] = found.slopes.tp - found.slopes.fp
    slopes[Layout.NOT_PREDICTED] = found.slopes.fn - found.slopes.tn
    return Expected(found.value, slopes, found.reason)


def cell_metric(name: str) -> Callable[[ScoredRows], Expected]:
    """The metric of that name over the expected cells."""
    return lambda rows: of_cells(rows, CELL_METRICS[name])


def roc_auc(rows: ScoredRows) -> Expected:
    """Expected pairs in the right order over all expected pairs of a row with and one without the class.

    Equal bins count one half, as in the metric with labels.
    """
    x = rows.positives
    z = rows.counts.sum(axis=0) - x
    positives, negatives = float(x.sum()), float(z.sum())
    if positives <= 0 or negatives <= 0:
        return Expected(None, np.zeros_like(rows.counts), "all rows are expected to be of one class")
    below = np.cumsum(z) - z / 2
    above = positives - np.cumsum(x) + x / 2
    pairs = positives * negatives
    value = float(x @ below) / pairs
    slopes = (below - above) / pairs - value * (1 / positives - 1 / negatives)
    return Expected(value, np.tile(slopes, (3, 1)))


def average_precision(rows: ScoredRows) -> Expected:
    """Sum over thresholds, one a bin, of precision times the rise of recall (see the metric with labels)."""
    x, n = rows.positives, rows.counts.sum(axis=0)
    positives = float(x.sum())
    if positives <= 0:
        return Expected(None, np.zeros_like(rows.counts), "no row is expected to be {label}")
    hits, taken = x[::-1].cumsum()[::-1], n[::-1].cumsum()[::-1]
    precision = hits / np.maximum(taken, 1)
    value = float(x @ precision) / positives
    weight = np.cumsum(np.divide(x, taken, out=np.zeros_like(x), where=taken > 0))
    return Expected(value, np.tile((precision + weight - value) / positives, (3, 1)))


def log_loss(rows: ScoredRows, *, binary: bool) -> Expected:
    """Mean of -ln of the probability that a label is given; of one class of many, its share of that mean."""
    score = np.clip(rows.calibration.scores, LOG_LOSS_CLIP, 1 - LOG_LOSS_CLIP)
    return _mean_loss(rows, -np.log(score), -np.log1p(-score) if binary else np.zeros_like(score))


def brier(rows: ScoredRows) -> Expected:
    """Mean squared distance of the score from the label, 1 where it is the class and 0 elsewhere."""
    score = rows.calibration.scores
    return _mean_loss(rows, (1 - score) ** 2, score**2)


def _mean_loss(rows: ScoredRows, with_class: Floats, without: Floats) -> Expected:
    n, x = rows.n, rows.positives
    if not n:
        return Expected(None, np.zeros_like(rows.counts), "no row has a score")
    value = float(x @ with_class + (rows.counts.sum(axis=0) - x) @ without) / n
    return Expected(value, np.tile((with_class - without) / n, (3, 1)))
