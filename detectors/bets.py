"""How much a window speaks for a change: bets that pay 1 at most on average where nothing has changed.

A window is bet on at several stakes at once, because the size of a drift is not known beforehand. What a bet pays is
an e-value; payoffs of successive windows multiply. They are handed out as logarithms, one for each stake, for
``slow_drift`` to add up.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Shifts of the window's standardised statistic that are bet on, in its standard deviations.
STAKES = (0.25, 0.5, 1.0, 2.0, 4.0)


def deviate_bets(deviates: ArrayLike) -> NDArray[np.float64]:
    """Log payoffs of normal deviates z (float64[...]): d z - d^2 / 2 for each stake d, float64[..., stakes].

    The likelihood ratio of a shift of the statistic by d of its standard deviations: at most 1 on average where z lies
    no higher than a standard normal deviate would, given all earlier windows. NaN where z is. High: the window speaks
    for the change. Source: Vovk and Wang, Annals of Statistics 49 (2021).
    """
    z = np.asarray(deviates, dtype=np.float64)[..., np.newaxis]
    stakes = np.array(STAKES)
    return stakes * z - stakes**2 / 2
