"""What the risk of a baseline is below, for certain: so its own error counts where later risk is held against it."""

import math

from scipy.special import betaincinv

from detectors.loss_sums import LossSums


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
