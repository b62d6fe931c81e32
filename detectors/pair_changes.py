"""How the correlation of each pair of fields changed, and how far chance alone takes it."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from detectors.comoments import CoMoments, correlations
from detectors.confidence import margin_of
from detectors.findings import Confidence
from detectors.noise import CHANCE
from detectors.pair_scatter import LARGEST, Numbers, PairScatter

MIN_ROWS = 100
FIXED_THRESHOLD = 0.1
# The normal approximation needs this many rows for each product of the two kurtoses: few rows of a rare value do
# not make a correlation.
ROWS_PER_KURTOSIS = 5
# With so many degrees of freedom Student's distribution is the normal one.
_AS_NORMAL = 1e6


@dataclass(frozen=True, slots=True)
class PairChange:
    """The correlation of two fields at the baseline and in the window, and the change that chance alone reaches.

    ``by_chance`` is the change in this direction that any of all pairs reaches by chance in one of so many windows as
    was asked for, or what that adds to a change that is ``known`` to do no harm; ``z`` is the change in standard
    errors, and ``freedom`` the degrees of freedom that these are known with.
    """

    first: str
    second: str
    before: float
    now: float
    by_chance: float
    z: float
    freedom: float
    n_baseline: int
    n_current: int
    known: bool = False

    @property
    def change(self) -> float:
        """The correlation now less that before."""
        return self.now - self.before

    @property
    def p_value(self) -> float:
        """How often chance takes this pair, looked at alone, as far."""
        return 2 * float(stdtr(self.freedom, -abs(self.z)))

    @property
    def fields(self) -> frozenset[str]:
        return frozenset((self.first, self.second))

    @property
    def times_limit(self) -> float:
        """How many times .1, or what chance reaches where that is more, the change is."""
        return abs(self.change) / max(self.by_chance, FIXED_THRESHOLD)

    def beyond(self, limit: float) -> bool:
        """Whether the change is beyond a limit, and beyond chance."""
        return abs(self.change) >= max(limit, self.by_chance)


def pair_changes(
    scatter: PairScatter,
    baseline: CoMoments,
    current: CoMoments,
    *,
    min_rows: int = MIN_ROWS,
    chance: float = CHANCE,
    confidence: Confidence = "normal",
) -> list[PairChange]:
    """Every pair that can be compared, the most surprising change first.

    Where ``confidence`` in how the stream moves is low, chance is taken to reach further (see ``margin_of``).

    Left out are pairs with fewer than ``min_rows`` rows on either side where both are present, or fewer than
    ``ROWS_PER_KURTOSIS`` times the product of their kurtoses, and pairs with a field that is constant on either side.
    ValueError where the sums and the scatter are of different fields.
    """
    if baseline.fingerprint != current.fingerprint:
        raise ValueError("the sums of products are of different binnings: count the rows of one of them again")
    if not baseline.n_fields == current.n_fields == len(scatter.fields):
        raise ValueError(f"sums of {baseline.n_fields} and {current.n_fields} fields, scatter of {len(scatter.fields)}")
    before, now = correlations(baseline), correlations(current)
    weights = np.multiply.outer(scatter.kurtosis, scatter.kurtosis)
    least = np.fmax(max(min_rows, 4), ROWS_PER_KURTOSIS * np.where(np.isnan(weights), np.inf, weights))
    kept = np.isfinite(before) & np.isfinite(now) & (np.minimum(baseline.n, current.n) >= least)
    rows, columns = np.nonzero(np.triu(kept, 1))
    errors, freedom = _errors(scatter, before, baseline, current)
    points = margin_of(confidence) * -stdtrit(freedom, chance / 2 / max(len(rows), 1))
    changes = [
        PairChange(
            scatter.fields[i],
            scatter.fields[j],
            float(before[i, j]),
            float(now[i, j]),
            *_by_chance(float(before[i, j]), float(now[i, j]), float(errors[i, j]), float(points[i, j])),
            float(freedom[i, j]),
            int(baseline.n[i, j]),
            int(current.n[i, j]),
        )
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    return sorted(changes, key=lambda change: -change.times_limit)


def _errors(scatter: PairScatter, r: Numbers, baseline: CoMoments, current: CoMoments) -> tuple[Numbers, Numbers]:
    """The standard errors of changes of artanh r, and their degrees of freedom (Welch and Satterthwaite).

    Where correlations wander, that of the baseline is the mean of as many positions as there are stretches; and where
    these are few, how much they wander is not well known.
    """
    wander = scatter.wander * (1 + 1 / max(scatter.n_stretches, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt(scatter.spread(r) ** 2 * (1 / baseline.n + 1 / current.n) + wander)
        freedom = (scatter.n_stretches - 1) * (errors**2 / wander) ** 2
    return errors, np.clip(np.where(wander > 0, freedom, _AS_NORMAL), 1.0, _AS_NORMAL)


def _by_chance(before: float, now: float, error: float, point: float) -> tuple[float, float]:
    """The change that is reached ``point`` standard errors away, and how many the change is."""
    kept_before, kept_now = (min(max(each, -LARGEST), LARGEST) for each in (before, now))
    z = (math.atanh(kept_now) - math.atanh(kept_before)) / error
    reached = math.tanh(math.atanh(kept_before) + math.copysign(point * error, z))
    return abs(reached - kept_before), z
