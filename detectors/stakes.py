"""What a model stands to lose when its inputs or its outputs move: read off the labels of its baseline.

Two things are known from them. What the model knows: how much better it does than its own outputs dealt to the rows at
random; a field can cost no more than that. And what a turned prediction costs: a row of which the model was sure is
dear, one at the edge is cheap, and one that was more often wrong than right is a gain.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.bins import CategoryBins
from detectors.calibration_map import Calibration
from detectors.classification_metrics import confusion_table
from detectors.field_profile import FieldProfile
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile

Floats = NDArray[np.float64]

# A loss that is worth a page: points of accuracy, or of a regression the rise of the mean absolute error.
POINTS_WORTH_A_PAGE = 0.02
ERROR_WORTH_A_PAGE = 0.05
# Without labels a model is taken to be right in half of the cases in which chance is wrong, so that a turned
# prediction costs half a row; of a regression, the error is taken to be half of what the predictions scatter.
_UNKNOWN_KNOWLEDGE, _UNKNOWN_WORTH = 0.25, 0.5
_UNKNOWN_ERROR, _UNKNOWN_ERROR_KNOWLEDGE = 0.5, 1.0
_LEAST_LABELLED = 100


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """What it costs when rows that were predicted to be one class are predicted to be another, the least sure first.

    ``turned`` are growing shares of all rows, from 0, and ``lost`` the share of all rows that is lost with so many
    turned.
    """

    turned: Floats
    lost: Floats

    def cost(self, share: float) -> float:
        """The share of rows lost when this share of all rows turns; no more can turn than there are."""
        return float(np.interp(share, self.turned, self.lost))


@dataclass(frozen=True, slots=True, eq=False)
class Stakes:
    """What is at stake. ``ladders`` are by class, ``error`` is the mean absolute error of a regression.

    ``knowledge`` is what all fields together are worth: points of accuracy (a share), or of a regression how much the
    mean absolute error would rise, as a share of itself. ``page`` is the loss that is worth a page, in that unit.
    ``assumed`` says why the figures are not the baseline's own; "" where they are.
    """

    knowledge: float
    page: float
    ladders: Mapping[str, Ladder]
    error: float | None
    assumed: str = ""


def stakes_of(
    layout: Layout, calibration: Calibration, performance: PerformanceProfile, prediction: FieldProfile | None
) -> Stakes:
    """The stakes of a baseline.

    ``performance`` are its labelled and all its rows, ``prediction`` the profile of what it predicted (None where it
    predicted nothing). Classification of K classes: knowledge = kappa x (1 - 1 / K), the accuracy beyond chance of a
    model of this kappa whose classes are equally frequent; of a rare class a model may know all there is and hardly
    gain in accuracy. kappa = (accuracy - chance) / (1 - chance), where chance is the sum over classes of (share of
    labels x share of predictions). A turned row costs c - (1 - c) / (K - 1), where c is the chance that its prediction
    is right. Regression: knowledge = sqrt((var of predictions + var of labels + bias^2) / mean squared error) - 1.
    Source: Cohen, Educ. Psychol. Meas. 20 (1960).
    """
    if layout.task == "regression":
        return _of_regression(layout, performance, prediction)
    table = confusion_table(performance, layout).astype(np.float64)
    n = float(table.sum())
    if n < _LEAST_LABELLED:
        ladders = {label: _even(share, _UNKNOWN_WORTH) for label, share in _shares(prediction).items()}
        return Stakes(_UNKNOWN_KNOWLEDGE, POINTS_WORTH_A_PAGE, ladders, None, "the baseline has too few labels")
    square = table[:, : len(table)]
    by_chance = float((square.sum(axis=0) * square.sum(axis=1)).sum() / n**2)
    # Where all rows are of one class and predicted so, there is nothing to know.
    kappa = (float(np.trace(square) / n) - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
    knowledge = max(kappa, 0.0) * (1 - 1 / len(table))
    return Stakes(knowledge, POINTS_WORTH_A_PAGE, _ladders(layout, calibration, performance, square), None)


def _ladders(
    layout: Layout, calibration: Calibration, performance: PerformanceProfile, table: Floats
) -> dict[str, Ladder]:
    """A step for each score bin, where scores are known; else one for all rows of a class, by its precision."""
    labels = layout.known_classes.labels
    if not calibration.maps:
        n, predicted = float(table.sum()), table.sum(axis=0)
        right = np.diag(table) / np.maximum(predicted, 1.0)
        return {label: _even(predicted[k] / n, _worth(right[k], len(labels))) for k, label in enumerate(labels)}
    found = {}
    for position, code in enumerate(layout.score_classes):
        counts = performance.counts[layout.all_scores(position)].reshape(3, -1).astype(np.float64)
        chances = calibration.maps[position].chances
        found[labels[code]] = _ladder(counts[Layout.PREDICTED], chances, counts.sum(), len(labels))
        if layout.task == "binary":
            found[labels[1 - code]] = _ladder(counts[Layout.NOT_PREDICTED], 1 - chances, counts.sum(), 2)
    return found


def _ladder(rows: Floats, sure: Floats, n: float, n_classes: int) -> Ladder:
    order = np.argsort(sure, kind="stable")
    shares = rows[order] / max(n, 1.0)
    lost = shares * _worth(sure[order], n_classes)
    return Ladder(np.concatenate([[0.0], np.cumsum(shares)]), np.concatenate([[0.0], np.cumsum(lost)]))


def _worth(sure: Floats, n_classes: int) -> Floats:
    """What is lost with a row when it turns to one of the other classes, whichever it is."""
    return np.asarray(sure - (1 - sure) / (n_classes - 1))


def _even(share: float, worth: float | Floats) -> Ladder:
    return Ladder(np.array([0.0, share]), np.array([0.0, share * float(worth)]))


def _shares(prediction: FieldProfile | None) -> dict[str, float]:
    """The share of the predictions that each class has."""
    if prediction is None or not isinstance(prediction.definition, CategoryBins) or not prediction.present:
        return {}
    rows = zip(prediction.definition.categories, prediction.bins.tolist(), strict=True)
    return {label: n / prediction.present for label, n in rows}


def _of_regression(layout: Layout, performance: PerformanceProfile, prediction: FieldProfile | None) -> Stakes:
    variance = (prediction.variance() if prediction is not None else None) or 0.0
    n = int(performance.counts[Layout.USABLE])
    sums = dict(zip(layout.sum_names, (performance.sums / max(n, 1)).tolist(), strict=True))
    if n < _LEAST_LABELLED or not math.isfinite(sums["e^2"] + sums["y^2"]) or sums["e^2"] <= 0:
        why = "the baseline has too few labels" if n < _LEAST_LABELLED else "the baseline's errors have no size"
        error = _UNKNOWN_ERROR * math.sqrt(variance) or None
        return Stakes(_UNKNOWN_ERROR_KNOWLEDGE, ERROR_WORTH_A_PAGE, {}, error, why)
    dealt = variance + max(sums["y^2"] - sums["y"] ** 2, 0.0) + sums["e"] ** 2
    knowledge = max(math.sqrt(dealt / sums["e^2"]) - 1, 0.0)
    return Stakes(knowledge, ERROR_WORTH_A_PAGE, {}, sums["|e|"])
