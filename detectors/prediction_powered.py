"""The risk from few labels: labelled rows correct what the estimate says of all rows.

Prediction-powered inference with a tuned weight (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic, Science 382, 2023;
Angelopoulos, Duchi and Zrnic, arXiv 2311.01453), on additive sums. Unbiased whatever the estimate is worth, as long as
the labelled rows are a random sample; ``label_selection`` tells where they are not.
"""

import math
from dataclasses import dataclass

from detectors.intervals import CONFIDENCE, Interval, mean_interval
from detectors.loss_sums import LossSums
from detectors.risk_sums import RiskSums

# Fewer labelled rows say too little of scatter and gain.
LEAST_LABELLED = 30
# The estimate is used where its slope is this many standard errors above 0: by chance one time in 40.
REAL_GAIN = 2.0
# Corrected losses lie within this of what is expected, where losses and estimates are from 0 to 1.
REACH = 2.0

EQUAL_LOSSES = "all labelled losses are equal, so their scatter is not known"


@dataclass(frozen=True, slots=True)
class PredictionPoweredRisk:
    """The risk of a window: its point estimate, an interval, and the ``weight`` given to the estimated losses.

    Weight 0 is labels alone. ``value`` None means undefined, and ``reason`` says why.
    """

    value: float | None
    interval: Interval
    weight: float
    n: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Moments:
    """Sample moments of the labelled rows, and the share of all rows that are without a label."""

    loss_variance: float
    estimate_variance: float
    covariance: float
    unlabelled: float


def tuned_weight(sums: RiskSums) -> float:
    """The weight of the estimated losses, from 0 to 1: the slope of loss on estimated loss over the labelled rows.

    The one that makes the variance of the risk smallest (power tuning). 0, so labels alone, where the gain is not
    real: under 30 labelled rows, without unlabelled ones, or with a slope less than two standard errors above 0.
    """
    if sums.n < LEAST_LABELLED or sums.rows == sums.n:
        return 0.0
    moments = _moments(sums)
    if moments.estimate_variance <= 0 or moments.covariance <= 0:
        return 0.0
    slope = moments.covariance / moments.estimate_variance
    left = max(moments.loss_variance - slope * moments.covariance, 0.0)
    error = math.sqrt(left / moments.estimate_variance / (sums.n - 2))
    return min(slope, 1.0) if slope > REAL_GAIN * error else 0.0


def prediction_powered_risk(sums: RiskSums, confidence: float = CONFIDENCE) -> PredictionPoweredRisk:
    """The mean loss of all rows, labelled or not, with its interval.

    value = mean loss - weight (mean estimate of the labelled - mean estimate of all). Its variance is (s_y^2 - 2 weight
    r c + weight^2 r s_f^2) / n with c the covariance of loss and estimate and r the share of rows without a label;
    a tuned weight costs a degree of freedom. The variance falls by r times the squared correlation of loss and
    estimate, no more: at a correlation of .3 the interval is 5 % narrower than that of labels alone. Undefined without
    a labelled row; without an interval under two, and where all labelled losses are equal.
    """
    if not sums.n:
        unknown = Interval(None, None, confidence, "no labelled rows")
        return PredictionPoweredRisk(None, unknown, 0.0, 0, "no labelled rows")
    weight = tuned_weight(sums)
    value = (sums.loss - weight * sums.estimate) / sums.n + weight * sums.all_estimates / sums.rows
    if sums.n < 2 or _moments(sums).loss_variance <= 1e-12 * sums.loss_squares / sums.n:
        reason = EQUAL_LOSSES if sums.n > 1 else "one labelled row says nothing of the scatter"
        return PredictionPoweredRisk(value, Interval(None, None, confidence, reason), weight, sums.n)
    m = _moments(sums)
    variance = m.loss_variance - m.unlabelled * weight * (2 * m.covariance - weight * m.estimate_variance)
    used = 1 if weight > 0 else 0
    error = math.sqrt(max(variance, 0.0) * (sums.n - 1) / (sums.n - 1 - used) / sums.n)
    return PredictionPoweredRisk(value, mean_interval(value, error, sums.n - used, confidence), weight, sums.n)


def corrected_losses(window: RiskSums, earlier: RiskSums) -> LossSums:
    """The window's labelled losses, each corrected by how its estimate differs from that of the window's rows.

    loss - weight (estimate - mean estimate of all rows of the window), with the weight tuned on the ``earlier``
    windows alone. So their mean has the expected value of the window's risk exactly, whatever the estimate is worth,
    and they may be added to a confidence sequence like losses, with ``BoundedRisk(reach=REACH)``. The running risk is
    then that of the rows of all windows, each window counted by its labelled rows. The idea of prediction-powered risk
    monitoring (Zhang et al., arXiv 2602.02229).

    The mean estimate of all rows contains that of the labelled ones, so of a share s of labelled rows the correction
    takes away only the part 1 - s of what it seems to. The squares are therefore (1 - s) times those of the corrected
    losses and s times those of the losses themselves, which makes their scatter that of the mean.
    """
    if not window.n:
        return LossSums()
    weight, level = tuned_weight(earlier), window.all_estimates / window.rows
    centred = window.estimate - window.n * level
    centred_squares = window.estimate_squares - 2 * level * window.estimate + window.n * level * level
    centred_products = window.products - level * window.loss
    gained = weight * weight * centred_squares - 2 * weight * centred_products
    squares = window.loss_squares + (1 - window.n / window.rows) * gained
    return LossSums(window.n, window.loss - weight * centred, max(squares, 0.0))


def _moments(sums: RiskSums) -> _Moments:
    n = sums.n
    return _Moments(
        loss_variance=max(sums.loss_squares - sums.loss * sums.loss / n, 0.0) / (n - 1),
        estimate_variance=max(sums.estimate_squares - sums.estimate * sums.estimate / n, 0.0) / (n - 1),
        covariance=(sums.products - sums.loss * sums.estimate / n) / (n - 1),
        unlabelled=1 - n / sums.rows,
    )
