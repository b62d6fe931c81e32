"""Slow drift: small changes that no single window shows, added up over windows since whenever they began.

The Shiryaev-Roberts e-detector of Shin, Ramdas and Rinaldo (E-detectors, New England Journal of Statistics in Data
Science 2, 2024). Its state is a value that is stored and stepped window by window.
"""

import math
from dataclasses import dataclass

import numpy as np

from detectors.bets import STAKES, Bets, evenly_mixed

# By default a false alarm comes once in so many windows at most: about three years of daily ones.
RUN_LENGTH = 1000.0


@dataclass(frozen=True, slots=True)
class DriftState:
    """The payoff since each possible beginning, the next window among them, summed: logarithms, one for each stake.

    Plain finite numbers; ``DriftState()`` is where monitoring begins, and begins anew with a new baseline.
    """

    log_sums: Bets = (0.0,) * len(STAKES)
    windows: int = 0

    def __post_init__(self) -> None:
        if len(self.log_sums) != len(STAKES):
            raise ValueError(f"log_sums: give {len(STAKES)} numbers, one for each stake, or begin anew")


@dataclass(frozen=True, slots=True)
class SlowDrift:
    """The verdict after a window: ``evidence`` reached ``limit`` or not.

    ``evidence`` is from 0 upwards; without a change it is at most the number of windows on average, and typically
    about 1. ``stake`` is the position of the stake that gained most, a rough size of the drift: ``STAKES[stake]`` in
    standard deviations of the window's statistic for bets on p-values.
    """

    alarm: bool
    evidence: float
    limit: float
    stake: int


def step(state: DriftState, bets: Bets | None, run_length: float = RUN_LENGTH) -> tuple[DriftState, SlowDrift | None]:
    """The verdict on the next window, and the state after it; an undefined window (None) leaves the state as it was.

    For each stake S = (1 + S before) payoff: the payoffs since every earlier window, added up. The evidence is the
    mean of S over the stakes; an alarm is evidence of ``run_length`` or more. Where the bets pay at most 1 on average
    given the past, evidence less windows does not grow on average, so the mean number of windows to the first alarm
    is ``run_length`` at least.

    After an alarm the state is scaled down to the limit. So the alarm stays while windows go on to speak for drift,
    and ends soon after they no longer do; scaling down never brings an alarm nearer. To judge a window again, step
    from the state before it. ValueError for a ``run_length`` under 1.
    """
    if not 1 <= run_length < math.inf:
        raise ValueError(f"run_length {run_length}: give windows between false alarms, like 1000")
    if bets is None:
        return state, None
    sums = np.add(state.log_sums, bets)
    log_evidence, log_limit = evenly_mixed(tuple(sums)), math.log(run_length)
    verdict = SlowDrift(
        alarm=log_evidence >= log_limit,
        evidence=math.exp(log_evidence) if log_evidence < 709 else math.inf,
        limit=run_length,
        stake=int(np.argmax(sums)),
    )
    kept = np.logaddexp(0.0, sums - max(log_evidence - log_limit, 0.0))
    return DriftState(tuple(float(value) for value in kept), state.windows + 1), verdict
