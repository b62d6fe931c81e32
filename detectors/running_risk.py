"""The risk since monitoring began and lately, as a fold over windows: has it risen above a limit?

A mean since the beginning hides a bad month behind a good year. So the risk of the last 1, 2, 4, 8, ... windows is
bounded too, at all times at once: every window may be where a stretch begins, and the chance of error is shared out
among all of them beforehand.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from detectors.confidence_sequences import ALPHA, BoundedRisk, add_batch, lower_bound, running_interval, upper_bound
from detectors.intervals import Interval
from detectors.prediction_powered import corrected_losses
from detectors.risk_sums import RiskSums, add_risk
from detectors.window_risk import WindowRisk

# Where more rows have labels, estimates add next to nothing to them.
FEW_LABELLED = 0.2
_NOTHING_KNOWN = RiskSums()


@dataclass(frozen=True, slots=True)
class RiskState:
    """Where the running risk stands after some windows, and ``known``, the sums that estimates are weighed by."""

    risk: BoundedRisk
    known: RiskSums = _NOTHING_KNOWN


Step = Callable[[RiskState, WindowRisk], RiskState]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The last ``windows`` windows: their ``n`` labelled rows, the mean loss of these, and its interval."""

    windows: int
    n: int
    risk: float
    interval: Interval


def step_labels(state: RiskState, window: WindowRisk) -> RiskState:
    """The state after one more window, by its labels alone."""
    return RiskState(add_batch(state.risk, window.losses), state.known)


def step_powered(state: RiskState, window: WindowRisk) -> RiskState:
    """The state after one more window, whose labels are corrected by the estimates for all of its rows.

    The weight of the estimates is tuned on the windows before it. Where a fifth of the rows or more have labels, these
    count alone.
    """
    sums = window.estimated
    earlier = state.known if sums.n < FEW_LABELLED * sums.rows else _NOTHING_KNOWN
    return RiskState(add_batch(state.risk, corrected_losses(sums, earlier)), add_risk(state.known, sums))


def since_the_beginning(states: Sequence[RiskState], alpha: float = ALPHA) -> Stretch | None:
    """All windows of a fold; None without a labelled row.

    ``states`` are those of the fold, from the one before the first window to the one after the last. The interval
    holds at all times at once but for a chance of ``alpha``.
    """
    windows = len(states) - 1
    part = _part(states, windows)
    if not part.n:
        return None
    return Stretch(windows, part.n, part.total / part.n, running_interval(part, alpha))


def risen(states: Sequence[RiskState], limit: float, alpha: float = ALPHA) -> Stretch | None:
    """The stretch up to now whose risk is certainly above ``limit``, the one with the highest lower bound; or None.

    Looked at are all windows and the last 1, 2, 4, 8, ... A stretch that begins with window j has the chance of error
    alpha / (j (j + 1)), which add up to ``alpha`` over all j. So the chance that any stretch is ever called risen
    whose risk is within the limit is ``alpha`` at most, however often one looks and however the limit is reached:
    the union of confidence sequences. None also where the risk of a later part of the stretch is certainly below the
    limit again, for then it is over.
    """
    found: Stretch | None = None
    windows = len(states) - 1
    over = False
    for length in _lengths(windows):
        part = _part(states, length)
        if not part.n:
            continue
        begin = windows - length + 1
        own = alpha / (begin * (begin + 1))
        risk = part.total / part.n
        if risk <= limit:
            over = over or upper_bound(part, ALPHA) < limit
        elif not over:
            low = lower_bound(part, own)
            if low > limit and (found is None or low > (found.interval.low or 0.0)):
                found = Stretch(length, part.n, risk, Interval(low, upper_bound(part, own), 1 - 2 * own))
    return found


def _lengths(windows: int) -> Iterator[int]:
    length = 1
    while length < windows:
        yield length
        length *= 2
    if windows:
        yield windows


def _part(states: Sequence[RiskState], windows: int) -> BoundedRisk:
    """The sums of the last windows alone. The spread is that about what was expected before each, as ever."""
    now, before = states[-1].risk, states[len(states) - 1 - windows].risk
    return BoundedRisk(now.n - before.n, now.total - before.total, now.spread - before.spread, now.expected, now.reach)
