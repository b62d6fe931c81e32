"""Intervals for the running risk that hold at all times at once, from sums that come in batches.

A confidence interval holds at one look. A confidence sequence may be looked at after every batch of labels, for ever:
the chance that it ever fails to hold the running risk is ``alpha`` at most. The running risk is the mean, over all
rows so far, of the loss to be expected of each; it may change as it likes.
"""

from dataclasses import dataclass

from detectors.intervals import Interval
from detectors.loss_sums import LossSums
from detectors.mixture_bounds import gamma_exponential_bound

ALPHA = 0.05
# The sum of squared distances at which bounds are narrowest: some 500 rows of a classifier with 10 % errors.
TUNED_AT = 50.0

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


def lower_bound(state: BoundedRisk, alpha: float = ALPHA, tuned_at: float = TUNED_AT) -> float:
    """The running risk is above this at all times, but for a chance of ``alpha``; 0 where little is known.

    (total - u(spread)) / n with the gamma-exponential bound u: an empirical Bernstein bound, whose width follows the
    scatter of the losses and not their range. It asks of a loss that it is no further *below* what is expected than
    ``reach``; above it a loss may lie as far as it likes. ``tuned_at`` is the spread, in units of the squared reach, at
    which the bound is narrowest, fixed before the first batch. Source: Howard et al. 2021, theorem 4.
    """
    if not state.n:
        return 0.0
    return min(max((state.total - _margin(state, alpha, tuned_at)) / state.n, 0.0), 1.0)


def upper_bound(state: BoundedRisk, alpha: float = ALPHA) -> float:
    """The running risk is below this at all times, but for a chance of ``alpha``; 1 where little is known."""
    if not state.n:
        return 1.0
    return min(max((state.total + _margin(state, alpha, TUNED_AT)) / state.n, 0.0), 1.0)


def running_interval(state: BoundedRisk, alpha: float = ALPHA) -> Interval:
    """The running risk lies between these at all times, but for a chance of ``alpha``; undefined without a row."""
    if not state.n:
        return Interval(None, None, 1 - alpha, NO_ROWS)
    return Interval(lower_bound(state, alpha / 2), upper_bound(state, alpha / 2), 1 - alpha)


def _margin(state: BoundedRisk, alpha: float, tuned_at: float) -> float:
    return state.reach * gamma_exponential_bound(state.spread / state.reach**2, alpha, tuned_at)
