"""The sums over the losses of labelled rows from which their risk, the mean loss, is bounded."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LossSums:
    """``n`` losses, their sum and the sum of their squares; sums of two batches add up to those of both."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __post_init__(self) -> None:
        if self.n < 0 or not (math.isfinite(self.total) and math.isfinite(self.squares)):
            raise ValueError(f"n {self.n}, total {self.total}, squares {self.squares}: give sums of finite losses")

    @property
    def mean(self) -> float | None:
        """The risk, or None without a row."""
        return self.total / self.n if self.n else None

    @property
    def variance(self) -> float | None:
        """The sample variance (over n - 1), or None under two rows."""
        if self.n < 2:
            return None
        return max(self.squares - self.total * self.total / self.n, 0.0) / (self.n - 1)
