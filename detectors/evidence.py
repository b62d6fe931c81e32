"""Evidence for a change since a fixed moment: an e-process, which may be looked at after every window."""

import math
from dataclasses import dataclass

from detectors.bets import STAKES, Bets, evenly_mixed


@dataclass(frozen=True, slots=True)
class Evidence:
    """The payoff so far, as logarithms, of each stake, and the windows that were bet on.

    Plain numbers; ``Evidence()`` is where a period begins.
    """

    log_payoffs: Bets = (0.0,) * len(STAKES)
    windows: int = 0

    def __post_init__(self) -> None:
        if len(self.log_payoffs) != len(STAKES):
            raise ValueError(f"log_payoffs: give {len(STAKES)} numbers, one for each stake, or begin anew")

    @property
    def e_value(self) -> float:
        """The mean payoff over the stakes, from 0 upwards; infinite beyond what a float can hold.

        High: 20 or more happens in at most one of 20 periods without a change, however often one looks (Ville 1939).
        It is an e-value at any moment that does not look ahead, for ``multiplicity.step``.
        """
        log_mean = evenly_mixed(self.log_payoffs)
        return math.exp(log_mean) if log_mean < 709 else math.inf


def add_window(state: Evidence, bets: Bets | None) -> Evidence:
    """The evidence after one more window; an undefined one (None) leaves it as it was.

    To judge a window again, add it to the state before it. Source: Ramdas, Grunwald, Vovk and Shafer, Game-theoretic
    statistics and safe anytime-valid inference, Statistical Science 38 (2023).
    """
    if bets is None:
        return state
    payoffs = tuple(before + bet for before, bet in zip(state.log_payoffs, bets, strict=True))
    return Evidence(payoffs, state.windows + 1)
