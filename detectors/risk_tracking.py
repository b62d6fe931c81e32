"""Did the risk rise above the baseline's by more than is tolerated? A verdict that may be asked for at any time.

The running risk's lower bound is held against the baseline's upper bound and the tolerance, so the baseline's own
error counts too. Source: Podkopaev and Ramdas, Tracking the risk of a deployed model and detecting harmful
distribution shifts (ICLR 2022).
"""

import math
from dataclasses import dataclass

from scipy.special import betaincinv, stdtrit

from detectors.confidence_sequences import (
    ALPHA,
    LEAST_ROWS,
    NO_ROWS,
    BoundedRisk,
    asymptotic_lower_bound,
    lower_bound,
)
from detectors.loss_sums import LossSums

NO_BASELINE = "the baseline has under two labelled rows to compare with"


@dataclass(frozen=True, slots=True)
class RiskRise:
    """Whether the running risk rose: ``lower``, which it is above, passes ``limit``.

    ``running`` is the mean loss so far. None stands for what is undefined, and ``reason`` says why.
    """

    rose: bool
    running: float | None
    lower: float | None
    limit: float | None
    reason: str = ""


def bounded_risk_rise(state: BoundedRisk, baseline: LossSums, tolerance: float, alpha: float = ALPHA) -> RiskRise:
    """For losses from 0 to 1: the verdict on all batches so far.

    ``rose`` where the running risk's lower bound (half of ``alpha``) is above the baseline's upper bound (the other
    half) and ``tolerance``, in the units of the loss. As long as the running risk is within the tolerance of the
    baseline's true one, the chance that this is ever so is ``alpha`` at most, however often it is asked.
    """
    limit = _limit(bounded_upper_bound(baseline, alpha / 2), tolerance)
    running = state.total / state.n if state.n else None
    if limit is None or running is None:
        return RiskRise(False, running, None, limit, NO_BASELINE if limit is None else NO_ROWS)
    lower = lower_bound(state, alpha / 2)
    return RiskRise(lower > limit, running, lower, limit)


def risk_rise(losses: LossSums, baseline: LossSums, tolerance: float, alpha: float = ALPHA) -> RiskRise:
    """For losses without a limit, from the sums of all batches so far; as ``bounded_risk_rise``, for many rows."""
    limit = _limit(_normal_upper_bound(baseline, alpha / 2), tolerance)
    lower = asymptotic_lower_bound(losses, alpha / 2)
    if limit is None or lower is None:
        few = f"{losses.n:,} labelled rows, at least {LEAST_ROWS} are needed" if losses.n else NO_ROWS
        return RiskRise(False, losses.mean, lower, limit, NO_BASELINE if limit is None else few)
    return RiskRise(lower > limit, losses.mean, lower, limit)


def bounded_upper_bound(losses: LossSums, alpha: float) -> float | None:
    """What the risk of a sample of losses from 0 to 1 is below, but for a chance of ``alpha``; None under two rows.

    For losses that are 0 or 1 (their sum is that of their squares) the exact binomial bound of Clopper and Pearson,
    Biometrika 26 (1934); for others mean + sqrt(2 s^2 ln(2 / alpha) / n) + 7 ln(2 / alpha) / (3 (n - 1)) of Maurer
    and Pontil (COLT 2009).
    """
    if losses.variance is None or losses.mean is None:
        return None
    if losses.squares == losses.total == round(losses.total):
        if losses.total >= losses.n:
            return 1.0
        return float(betaincinv(losses.total + 1, losses.n - losses.total, 1 - alpha))
    rare = math.log(2 / alpha)
    margin = math.sqrt(2 * losses.variance * rare / losses.n) + 7 * rare / (3 * (losses.n - 1))
    return min(losses.mean + margin, 1.0)


def _normal_upper_bound(losses: LossSums, alpha: float) -> float | None:
    if losses.variance is None or losses.mean is None:
        return None
    return losses.mean + float(stdtrit(losses.n - 1, 1 - alpha)) * math.sqrt(losses.variance / losses.n)


def _limit(upper: float | None, tolerance: float) -> float | None:
    if not tolerance >= 0:
        raise ValueError(f"tolerance {tolerance}: give a number from 0 upwards, in the units of the loss")
    return None if upper is None else upper + tolerance
