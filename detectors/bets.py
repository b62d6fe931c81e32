"""How much a window speaks for a change: bets that pay 1 at most on average where nothing has changed.

A window is bet on at several stakes at once, because the size of a drift is not known beforehand. What a bet pays is
an e-value; payoffs of successive windows multiply. They are handed out as logarithms, one for each stake of
``STAKES``, for ``evidence`` and ``sequential`` to add up.
"""

import math

import numpy as np
from scipy.special import ndtri

# Shifts of the window's standardised statistic that are bet on, in its standard deviations.
STAKES = (0.25, 0.5, 1.0, 2.0, 4.0)
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
    z = float(-ndtri(min(max(p_value, _SMALLEST), _LARGEST)))
    return tuple(stake * z - stake**2 / 2 for stake in STAKES)


def evenly_mixed(logs: Bets) -> float:
    """The logarithm of the plain mean of values whose logarithms are given; -inf where all are 0."""
    return float(np.logaddexp.reduce(logs)) - math.log(len(logs))
