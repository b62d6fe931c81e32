"""Intervals that hold the true value of a metric with a stated confidence, for one look at one window."""

import math
from dataclasses import dataclass

from scipy.special import expit, logit, ndtri, stdtrit

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high`` with a ``confidence`` like .95; both None means undefined, and ``reason`` says why."""

    low: float | None
    high: float | None
    confidence: float
    reason: str = ""


def wilson(hits: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """A share hits / n: the shares from which ``hits`` lies within z standard errors.

    (p + z^2/2n +- z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n). Stays within 0 to 1 and has a width also where
    all or none are hits. Source: Wilson, J. Am. Stat. Assoc. 22 (1927). ValueError where ``hits`` is not 0 to n.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"hits {hits} of n {n}: give counts, 0 <= hits <= n")
    z = _deviate(confidence)
    if n == 0:
        return Interval(None, None, confidence, "no rows")
    p = hits / n
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Exactly 0 and 1 at the ends, whatever the rounding.
    low = 0.0 if hits == 0 else max((middle - half) / scale, 0.0)
    high = 1.0 if hits == n else min((middle + half) / scale, 1.0)
    return Interval(low, high, confidence)


def roc_auc_interval(value: float, standard_error: float | None, confidence: float = CONFIDENCE) -> Interval:
    """An area under the ROC curve: value +- z standard errors on the scale of its logit, so within 0 to 1.

    The standard error of the logit is that of the value over value (1 - value), by the delta method (Pepe, The
    Statistical Evaluation of Medical Tests, 2003, section 5.2). Undefined at 0 and 1, where the logit is infinite,
    and without a standard error.
    """
    z = _deviate(confidence)
    if not 0 <= value <= 1:
        raise ValueError(f"value {value}: an area under the ROC curve is from 0 to 1")
    if value in (0.0, 1.0):
        return Interval(None, None, confidence, "the classes are fully told apart, so the error is not known")
    if standard_error is None or not math.isfinite(standard_error):
        return Interval(None, None, confidence, "the standard error is not known")
    half = z * standard_error / (value * (1 - value))
    middle = float(logit(value))
    return Interval(float(expit(middle - half)), float(expit(middle + half)), confidence)


def mean_interval(value: float, standard_error: float | None, n: int, confidence: float = CONFIDENCE) -> Interval:
    """A mean over ``n`` rows: value +- t standard errors, t that of Student with n - 1 degrees of freedom.

    Exact for normal values and good for others from some 30 rows on, more where the tail is long. Undefined under two
    rows. Source: Student, Biometrika 6 (1908).
    """
    _deviate(confidence)
    if n < 2 or standard_error is None or not math.isfinite(standard_error):
        return Interval(None, None, confidence, "the standard error is not known, which takes two rows at least")
    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * standard_error
    return Interval(value - half, value + half, confidence)


def _deviate(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence}: give a share between 0 and 1, like 0.95")
    return float(ndtri((1 + confidence) / 2))
