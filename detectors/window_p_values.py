"""P-values of a window that may be added up over many windows against one and the same baseline.

A two-sample p-value counts the error of the baseline as if it were drawn anew with each window. Over many windows it
is the same error again and again, and adds up to "drift" without any. Here the baseline's error is allowed for once,
with a stated risk; what is left is the window's own chance, which is new each time.
"""

import math
from dataclasses import dataclass

from scipy.special import erfcinv, ndtr
from scipy.stats import kstwo

# One baseline in so many has a larger error than is allowed for.
BASELINE_RISK = 0.05


def ks_window_p_value(
    distance: float, n_baseline: int, n_current: int, tolerance: float = 0.0, baseline_risk: float = BASELINE_RISK
) -> float:
    """The chance of a KS distance as large, where the window's distribution is within ``tolerance`` of the truth.

    ``distance`` is that of ``distances.ks``, between a window of ``n_current`` rows and a baseline of ``n_baseline``.
    By the triangle inequality it is at most the window's distance from its own distribution, the tolerance, and the
    baseline's distance from its own, which is at most sqrt(ln(2 / risk) / (2 N)) but for that risk (Massart, Annals
    of Probability 18, 1990). So the p-value is that of one sample of n rows at the distance less the other two: valid
    for every window at once, ties and bins make it larger. Low: the window lies further off than that.
    """
    if min(n_baseline, n_current) < 1:
        raise ValueError(f"n_baseline {n_baseline}, n_current {n_current}: both need at least one row")
    own_error = math.sqrt(math.log(2 / _checked_risk(baseline_risk)) / (2 * n_baseline))
    left = distance - _checked_tolerance(tolerance) - own_error
    return 1.0 if left <= 0 else min(max(float(kstwo.sf(min(left, 1.0), n_current)), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class ShiftPValues:
    """The chance of a mean as high (``rose``) and as low (``fell``), each for a stream of its own."""

    rose: float
    fell: float


def shift_window_p_values(
    difference: float,
    standard_error: float,
    baseline_error: float,
    tolerance: float = 0.0,
    baseline_risk: float = BASELINE_RISK,
) -> ShiftPValues:
    """The chance of a difference of means as large each way, where the true one is at most ``tolerance``.

    ``difference`` is the window's mean less the baseline's, ``standard_error`` that of the window's mean and
    ``baseline_error`` that of the baseline's. 1 - Phi((difference - tolerance - c baseline_error) / standard_error)
    for a rise, with the baseline further off than c of its errors only at the stated risk (1.96 at .05). For means of
    many rows, which are about normal. Low: the mean moved further than that. Two p-values, because a drift goes one
    way: step a state for each, and give each twice the run length.
    """
    if not (standard_error > 0 and baseline_error >= 0):
        raise ValueError(f"standard_error {standard_error}, baseline_error {baseline_error}: give positive numbers")
    times = math.sqrt(2) * float(erfcinv(_checked_risk(baseline_risk)))
    allowed = _checked_tolerance(tolerance) + times * baseline_error
    rose, fell = ((allowed - sign * difference) / standard_error for sign in (1, -1))
    return ShiftPValues(float(ndtr(rose)), float(ndtr(fell)))


def _checked_risk(risk: float) -> float:
    if not 0 < risk < 1:
        raise ValueError(f"baseline_risk {risk}: give a share between 0 and 1, like 0.05")
    return risk


def _checked_tolerance(tolerance: float) -> float:
    if not tolerance >= 0:
        raise ValueError(f"tolerance {tolerance}: give a number from 0 upwards")
    return tolerance
