"""What it costs that the outputs of a model moved, if the labels stayed where they were.

The least that can have happened is taken: of a class that is predicted less often, the rows of which the model was
least sure were turned; of a number that is predicted, the lowest stayed the lowest. A fault that turns as many rows
one way as the other leaves the outputs as they are, and costs nothing here.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from detectors.bins import CategoryBins
from detectors.distances import effective_rows
from detectors.field_profile import FieldProfile
from detectors.stakes import Stakes

Floats = NDArray[np.float64]

_MEAN_OVER_DEVIATION = math.sqrt(2 / math.pi)


def turned_predictions(stakes: Stakes, before: FieldProfile, now: FieldProfile) -> float | None:
    """The loss that the movement of the predictions from ``before`` (the baseline) to ``now`` means, from 0 upwards.

    In the unit of ``Stakes``: points of accuracy, or the rise of the mean absolute error as a share of it. Classes: the
    sum over the classes that lost share of what their ladder says of that share, less one standard error of chance.
    Numbers: the mean over quantiles of E|e + d| / E|e| - 1, where d is how far the quantile moved and e is normal with
    the baseline's mean absolute error. A gain is 0. None where either side predicted nothing, or no error is known.
    """
    if isinstance(before.definition, CategoryBins):
        return _of_classes(stakes, before, now)
    return _of_numbers(stakes, before, now)


def _of_classes(stakes: Stakes, before: FieldProfile, now: FieldProfile) -> float | None:
    if not before.present or not now.present or not isinstance(before.definition, CategoryBins):
        return None
    rows = effective_rows(before.present, now.present)
    lost = 0.0
    for position, label in enumerate(before.definition.categories):
        share = before.bins[position] / before.present
        fall = share - now.bins[position] / now.present - math.sqrt(share * (1 - share) / rows)
        if fall > 0 and label in stakes.ladders:
            lost += stakes.ladders[label].cost(float(fall))
    return max(lost, 0.0)


def _of_numbers(stakes: Stakes, before: FieldProfile, now: FieldProfile) -> float | None:
    if not before.finite or not now.finite or not stakes.error:
        return None
    moved, widths = _moved_quantiles(before, now)
    deviation = stakes.error / _MEAN_OVER_DEVIATION
    # E|e + d| of a normal e, in units of E|e|.
    with np.errstate(over="ignore", under="ignore"):
        z = np.minimum(np.abs(moved) / deviation, 1e6)
        errors = np.exp(-(z**2) / 2) + z / _MEAN_OVER_DEVIATION * erf(z / math.sqrt(2))
    return max(float((widths * errors).sum()) - 1.0, 0.0)


def _moved_quantiles(before: FieldProfile, now: FieldProfile) -> tuple[Floats, Floats]:
    """How far the quantiles moved, piece by piece, and the share of rows in each piece; bins stand at their means."""
    tops, places = zip(*(_steps(side) for side in (before, now)), strict=True)
    cuts = np.unique(np.concatenate(tops))
    widths = np.diff(cuts, prepend=0.0)
    at = cuts - widths / 2
    one, other = (
        place[np.minimum(np.searchsorted(top, at), len(place) - 1)] for top, place in zip(tops, places, strict=True)
    )
    with np.errstate(over="ignore", invalid="ignore"):
        return np.nan_to_num(other - one, nan=0.0), widths


def _steps(side: FieldProfile) -> tuple[Floats, Floats]:
    """The quantile function: the share of rows up to and with each filled bin, and the mean of its values."""
    filled = side.bins > 0
    counts = side.bins[filled]
    return np.cumsum(counts) / counts.sum(), np.asarray(side.sums[filled] / counts)
