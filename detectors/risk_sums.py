"""The sums from which a risk is estimated where only some rows have labels and all have an estimated loss.

The estimated loss of a row is what its own prediction says of it, for example 1 minus the calibrated probability of
the predicted class, or the error to be expected of a row like it.
"""

import math
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class RiskSums:
    """Sums over the rows that have an estimated loss; those of two windows add up to those of both.

    Over the ``n`` labelled rows: losses, estimated losses, their squares and their products. Over all ``rows``, the
    labelled ones among them: estimated losses and their squares.
    """

    n: int = 0
    loss: float = 0.0
    loss_squares: float = 0.0
    estimate: float = 0.0
    estimate_squares: float = 0.0
    products: float = 0.0
    rows: int = 0
    all_estimates: float = 0.0
    all_estimate_squares: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.n <= self.rows and all(map(math.isfinite, astuple(self)))):
            raise ValueError(f"n {self.n} of rows {self.rows}: give finite sums, labelled rows among all rows")


def add_risk(a: RiskSums, b: RiskSums) -> RiskSums:
    """The sums over the rows of both."""
    return RiskSums(*(x + y for x, y in zip(astuple(a), astuple(b), strict=True)))
