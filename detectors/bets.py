"""How much a window speaks for a change: bets that pay 1 at most on average where nothing has changed.

A window is bet on at several stakes at once, because the size of a drift is not known beforehand. What a bet pays is
an e-value; payoffs of successive windows multiply. They are handed out as logarithms, one for each stake, for
``evidence`` and ``sequential`` to add up.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from detectors.loss_sums import LossSums

# Shifts of the window's standardised statistic that are bet on, in its standard deviations.
STAKES = (0.25, 0.5, 1.0, 2.0, 4.0)
# Parts of the wealth that are bet on each loss; about (risk - limit) / variance is best.
LOSS_STAKES = (0.02, 0.05, 0.1, 0.25, 0.5)
# The normal deviate of a p-value is infinite at 0 and 1.
_SMALLEST, _LARGEST = 1e-300, 1 - 1e-16

Bets = tuple[float, ...]


def p_value_bets(p_value: float) -> Bets:
    """Log payoffs of a p-value: d z - d^2 / 2 for each stake d, with z = the normal deviate of 1 - p.

    The likelihood ratio of a shift of the statistic by d of its standard deviations. As a function of a uniform
    p-value it averages 1, and it falls with p, so of a conservative one it averages less (a p-to-e calibrator: Vovk
    and Wang, Annals of Statistics 49, 2021). ValueError for anything outside 0 to 1.

    The p-value must be valid given all earlier windows. One that compares with a baseline sample is not, as it stands:
    every window is held against the same sample and shares its error. See ``window_p_values``.
    """
    if not 0 <= p_value <= 1:
        raise ValueError(f"p_value {p_value}: give a number from 0 to 1, or leave the window out")
    z = -ndtri(min(max(p_value, _SMALLEST), _LARGEST))
    return tuple(float(bet) for bet in deviate_bets(z))


def deviate_bets(deviates: ArrayLike) -> NDArray[np.float64]:
    """The same for normal deviates z (float64[...]): log payoffs float64[..., stakes]; NaN where z is.

    At most 1 on average where z lies no higher than a standard normal deviate would, given all earlier windows.
    """
    z = np.asarray(deviates, dtype=np.float64)[..., np.newaxis]
    stakes = np.array(STAKES)
    return stakes * z - stakes**2 / 2


def loss_bets(losses: LossSums, limit: float, reach: float = 1.0) -> Bets | None:
    """Log payoffs of a window's losses against a risk of at most ``limit``; None without a row.

    l d + (ln(1 - l) + l) q for each stake l of ``LOSS_STAKES``, with d the sum of (loss - limit) / reach and q that of
    its squares: at most 1 on average, given the past, while the window's risk is within the limit (the inequality of
    Fan, Grama and Liu, Electronic Journal of Probability 20, 2015). Nothing may lie more than ``reach`` below the
    limit: 1 for losses from 0 to 1. With ``sequential.step`` it finds a risk that rose lately, after however long a
    time in which it had not; the idea of Timans et al., arXiv 2506.16416. ValueError where limit or reach is no
    positive number.
    """
    if not (0 < limit < math.inf and 0 < reach < math.inf):
        raise ValueError(f"limit {limit}, reach {reach}: give positive numbers, in the units of the loss")
    if not losses.n:
        return None
    above = (losses.total - losses.n * limit) / reach
    squares = max(losses.squares - 2 * limit * losses.total + losses.n * limit * limit, 0.0) / reach**2
    return tuple(stake * above + (math.log1p(-stake) + stake) * squares for stake in LOSS_STAKES)


def evenly_mixed(logs: Sequence[float]) -> float:
    """The logarithm of the plain mean of values whose logarithms are given; -inf where all are 0."""
    return float(np.logaddexp.reduce(logs)) - math.log(len(logs))
