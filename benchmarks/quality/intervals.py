"""Bootstrap intervals: clusters (a stream and a seed, or a scenario) are drawn anew, since windows share them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 300
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % bootstrap interval; ``n`` windows. ``value`` is NaN where there is nothing to count."""

    value: float
    low: float
    high: float
    n: int

    def times(self, factor: float) -> "Interval":
        return Interval(self.value * factor, self.low * factor, self.high * factor, self.n)


NOTHING = Interval(float("nan"), float("nan"), float("nan"), 0)


def rate(hits: Sequence[bool] | NDArray[np.bool_], clusters: Sequence[object]) -> Interval:
    """The share of hits."""
    return mean(np.asarray(hits, dtype=np.float64), clusters)


def mean(values: NDArray[np.float64], clusters: Sequence[object]) -> Interval:
    """The mean over all values; whole clusters are drawn."""
    if not len(values):
        return NOTHING
    codes = _codes(clusters)
    sums, counts = np.bincount(codes, weights=values), np.bincount(codes)
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(sums), (ROUNDS, len(sums)))
    drawn = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    low, high = _ends(drawn)
    return Interval(float(values.mean()), low, high, len(values))


def resampled(clusters: Sequence[object], statistic: Callable[[NDArray[np.int64]], float], n: int) -> Interval:
    """Any statistic of row positions; draws in which it is undefined (NaN) are left out."""
    codes = _codes(clusters)
    members = [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)] if len(codes) else []
    value = statistic(np.arange(len(codes)))
    if not members or np.isnan(value):
        return NOTHING
    rng = np.random.default_rng(0)
    drawn = np.array(
        [
            statistic(np.concatenate([members[pick] for pick in rng.integers(0, len(members), len(members))]))
            for _ in range(ROUNDS)
        ]
    )
    low, high = _ends(drawn[~np.isnan(drawn)])
    return Interval(value, low, high, n)


def _codes(clusters: Sequence[object]) -> NDArray[np.int64]:
    places: dict[object, int] = {}
    return np.array([places.setdefault(cluster, len(places)) for cluster in clusters], dtype=np.int64)


def _ends(drawn: NDArray[np.float64]) -> tuple[float, float]:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
