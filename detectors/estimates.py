"""A metric's value with what is known of its error."""

import math
from dataclasses import dataclass

UNDEFINED_SUMS = "the values are too large to add up"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric over ``n`` rows; ``value`` None means undefined, and ``reason`` says why.

    ``standard_error`` is that of the value under resampling of the rows, None where it is not known.
    ``left_out`` are classes that an average over classes had to leave out. ``trials`` are the rows of which the value
    is a share (for F1: those it is computed from), None for all that is no share of rows.
    """

    value: float | None
    standard_error: float | None
    n: int
    reason: str = ""
    left_out: tuple[str, ...] = ()
    trials: int | None = None


def undefined(n: int, reason: str) -> Estimate:
    """No value, and why."""
    return Estimate(None, None, n, reason)


def share(hits: int, n: int) -> Estimate:
    """hits / n with the binomial standard error sqrt(p (1 - p) / n); ``n`` above 0.

    In the error p is (hits + 1/2) / (n + 1), so that it is not 0 when all or none are hits.
    """
    p = (hits + 0.5) / (n + 1)
    return Estimate(hits / n, math.sqrt(p * (1 - p) / n), n, trials=n)


def mean(total: float, squares: float, n: int) -> Estimate:
    """A mean from the sum and the sum of squares, with the standard error s / sqrt(n); ``n`` above 0."""
    value = total / n
    if not math.isfinite(value):
        return undefined(n, UNDEFINED_SUMS)
    if n == 1 or not math.isfinite(squares):
        return Estimate(value, None, n)
    variance = max(squares / n - value * value, 0.0)
    return Estimate(value, math.sqrt(variance / (n - 1)), n)
