"""Points far out in the tail of a statistic that was observed a limited number of times."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# With fewer observations beyond a point than this its place is not known by counting them.
LEAST_BEYOND = 10
# The tail is fitted to this share of the observations, and to no fewer than that many.
_FITTED_SHARE, _LEAST_FITTED = 0.1, 5
# Points that a larger share exceeds are not asked for, so only this upper part is kept.
_KEPT_SHARE, _LEAST_KEPT = 0.3, 50


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The upper part of ``n`` observations: ``top`` (float64[T]) are the largest, in falling order."""

    n: int
    top: NDArray[np.float64]

    def point(self, share: float) -> float:
        """The value that a share of the observations exceeds; ``share`` is above 0 and at most .25.

        Where at least ten observations lie beyond it, their own quantile. Further out the excess over the 90 % point
        is taken as exponential (the tails of distances are lighter, so the point is too high rather than too low):
        u + m ln(s / share), with u the point that the share s exceeds, and m the mean excess over it.
        """
        if not 0 < share <= 0.25:
            raise ValueError(f"share {share}: want one above 0 and at most 0.25")
        if share * self.n >= LEAST_BEYOND:
            beyond = share * self.n
            at = min(math.floor(beyond), len(self.top) - 1)
            below = min(at + 1, len(self.top) - 1)
            return float(self.top[at] + (beyond - at) * (self.top[below] - self.top[at]))
        n_fitted = max(math.ceil(_FITTED_SHARE * self.n), _LEAST_FITTED)
        if n_fitted >= len(self.top):
            return float(self.top[0])
        threshold = float(self.top[n_fitted])
        excess = float(np.mean(self.top[:n_fitted])) - threshold
        return threshold + excess * max(math.log(n_fitted / self.n / share), 0.0)


def tail_of(values: ArrayLike) -> Tail:
    """The upper tail of observations in any order, of which there must be at least one."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))[::-1]
    if not len(ordered):
        raise ValueError("values: a tail needs at least one observation")
    kept = max(math.ceil(_KEPT_SHARE * len(ordered)), _LEAST_KEPT)
    return Tail(len(ordered), ordered[:kept].copy())
