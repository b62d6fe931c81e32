"""How large each distance gets by chance alone, at given numbers of rows.

Each function gives a point that the distance of two samples of one distribution passes in about one of 1,000 cases,
or in fewer (``CHANCE``). A threshold below it would alarm on nothing. ``rows`` are the effective rows
n m / (n + m) of the two samples (``distances.effective_rows``).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc, chdtri, kolmogi, ndtri

CHANCE = 0.001
# A normal deviate above this on one side has that chance.
Z_ONE_SIDED = float(-ndtri(CHANCE))
Z_TWO_SIDED = float(-ndtri(CHANCE / 2))
_MEAN_OF_HALF_NORMAL = math.sqrt(2 / math.pi)


def ks_expected(rows: float) -> float:
    """KS: its expected value by chance, the mean of the Kolmogorov distribution over sqrt(rows); with ties lower."""
    return math.sqrt(math.pi / 2) * math.log(2) / math.sqrt(rows)


def total_variation_expected(rows: float, shares: NDArray[np.float64]) -> float:
    """Total variation: its expected value by chance, for these shares of the bins."""
    return _MEAN_OF_HALF_NORMAL / 2 * float(np.sqrt(shares * (1 - shares)).sum()) / math.sqrt(rows)


def ks_noise(rows: float) -> float:
    """KS: the quantile of the Kolmogorov distribution over sqrt(rows); with ties the true point is lower."""
    return float(kolmogi(CHANCE)) / math.sqrt(rows)


def total_variation_noise(rows: float, shares: NDArray[np.float64]) -> float:
    """Total variation: expected value plus 3.09 standard deviations, for these shares of the bins.

    Each difference of shares is about normal with variance p (1 - p) / rows, which gives the expected value. The
    distance is the largest difference of the share of any set of bins, so it scatters no more than the set whose
    share lies nearest one half: at most sqrt(s (1 - s) / rows), by the Gaussian concentration inequality
    (Boucheron, Lugosi and Massart, Concentration Inequalities, 2013, theorem 5.6).
    """
    expected = total_variation_expected(rows, shares)
    largest = float(shares.max(initial=0.0))
    nearest_half = largest if largest > 0.5 else 0.5
    deviation = math.sqrt(nearest_half * (1 - nearest_half))
    return expected + Z_ONE_SIDED * deviation / math.sqrt(rows)


def psi_noise(rows: float, n_bins: int) -> float:
    """PSI: chi-square with bins - 1 degrees of freedom, over rows (Yurdakul and Naranjo, J. Risk Model Valid. 2020)."""
    return _chi_square_point(n_bins) / rows


def jensen_shannon_noise(rows: float, n_bins: int) -> float:
    """Jensen-Shannon: the divergence in bits is about chi-square / (8 ln 2 rows); this is its root."""
    return math.sqrt(_chi_square_point(n_bins) / (8 * math.log(2) * rows))


def chi_square_noise(n_bins: int) -> float:
    """Chi-square: its own quantile, whatever the number of rows."""
    return _chi_square_point(n_bins)


def wasserstein_noise(rows: float, means: NDArray[np.float64], shares: NDArray[np.float64], scale: float) -> float:
    """Wasserstein in units of ``scale``, for a distribution with these shares at these increasing places.

    Expected value sqrt(2 / pi) times the integral of sqrt(F (1 - F)), plus 3.09 standard deviations of the
    distribution, both over sqrt(rows): the distance is the largest difference of means of a function of slope one
    or less, and none of those scatters more than the values themselves. Rough where the tail has no variance.
    """
    below = np.clip(np.cumsum(shares)[:-1], 0.0, 1.0)
    spread = float(np.sum(np.sqrt(below * (1 - below)) * np.diff(means)))
    return (_MEAN_OF_HALF_NORMAL * spread / scale + Z_ONE_SIDED) / math.sqrt(rows)


def share_noise(baseline_rows: int, baseline_n: int, current_n: int) -> float:
    """The share of current rows that one in 1,000 windows reaches, where so many rows of the baseline were hits.

    The smaller of two bounds. One is the difference of two shares on the arcsine scale, where its variance depends
    on the numbers of rows alone: sin^2(arcsin sqrt((x + 3/8) / (N + 3/4)) + 3.09 / 2 sqrt(1/N + 1/n)) (Anscombe,
    Biometrika 35, 1948). The other is exact for rare hits: of all hits of both sides, those in the window are a
    binomial share n / (n + N) (Przyborowski and Wilenski, Biometrika 31, 1940).
    """
    angle = math.asin(math.sqrt((baseline_rows + 0.375) / (baseline_n + 0.75)))
    angle += Z_ONE_SIDED / 2 * math.sqrt(1 / baseline_n + 1 / current_n)
    smooth = math.sin(min(angle, math.pi / 2)) ** 2
    part = current_n / (current_n + baseline_n)
    low, high = 0, math.ceil(smooth * current_n)
    while high - low > 1:
        middle = (low + high) // 2
        if bdtrc(middle - 1, baseline_rows + middle, part) <= CHANCE:
            high = middle
        else:
            low = middle
    return min(smooth, high / current_n)


def fall_chance(baseline_rows: int, baseline_n: int, current_rows: int, current_n: int) -> float:
    """The chance that at most ``current_rows`` hits come into a window whose hits are as frequent as the baseline's.

    Of all hits of both sides, those in the window are a binomial share n / (n + N) where nothing changed
    (Przyborowski and Wilenski, Biometrika 31, 1940). Both numbers of rows must be above 0.
    """
    part = current_n / (current_n + baseline_n)
    return float(bdtr(current_rows, baseline_rows + current_rows, part))


def fewest_by_chance(baseline_rows: int, baseline_n: int, current_n: int) -> int:
    """The most hits in a window that are too few for chance (``CHANCE``); -1 where even none may be chance."""
    low, high = -1, current_n
    while high - low > 1:
        middle = (low + high) // 2
        if fall_chance(baseline_rows, baseline_n, middle, current_n) <= CHANCE:
            low = middle
        else:
            high = middle
    return low


def _chi_square_point(n_bins: int) -> float:
    return float(chdtri(n_bins - 1, CHANCE)) if n_bins > 1 else 0.0
