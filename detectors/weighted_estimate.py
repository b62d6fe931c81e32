"""The risk of one window whose labels were asked for with known chances: weighted labels correct the estimates."""

import math
from typing import NamedTuple

from detectors.calibration_map import Calibration
from detectors.estimated_losses import estimated_losses
from detectors.intervals import CONFIDENCE, Interval, mean_interval
from detectors.label_weights import PARTS, LabelWeights
from detectors.performance_layout import Layout
from detectors.prediction_powered import EQUAL_LOSSES, LEAST_LABELLED, REAL_GAIN, PredictionPoweredRisk
from detectors.risk_sums import RiskSums


class _Moments(NamedTuple):
    """Weighted sums of squares and products about the mean loss and the mean estimate."""

    loss: float
    estimate: float
    product: float


def weighted_powered_risk(
    layout: Layout, weights: LabelWeights, calibration: Calibration, window: RiskSums, confidence: float = CONFIDENCE
) -> PredictionPoweredRisk:
    """The mean loss of all rows of a window, labelled or not, with an interval for one look.

    ``window`` are its sums as ``estimated_losses`` gives them. With w = 1 / p over the labelled rows, loss l and
    estimate f: value = sum w (l - s f) / sum w + s (mean f of all rows), whose variance is the sum of
    w^2 (l')^2 - 2 s w (w - 1) l' f' + s^2 w (w - 1) (f')^2 over (sum w)^2, where l' and f' are the distances from the
    weighted means. s is the slope that makes it smallest, from 0 to 1, and 0 where the gain is not real, as in
    ``tuned_weight``. The interval is Student's with the effective number of labels, (sum w)^2 / sum w^2. Source: Hajek,
    in Foundations of Statistical Inference (1971); Angelopoulos et al., arXiv 2311.01453, for the slope.
    """
    labels, by_weight, by_square = (estimated_losses(layout, each, calibration) for each in weights.profiles(layout))
    n = labels.n
    if not n:
        return PredictionPoweredRisk(None, Interval(None, None, confidence, "no labelled rows"), 0.0, 0)
    total, effective = by_weight.n / PARTS, by_weight.n**2 / PARTS / by_square.n
    once, twice = (_moments(sums, by_weight) for sums in (by_weight, by_square))
    more = _Moments(*(b - a for a, b in zip(once, twice, strict=True)))
    slope = _slope(more, effective) if n >= LEAST_LABELLED else 0.0
    level = window.all_estimates / window.rows - by_weight.estimate / by_weight.n
    value = by_weight.loss / by_weight.n + slope * level
    if effective < 2 or twice.loss <= 1e-12 * by_square.loss_squares / PARTS:
        return PredictionPoweredRisk(value, Interval(None, None, confidence, EQUAL_LOSSES), slope, n)
    variance = twice.loss - 2 * slope * more.product + slope * slope * more.estimate
    used = 1 if slope > 0 else 0
    error = math.sqrt(max(variance, 0.0) * effective / (effective - 1 - used)) / total
    return PredictionPoweredRisk(value, mean_interval(value, error, int(effective) - used, confidence), slope, n)


def _slope(more: _Moments, effective: float) -> float:
    if more.estimate <= 0 or more.product <= 0 or effective <= 2:
        return 0.0
    slope = more.product / more.estimate
    left = max(more.loss - slope * more.product, 0.0)
    error = math.sqrt(left / more.estimate / (effective - 2))
    return min(slope, 1.0) if slope > REAL_GAIN * error else 0.0


def _moments(sums: RiskSums, means: RiskSums) -> _Moments:
    loss, estimate = means.loss / means.n, means.estimate / means.n
    found = (
        sums.loss_squares - 2 * loss * sums.loss + loss * loss * sums.n,
        sums.estimate_squares - 2 * estimate * sums.estimate + estimate * estimate * sums.n,
        sums.products - loss * sums.estimate - estimate * sums.loss + loss * estimate * sums.n,
    )
    return _Moments(*(each / PARTS for each in found))
