"""The risk since monitoring began and lately, as a fold over windows: has it risen above a limit?

A mean since the beginning hides a bad month behind a good year. So the risk of the last 1, 2, 4, 8, ... windows is
bounded too, at all times at once: every window may be where a stretch begins, and the chance of error is shared out
among all of them beforehand.

Where labels are asked for with known chances that differ, each row of a window counts: with w l, w = 1 / p, where it
has a label of loss l and chance p, and with 0 where it has none. What is expected of that is the row's loss, whatever
the chances are and however they depend on earlier outcomes; and it is never below 0, so it may enter the lower bound
beside losses from 0 to 1, whatever the largest w may be, also of rows that never get a label. The upper bound is 1 less
the lower bound of the spared losses w (1 - l), for the same reason. Source: Waudby-Smith, Wu, Ramdas, Karampatziakis
and Mineiro, Anytime-valid off-policy inference for contextual bandits, ACM/IMS J. Data Sci. 1 (2024).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from detectors.confidence_sequences import ALPHA, TUNED_AT, BoundedRisk, add_batch, lower_bound
from detectors.intervals import Interval
from detectors.loss_sums import LossSums
from detectors.prediction_powered import corrected_losses
from detectors.risk_sums import RiskSums, add_risk
from detectors.weighted_losses import WeightedLosses, add_weighted
from detectors.window_risk import WindowRisk

# Where more rows have labels, estimates add next to nothing to them.
FEW_LABELLED = 0.2
_NOTHING_KNOWN = RiskSums()
# How many rows a label is taken to stand for before the first weights are known; bounds hold with any.
_FIRST_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class RiskState:
    """Where the running risk stands after some windows: sums of what was ``lost``, and of what was ``spared``, which is
    1 less the loss. ``labelled`` rows were seen.

    ``known`` are the sums that estimates are weighed by, ``weights`` and ``weight_squares`` those of the labels asked
    for with known chances. ``weighs`` says that these count by their weights, see ``chances_differ``.
    """

    lost: BoundedRisk
    spared: BoundedRisk
    labelled: int = 0
    known: RiskSums = _NOTHING_KNOWN
    weights: float = 0.0
    weight_squares: float = 0.0
    weighs: bool = False

    @property
    def tuned_at(self) -> float:
        """The spread at which a stretch that begins here is bounded best: that of as many labels as ever, each with the
        weight of a label so far."""
        if not self.weighs:
            return TUNED_AT
        weight = self.weight_squares / self.weights if self.weights else _FIRST_WEIGHT
        return TUNED_AT * weight**2


def first_state(expected: float, reach: float = 1.0, *, weighs: bool = False) -> RiskState:
    """The state before the first window; arguments as for ``BoundedRisk``, and ``RiskState``."""
    lost, spared = (BoundedRisk(expected=each, reach=reach) for each in (expected, 1 - expected))
    return RiskState(lost, spared, weighs=weighs)


def chances_differ(windows: Iterable[WindowRisk]) -> bool:
    """Whether labels have to be weighed by the rows that they stand for.

    Where all were asked for with the same chance they are a random sample and count alike, which tells more. That all
    that came had the same is not enough: they have to stand for as many rows as there are, but for chance, or rows of
    which none was chosen yet have another one. Rows count from the first window on that has such a label.
    """
    asked = WeightedLosses()
    for window in windows:
        if window.weighted.n or (asked.n and not window.losses.n):
            asked = add_weighted(asked, window.weighted)
    return asked.are_unequal or asked.surplus != 0


Step = Callable[[RiskState, WindowRisk], RiskState]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The last ``windows`` windows: their ``n`` labelled rows, the mean loss of these, each weighed by the rows that it
    stands for where that is known, and its interval."""

    windows: int
    n: int
    risk: float
    interval: Interval


def step_labels(state: RiskState, window: WindowRisk) -> RiskState:
    """The state after one more window, by its labels alone."""
    return _step_weighted(state, window) or _with(state, window.losses)


def step_powered(state: RiskState, window: WindowRisk) -> RiskState:
    """The state after one more window, whose labels are corrected by the estimates for all of its rows.

    The weight of the estimates is tuned on the windows before it. Where a fifth of the rows or more have labels, these
    count alone; and also where they are weighed: a correction would be multiplied by w, which has no bound that could
    be known of the rows without a label.
    """
    weighted = _step_weighted(state, window)
    if weighted is not None:
        return weighted
    sums = window.estimated
    earlier = state.known if sums.n < FEW_LABELLED * sums.rows else _NOTHING_KNOWN
    return replace(_with(state, corrected_losses(sums, earlier)), known=add_risk(state.known, sums))


def _step_weighted(state: RiskState, window: WindowRisk) -> RiskState | None:
    """The state after a window whose labels are weighed; None for another one.

    Where labels are weighed a window without any is one of them: to count the windows that happen to have some would
    make losses too many.
    """
    sums = window.weighted
    if not state.weighs or (window.losses.n and not sums.n):
        return None
    return replace(
        state,
        lost=add_batch(state.lost, sums.lost),
        spared=add_batch(state.spared, sums.spared),
        labelled=state.labelled + sums.n,
        weights=state.weights + sums.weights,
        weight_squares=state.weight_squares + sums.weight_squares,
    )


def _with(state: RiskState, losses: LossSums) -> RiskState:
    n = losses.n
    spared = LossSums(n, n - losses.total, max(n - 2 * losses.total + losses.squares, 0.0))
    return replace(
        state,
        lost=add_batch(state.lost, losses),
        spared=add_batch(state.spared, spared),
        labelled=state.labelled + n,
    )


def since_the_beginning(states: Sequence[RiskState], alpha: float = ALPHA) -> Stretch | None:
    """All windows of a fold; None without a labelled row.

    ``states`` are those of the fold, from the one before the first window to the one after the last. The interval
    holds at all times at once but for a chance of ``alpha``.
    """
    windows = len(states) - 1
    part = _part(states, windows)
    if not part.labelled:
        return None
    interval = Interval(part.low(alpha / 2), part.high(alpha / 2), 1 - alpha)
    return Stretch(windows, part.labelled, part.risk, interval)


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
        if not part.labelled:
            continue
        begin = windows - length + 1
        own = alpha / (begin * (begin + 1))
        if part.risk <= limit:
            over = over or part.high(ALPHA) < limit
        elif not over:
            low = part.low(own)
            if low > limit and (found is None or low > (found.interval.low or 0.0)):
                found = Stretch(length, part.labelled, part.risk, Interval(low, part.high(own), 1 - 2 * own))
    return found


def _lengths(windows: int) -> Iterator[int]:
    length = 1
    while length < windows:
        yield length
        length *= 2
    if windows:
        yield windows


@dataclass(frozen=True, slots=True)
class _Part:
    """The sums of some windows alone, with ``tuned_at`` from before the first of them."""

    lost: BoundedRisk
    spared: BoundedRisk
    labelled: int
    tuned_at: float

    @property
    def risk(self) -> float:
        """What was lost of what was lost and spared: of n labels that count alike, their mean loss."""
        return self.lost.total / (self.lost.total + self.spared.total)

    def low(self, alpha: float) -> float:
        """The risk is above this at all times, but for a chance of ``alpha``."""
        return lower_bound(self.lost, alpha, self.tuned_at)

    def high(self, alpha: float) -> float:
        """The risk is below this at all times, but for a chance of ``alpha``."""
        return 1 - lower_bound(self.spared, alpha, self.tuned_at)


def _part(states: Sequence[RiskState], windows: int) -> _Part:
    now, before = states[-1], states[len(states) - 1 - windows]
    return _Part(
        _less(now.lost, before.lost), _less(now.spared, before.spared), now.labelled - before.labelled, before.tuned_at
    )


def _less(now: BoundedRisk, before: BoundedRisk) -> BoundedRisk:
    """The spread is that about what was expected before each window, as ever."""
    return BoundedRisk(now.n - before.n, now.total - before.total, now.spread - before.spread, now.expected, now.reach)
