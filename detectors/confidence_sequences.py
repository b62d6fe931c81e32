"""Intervals for the running risk that hold at all times at once, from sums that come in batches.

A confidence interval holds at one look. A confidence sequence may be looked at after every batch of labels, for ever:
the chance that it ever fails to hold the running risk is ``alpha`` at most. The running risk is the mean, over all
rows so far, of the loss to be expected of each; it may change as it likes.
"""

import math
from dataclasses import dataclass

from detectors.intervals import Interval
from detectors.loss_sums import LossSums
from detectors.mixture_bounds import gamma_exponential_bound, normal_bound

ALPHA = 0.05
# The sum of squared distances at which bounds are narrowest: some 500 rows of a classifier with 10 % errors.
TUNED_AT = 50.0
# Rows at which the bounds for unbounded losses are narrowest, and from which on they are given.
TUNED_AT_ROWS = 1000.0
LEAST_ROWS = 100

NO_ROWS = "no labelled rows yet"


@dataclass(frozen=True, slots=True)
class BoundedRisk:
    """Losses from 0 to 1 so far: ``n``, their ``total``, and their accumulated ``spread``.

    ``spread`` is the sum of squared distances of each loss from the mean of the batches before its own. That
    makes a batch's part of it depend on the earlier batches, so a batch is taken back by stepping again from the state
    before it. ``expected`` is the risk looked for before the first batch (the baseline's is a good choice, any is
    valid), and ``reach`` how far a loss can lie from what is expected, 1 for losses from 0 to 1.

    Plain numbers; ``BoundedRisk()`` is where a period begins.
    """

    n: int = 0
    total: float = 0.0
    spread: float = 0.0
    expected: float = 0.5
    reach: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.expected <= 1 and self.reach >= 1):
            raise ValueError(f"expected {self.expected}, reach {self.reach}: give a risk from 0 to 1, and 1 or more")


def add_batch(state: BoundedRisk, batch: LossSums) -> BoundedRisk:
    """The state after one more batch of labelled rows, of any number; an empty one leaves it as it was."""
    # What is expected of a row is the mean so far, with the prior expectation as one more row.
    center = min(max((state.total + state.expected) / (state.n + 1), 0.0), 1.0)
    spread = max(batch.squares - 2 * center * batch.total + batch.n * center * center, 0.0)
    return BoundedRisk(state.n + batch.n, state.total + batch.total, state.spread + spread, state.expected, state.reach)


def lower_bound(state: BoundedRisk, alpha: float = ALPHA) -> float:
    """The running risk is above this at all times, but for a chance of ``alpha``; 0 where little is known.

    (total - u(spread)) / n with the gamma-exponential bound u: an empirical Bernstein bound, whose width follows the
    scatter of the losses and not their range. Source: Howard et al. 2021, theorem 4.
    """
    if not state.n:
        return 0.0
    return min(max((state.total - _margin(state, alpha)) / state.n, 0.0), 1.0)


def upper_bound(state: BoundedRisk, alpha: float = ALPHA) -> float:
    """The running risk is below this at all times, but for a chance of ``alpha``; 1 where little is known."""
    if not state.n:
        return 1.0
    return min(max((state.total + _margin(state, alpha)) / state.n, 0.0), 1.0)


def running_interval(state: BoundedRisk, alpha: float = ALPHA) -> Interval:
    """The running risk lies between these at all times, but for a chance of ``alpha``; undefined without a row."""
    if not state.n:
        return Interval(None, None, 1 - alpha, NO_ROWS)
    return Interval(lower_bound(state, alpha / 2), upper_bound(state, alpha / 2), 1 - alpha)


def asymptotic_lower_bound(losses: LossSums, alpha: float = ALPHA) -> float | None:
    """As ``lower_bound`` for losses without a limit, like absolute errors; None under 100 rows.

    mean - s u(n) / n with s the standard deviation of all losses so far and u the half-normal mixture bound. Holds
    ever better the more rows there are at the first look, because the sums become normal (Waudby-Smith, Arbour, Sinha,
    Kennedy and Ramdas, Time-uniform central limit theory, Annals of Statistics 52, 2024). Takes the plain sums of all
    batches so far, so late and corrected labels need no stepping again. Losses so heavy-tailed that they have no
    variance are beyond it.
    """
    margin = _asymptotic_margin(losses, alpha)
    return None if margin is None or losses.mean is None else losses.mean - margin


def asymptotic_interval(losses: LossSums, alpha: float = ALPHA) -> Interval:
    """As ``running_interval`` for losses without a limit; undefined under 100 rows."""
    margin = _asymptotic_margin(losses, alpha / 2)
    if margin is None or losses.mean is None:
        few = f"{losses.n:,} labelled rows, at least {LEAST_ROWS} are needed" if losses.n else NO_ROWS
        return Interval(None, None, 1 - alpha, few)
    return Interval(losses.mean - margin, losses.mean + margin, 1 - alpha)


def _margin(state: BoundedRisk, alpha: float) -> float:
    return state.reach * gamma_exponential_bound(state.spread / state.reach**2, alpha, TUNED_AT)


def _asymptotic_margin(losses: LossSums, alpha: float) -> float | None:
    if losses.n < LEAST_ROWS or losses.variance is None:
        return None
    return math.sqrt(losses.variance) * normal_bound(losses.n, alpha, TUNED_AT_ROWS) / losses.n
