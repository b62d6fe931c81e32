"""How far a sum may stray from its mean at any time at all, with a stated chance.

Bounds u(v) such that a sum of centred terms with accumulated variance v exceeds u(v), ever, with probability
``alpha`` at most. They average a test over its free parameter (the method of mixtures) and so hold at all times at
once. Source: Howard, Ramdas, McAuliffe and Sekhon, Time-uniform, nonparametric, nonasymptotic confidence sequences,
Annals of Statistics 49 (2021).
"""

import math

from scipy.optimize import brentq
from scipy.special import gammainc, gammaln


def gamma_exponential_bound(variance: float, alpha: float, tuned_at: float) -> float:
    """One-sided bound for terms that are never more than 1 below what was expected of them.

    ``variance`` is the sum of squared distances from what was expected. The test exp(l s + (ln(1 - l) + l) v),
    averaged over l with 1 - l gamma distributed within 0 to 1, has a closed form in the incomplete gamma function;
    the bound is the s at which it is 1 / alpha. Narrowest near ``tuned_at``, and not much wider elsewhere.
    """
    rho = _scale(alpha, tuned_at)
    start = _log_gamma_integral(rho, rho)

    def log_test(s: float) -> float:
        return s + variance + _log_gamma_integral(variance + rho, s + variance + rho) - start + math.log(alpha)

    high = 1.0 + math.sqrt(variance)
    while log_test(high) < 0:
        high *= 2
    return float(brentq(log_test, 0.0, high, xtol=1e-9 * high))


def _scale(alpha: float, tuned_at: float) -> float:
    """The parameter of the mixture with which the bound is about narrowest at this variance (Howard et al., 3.5)."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha}: give a chance between 0 and 1, like 0.05")
    return tuned_at / (2 * math.log(1 / alpha) + math.log(1 + 2 * math.log(1 / alpha)))


def _log_gamma_integral(a: float, x: float) -> float:
    """Log of the integral of u^(a - 1) exp(-x u) over 0 to 1."""
    return float(gammaln(a)) + math.log(float(gammainc(a, x))) - a * math.log(x)
