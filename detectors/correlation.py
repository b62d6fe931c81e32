"""Did two fields change their relation? The correlation of each pair in a window, against the baseline's.

Two features that were swapped keep every distribution of a single field; what they have to do with a third one changes.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from detectors.comoments import CoMoments
from detectors.findings import FIXED, GIVEN, RAISED, Finding, Status, unjudged
from detectors.noise import CHANCE
from detectors.pair_scatter import PairScatter
from detectors.wording import name

METHOD = "correlation"
MIN_ROWS = 100
FIXED_THRESHOLD = 0.1
# The normal approximation needs this many rows for each product of the two kurtoses: few rows of a rare value do
# not make a correlation.
ROWS_PER_KURTOSIS = 5
# Fisher's transformation has no end at 1.
_LARGEST = 0.9999
NAMED_PAIRS = 3

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairChange:
    """The correlation of two fields at the baseline and in the window, and the change that chance alone reaches.

    ``by_chance`` is the change in this direction that any of all pairs reaches once in 1,000 windows; ``z`` is the
    change in standard errors.
    """

    first: str
    second: str
    before: float
    now: float
    by_chance: float
    z: float
    n_baseline: int
    n_current: int

    @property
    def change(self) -> float:
        """The correlation now less that before."""
        return self.now - self.before


def correlations(sums: CoMoments) -> Numbers:
    """Correlation (float64[F, F]) of the codes of each pair, over rows where both are present; NaN where undefined.

    r = (n Sxy - Sx Sy) / sqrt((n Sxx - Sx^2) (n Syy - Sy^2)): Pearson's of coarse ranks, so about Spearman's of the
    values.
    """
    n, sums_x, squares = (each.astype(np.float64) for each in (sums.n, sums.sums, sums.squares))
    covariance = n * sums.products - sums_x * sums_x.T
    variance = n * squares - sums_x * sums_x
    with np.errstate(invalid="ignore", divide="ignore"):
        r = covariance / np.sqrt(variance * variance.T)
    return np.where((variance > 0) & (variance.T > 0), np.clip(r, -1.0, 1.0), np.nan)


def pair_changes(
    scatter: PairScatter, baseline: CoMoments, current: CoMoments, *, min_rows: int = MIN_ROWS
) -> list[PairChange]:
    """Every pair that can be compared, the most surprising change first.

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
    point = float(-ndtri(CHANCE / 2 / max(len(rows), 1)))
    changes = [
        _change(scatter, baseline, current, (before, now), (i, j), point)
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    return sorted(changes, key=lambda change: -abs(change.change) / max(change.by_chance, FIXED_THRESHOLD))


def correlation_finding(
    scatter: PairScatter,
    baseline: CoMoments,
    current: CoMoments,
    *,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
) -> Finding:
    """The change of correlation of the pair of fields that changed most against its limit, of the whole model.

    Pearson's correlation of coarse ranks (about Spearman's), pairwise over the rows where both fields are present.
    Correlations are compared on Fisher's scale, artanh r, with the standard error that the baseline's rows give. The
    limit is .1, raised to the change that any of all pairs reaches once in 1,000 windows by chance (Bonferroni).
    Critical at twice the limit. The value is the size of the change, the effect has its sign, the p-value is that of
    the pair times the number of pairs.

    Insufficient where no pair can be compared; see ``pair_changes``.
    """
    n_baseline, n = baseline.n_rows, current.n_rows
    if not n:
        return unjudged("drift", METHOD, None, n_baseline, 0, "nodata", "no rows in this window")
    if baseline.n_fields < 2:
        reason = "fewer than two fields have values in order that vary at the baseline"
        return unjudged("drift", METHOD, None, n_baseline, n, "insufficient", reason)
    changes = pair_changes(scatter, baseline, current, min_rows=min_rows)
    if not changes:
        reason = f"no two fields vary together in enough rows to be compared, at least {min_rows:,} are needed"
        return unjudged("drift", METHOD, None, n_baseline, n, "insufficient", reason)
    top = changes[0] if threshold is None else max(changes, key=lambda change: abs(change.change))
    limit, source = (top.by_chance, RAISED) if top.by_chance > FIXED_THRESHOLD else (FIXED_THRESHOLD, FIXED)
    if threshold is not None:
        limit, source = threshold, GIVEN
    value = abs(top.change)
    status: Status = "ok" if value < limit else "critical" if value >= 2 * limit else "warning"
    return Finding(
        kind="drift",
        method=METHOD,
        field=None,
        value=value,
        threshold=limit,
        threshold_source=source,
        p_value=min(1.0, 2 * len(changes) * float(ndtr(-abs(top.z)))),
        effect=top.change,
        n_baseline=top.n_baseline,
        n_current=top.n_current,
        status=status,
        reason=_words(changes, top, limit),
        confidence="low" if source == RAISED else "normal",
    )


def _change(
    scatter: PairScatter,
    baseline: CoMoments,
    current: CoMoments,
    r: tuple[Numbers, Numbers],
    pair: tuple[int, int],
    point: float,
) -> PairChange:
    before, now = (float(side[pair]) for side in r)
    n_baseline, n = int(baseline.n[pair]), int(current.n[pair])
    kept_before, kept_now = (min(max(each, -_LARGEST), _LARGEST) for each in (before, now))
    # A perfect correlation has no scatter in its sample; a little is left to it.
    spread = math.sqrt(float(scatter.scatter[pair])) / (1 - kept_before**2)
    error = max(spread, 1e-3) * math.sqrt(1 / n_baseline + 1 / n)
    z = (math.atanh(kept_now) - math.atanh(kept_before)) / error
    reached = math.tanh(math.atanh(kept_before) + math.copysign(point * error, z))
    names = scatter.fields
    return PairChange(names[pair[0]], names[pair[1]], before, now, abs(reached - kept_before), z, n_baseline, n)


def _words(changes: list[PairChange], top: PairChange, limit: float) -> str:
    words = f"correlation of {_pair(top)}, the largest change of {len(changes):,} pairs"
    others = [each for each in changes if each != top and abs(each.change) >= max(limit, each.by_chance)]
    if abs(top.change) >= limit and others:
        shown = ", ".join(_pair(each) for each in others[: NAMED_PAIRS - 1])
        rest = len(others) - NAMED_PAIRS + 1
        words += f"; also of {shown}" + (f" and {rest:,} more" if rest > 0 else "")
    return words


def _pair(change: PairChange) -> str:
    return f"{name(change.first)} and {name(change.second)} {change.before:.2f} -> {change.now:.2f}"
