"""The losses of rows whose labels were asked for with known chances, each weighed by the rows that it stands for."""

import math
from dataclasses import astuple, dataclass

from detectors.label_weights import PARTS, SAME_WEIGHTS, LabelWeights
from detectors.loss_sums import LossSums
from detectors.performance_layout import Layout
from detectors.profile_losses import profile_losses

# So far from the rows there are, in standard errors, labels stand for by chance one time in 1,000. A few rows never get
# a label, whatever was asked for: less than one in twenty is no news.
_RARE, _FEW = 3.29, 0.05


@dataclass(frozen=True, slots=True)
class WeightedLosses:
    """Sums over the ``n`` labelled rows with a known chance p, of ``rows`` in all; those of two windows add up.

    w = 1 / p is how many rows a label stands for. Of these weights, their squares, and with the losses l (each from 0
    to 1): w l, w^2 l and w^2 l^2.
    """

    n: int = 0
    rows: int = 0
    weights: float = 0.0
    weight_squares: float = 0.0
    losses: float = 0.0
    loss_products: float = 0.0
    loss_squares: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.n <= self.rows and all(map(math.isfinite, astuple(self)))):
            raise ValueError(f"n {self.n} of rows {self.rows}: give finite sums, labelled rows among all rows")

    @property
    def lost(self) -> LossSums:
        """Of every row w l, and 0 without a label: what is expected of it is the loss of the row, whatever p is."""
        return LossSums(self.rows, self.losses, self.loss_squares)

    @property
    def spared(self) -> LossSums:
        """Of every row w (1 - l), and 0 without a label: what is expected of it is 1 less the loss of the row."""
        squares = self.weight_squares - 2 * self.loss_products + self.loss_squares
        return LossSums(self.rows, self.weights - self.losses, max(squares, 0.0))

    @property
    def are_unequal(self) -> bool:
        """Whether the labels were asked for with different chances."""
        return self.n * self.weight_squares > self.weights * self.weights * (1 + SAME_WEIGHTS)

    @property
    def surplus(self) -> int:
        """-1 or 1 where labels stand for fewer or more rows than there are, by a twentieth and not by chance; else 0.

        The sum of weights has the expected value ``rows`` and the variance of the sum of w (w - 1).
        """
        error = math.sqrt(max(self.weight_squares - self.weights, 0.0))
        distance = self.weights - self.rows
        if abs(distance) <= max(_RARE * error, _FEW * self.rows):
            return 0
        return 1 if distance > 0 else -1


def add_weighted(a: WeightedLosses, b: WeightedLosses) -> WeightedLosses:
    """The sums over the rows of both."""
    return WeightedLosses(*(x + y for x, y in zip(astuple(a), astuple(b), strict=True)))


def weighted_losses(layout: Layout, weights: LabelWeights, bound: float | None, n_rows: int) -> WeightedLosses:
    """The sums of a window of ``n_rows`` rows in all; ``bound`` as for ``profile_losses``."""
    n, weight, squares = (profile_losses(layout, each, bound) for each in weights.profiles(layout))
    parts = (weight.n, squares.n, weight.total, squares.total, squares.squares)
    return WeightedLosses(n.n, n_rows, *(part / PARTS for part in parts))
