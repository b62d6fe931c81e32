"""Distances between two distributions, from count vectors over the same bins.

Every function takes the counts of the baseline and of the current rows, bin by bin, and returns a frozen
``Distance``. What cannot be computed carries a reason instead of a value; a NaN is never handed out. Counts are whole
rows; the two sides may hold different numbers of them.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc
from scipy.stats import kstwo

from detectors.distance_parts import (
    chi_square_parts,
    jensen_shannon_parts,
    ks_parts,
    psi_parts,
    shares,
    total_variation_parts,
)

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]

NO_BASELINE = "the baseline has no values to compare with"
NO_CURRENT = "there are no values to compare"
CONSTANT_BASELINE = "the baseline holds a single value, so there is no standard deviation to measure in"
TOO_LARGE = "the values are too large to add up"


@dataclass(frozen=True, slots=True)
class Distance:
    """How far two distributions lie apart.

    ``value`` is in the units of the method, or None with a ``reason``. ``p_value`` is the chance of a value at least
    as large when nothing has changed, where the method has one. ``effect`` is a size that does not grow with the
    number of rows, where ``value`` does. ``location`` is the bin where the distance arises, where there is one.
    """

    value: float | None
    p_value: float | None = None
    effect: float | None = None
    location: int | None = None
    reason: str = ""


def ks(baseline_counts: ArrayLike, current_counts: ArrayLike) -> Distance:
    """Two-sample Kolmogorov-Smirnov distance over ordered bins: max |F_baseline - F_current|, from 0 to 1.

    High: the two distributions differ much around one point, the upper edge of bin ``location``. The p-value is that
    of ``scipy.stats.ks_2samp(method="asymp")``: the one-sample distribution at round(n m / (n + m)) rows. Bins that
    hold several distinct values can only hide distance, never add some, and ties make the p-value too large rather
    than too small; it is None where that comes to a single row. Source: Hodges, Arkiv foer Matematik 3 (1958).
    """
    baseline, current, reason = _pair(baseline_counts, current_counts)
    if reason:
        return Distance(None, reason=reason)
    gaps = ks_parts(shares(baseline), shares(current))
    location = int(np.argmax(gaps))
    value = float(min(gaps[location], 1.0))
    # Shares add up to 1 only within rounding; equal distributions are at distance 0, not at 1e-17.
    value = 0.0 if value < 1e-12 else value
    rows = round(effective_rows(int(baseline.sum()), int(current.sum())))
    p_value = min(max(float(kstwo.sf(value, rows)), 0.0), 1.0) if rows > 1 else None
    return Distance(value, p_value=p_value, location=location)


def total_variation(baseline_counts: ArrayLike, current_counts: ArrayLike) -> Distance:
    """Total variation distance: half the sum of |p - q| over the bins, from 0 to 1.

    High: that share of rows would have to change its category to get from one distribution to the other.
    ``location`` is the bin whose share changed most. Also called L1/2 or TVD.
    """
    baseline, current, reason = _pair(baseline_counts, current_counts)
    if reason:
        return Distance(None, reason=reason)
    gaps = total_variation_parts(shares(baseline), shares(current))
    return Distance(float(min(gaps.sum(), 1.0)), location=int(np.argmax(gaps)))


def psi(baseline_counts: ArrayLike, current_counts: ArrayLike) -> Distance:
    """Population stability index: the sum of (q - p) ln(q / p) over the bins, from 0 upwards.

    High: shares changed much in proportion; by custom .1 is a moderate and .2 to .25 a large change. An empty bin
    counts as half a row (its share is 1/2 over the rows of its side), bins empty on both sides are left out and no
    other bin is altered, so without empty bins this is the textbook value. The effect of the half row: a bin that
    had 10 % and is now empty adds .46 at 500 rows and .53 at 1,000, where the textbook value is infinite.
    Source: Lewis, An Introduction to Credit Scoring (1994); it is the symmetric Kullback-Leibler divergence.
    """
    baseline, current, reason = _pair(baseline_counts, current_counts)
    if reason:
        return Distance(None, reason=reason)
    parts = psi_parts(baseline, current)
    return Distance(float(parts.sum()), location=int(np.argmax(parts)))


def jensen_shannon(baseline_counts: ArrayLike, current_counts: ArrayLike) -> Distance:
    """Jensen-Shannon distance: the root of the divergence in bits, from 0 to 1.

    sqrt(H(m) - (H(p) + H(q)) / 2) with m = (p + q) / 2 and H in base 2, as ``scipy.spatial.distance.jensenshannon``
    with ``base=2``. High: a row tells well which side it comes from; 1 when no bin is shared.
    Source: Endres and Schindelin, IEEE Trans. Inf. Theory 49 (2003).
    """
    baseline, current, reason = _pair(baseline_counts, current_counts)
    if reason:
        return Distance(None, reason=reason)
    parts = jensen_shannon_parts(shares(baseline), shares(current))
    divergence = min(max(float(parts.sum()), 0.0), 1.0)
    return Distance(math.sqrt(divergence), location=int(np.argmax(parts)))


def wasserstein(
    baseline_counts: ArrayLike,
    baseline_sums: ArrayLike,
    current_counts: ArrayLike,
    current_sums: ArrayLike,
    scale: float | None,
) -> Distance:
    """First Wasserstein distance in units of ``scale``, the standard deviation of the baseline; from 0 upwards.

    The integral of |F_baseline - F_current|, where the rows of each bin and side sit at their own mean (sum over
    count). High: values moved far; a shift of all values by one standard deviation gives 1, and a unit error is seen
    at its full size. Source: Ramdas, Garcia and Cuturi, Entropy 19 (2017).
    """
    baseline, current, reason = _pair(baseline_counts, current_counts)
    if reason:
        return Distance(None, reason=reason)
    at, gaps = _gaps_between_atoms(baseline, _numbers(baseline_sums), current, _numbers(current_sums))
    if not np.isfinite(at).all():
        return Distance(None, reason=TOO_LARGE)
    with np.errstate(over="ignore"):
        moved = float(np.sum(np.abs(gaps) * np.diff(at)))
    if scale is None or not scale > 0:
        # Two means of the same constant may differ by rounding.
        same = moved <= 1e-12 * float(np.abs(at).max())
        return Distance(0.0) if same else Distance(None, reason=CONSTANT_BASELINE)
    value = moved / scale
    return Distance(value) if math.isfinite(value) else Distance(None, reason=TOO_LARGE)


def chi_square(baseline_counts: ArrayLike, current_counts: ArrayLike) -> Distance:
    """Two-sample chi-square statistic of the 2 x bins table, from 0 upwards.

    The expected counts are those of the pooled rows, so both sides are taken as samples; degrees of freedom are the
    bins with a row on either side, less one. No continuity correction. The p-value is the upper tail of chi-square,
    as ``scipy.stats.chi2_contingency(correction=False)``; it is rough where expected counts are under five.
    The statistic grows with the number of rows; ``effect`` is Cramer's V = sqrt(value / rows), from 0 to 1.
    With one bin in use nothing can differ: value 0, p-value 1. Source: Pearson (1900); Cramer (1946).
    """
    baseline, current, reason = _pair(baseline_counts, current_counts)
    if reason:
        return Distance(None, reason=reason)
    parts = chi_square_parts(baseline, current)
    value = float(parts.sum())
    pooled = baseline + current
    freedom = int((pooled > 0).sum()) - 1
    p_value = float(chdtrc(freedom, value)) if freedom else 1.0
    effect = math.sqrt(value / pooled.sum())
    return Distance(value, p_value=p_value, effect=effect, location=int(np.argmax(parts)))


def effective_rows(n_baseline: int, n_current: int) -> float:
    """n m / (n + m): the rows of a single sample that is as uncertain as the difference of the two. Both above 0."""
    return n_baseline * n_current / (n_baseline + n_current)


def coarse_groups(baseline_counts: ArrayLike, n_groups: int) -> NDArray[np.intp]:
    """The group, counted from 0, of each of the ordered bins: at most ``n_groups`` groups of about equal baseline mass.

    A bin goes where the middle of its mass lies, so one that outweighs a group has a group to itself. Bins beyond the
    baseline's ends join the first or the last group. Groups that no bin fell into are closed up.
    """
    baseline = _counts(baseline_counts)
    total = int(baseline.sum())
    if total == 0:
        return np.zeros(len(baseline), dtype=np.intp)
    middle = (np.cumsum(baseline) - baseline / 2) / total
    group = np.clip(np.floor(middle * n_groups), 0, n_groups - 1).astype(np.intp)
    # Bins before the first and after the last with mass have their middle at 0 and 1: the end groups.
    used = np.unique(group[baseline > 0])
    return np.minimum(np.searchsorted(used, group), len(used) - 1)


def frequent_groups(baseline_counts: ArrayLike, n_groups: int) -> NDArray[np.intp]:
    """The group of each unordered bin: each of the most frequent in the baseline its own, the rest the last together.

    There are at most ``n_groups`` groups; among equals the earlier bin goes first.
    """
    order = np.argsort(-_counts(baseline_counts), kind="stable")
    group = np.empty(len(order), dtype=np.intp)
    group[order] = np.minimum(np.arange(len(order)), n_groups - 1)
    return group


def in_groups(counts: ArrayLike, groups: NDArray[np.intp]) -> Counts:
    """Counts per group, for ``groups`` as from ``coarse_groups``."""
    return np.bincount(groups, weights=_counts(counts)).astype(np.int64)


def _gaps_between_atoms(
    baseline: Counts, baseline_sums: Numbers, current: Counts, current_sums: Numbers
) -> tuple[Numbers, Numbers]:
    """Where the rows of both sides sit, in order, and the difference of the two distributions between them."""
    used, now = baseline > 0, current > 0
    with np.errstate(over="ignore", invalid="ignore"):
        at = np.concatenate([baseline_sums[used] / baseline[used], current_sums[now] / current[now]])
    mass = np.concatenate([shares(baseline)[used], -shares(current)[now]])
    order = np.argsort(at, kind="stable")
    return at[order], np.cumsum(mass[order])[:-1]


def _pair(baseline_counts: ArrayLike, current_counts: ArrayLike) -> tuple[Counts, Counts, str]:
    """Both sides checked, and why they cannot be compared ("" where they can)."""
    baseline, current = _counts(baseline_counts), _counts(current_counts)
    if len(baseline) != len(current):
        raise ValueError(f"counts over {len(baseline)} and {len(current)} bins: both sides need the same bins")
    if not baseline.any():
        return baseline, current, NO_BASELINE
    return baseline, current, "" if current.any() else NO_CURRENT


def _counts(counts: ArrayLike) -> Counts:
    array = np.asarray(counts)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"counts must be a vector of whole numbers, not {array.dtype} of shape {array.shape}")
    if array.size and array.min() < 0:
        raise ValueError("counts must not be negative")
    return array.astype(np.int64)


def _numbers(sums: ArrayLike) -> Numbers:
    return np.asarray(sums, dtype=np.float64)
