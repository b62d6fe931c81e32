"""The drift statistic of every field for many windows at once, on a scale that does not depend on the rows.

A distance between two samples of one distribution shrinks with the square root of the effective rows
n m / (n + m). Times that root (see ``to_root``) it scatters alike whatever the traffic was, so one calibration serves
windows of all sizes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.bins import CategoryBins, FieldBins
from detectors.distance_parts import (
    chi_square_parts,
    jensen_shannon_parts,
    ks_parts,
    psi_parts,
    shares,
    total_variation_parts,
)
from detectors.distances import coarse_groups, frequent_groups
from detectors.drift_methods import CATEGORY_GROUPS, LEAST_EXPECTED, LEAST_ROWS, NUMERIC_GROUPS

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]
# Slots of values that are no part of a distribution: missing, mistyped, NaN, infinite.
_LEFT_OUT = -1


@dataclass(frozen=True, slots=True, eq=False)
class FieldScale:
    """How one field is measured by one method: the groups that its slots are counted in.

    ``groups`` (int[slots]) is the group of every slot, -1 where a slot is left out.
    """

    method: str
    groups: NDArray[np.intp]
    n_groups: int

    def grouped(self, slot_counts: Counts) -> Counts:
        """Counts per group (int64[..., groups]) from counts per slot (int64[..., slots])."""
        kept = np.flatnonzero(self.groups != _LEFT_OUT)
        if np.array_equal(self.groups[kept], np.arange(self.n_groups)):
            return slot_counts[..., kept]
        to_group = np.zeros((len(self.groups), self.n_groups))
        to_group[kept, self.groups[kept]] = 1.0
        return np.rint(slot_counts @ to_group).astype(np.int64)

    def values(self, baseline: Counts, current: Counts) -> Numbers:
        """The distance of every window (float64[...]); both sides are counts per group, leading axes broadcast."""
        return _VALUES[self.method](baseline, current)


def to_root(method: str, values: Numbers, rows: Numbers) -> Numbers:
    """Distances on the scale of the root: D sqrt(rows), sqrt(PSI rows), sqrt(chi-square); ``rows`` are effective."""
    if method == "chi_square":
        return np.sqrt(values)
    return np.sqrt(values * rows) if method == "psi" else values * np.sqrt(rows)


def from_root(method: str, root: Numbers, rows: Numbers) -> Numbers:
    """The inverse of ``to_root``: the distance that has this root at so many effective rows. A negative root is 0."""
    root = np.maximum(root, 0.0)
    if method == "chi_square":
        return root**2
    return root**2 / rows if method == "psi" else root / np.sqrt(rows)


def field_scale(method: str, bins: FieldBins, counts: Counts) -> FieldScale:
    """How a field of a baseline is measured by one of ``METHODS``; the groups are those of ``drift_methods``.

    ``counts`` (int64[slots]) are the baseline's. (Chi-square gathers categories by the baseline's rows alone, for the
    groups have to be the same for all windows.)
    """
    groups = np.full(bins.n_slots, _LEFT_OUT, dtype=np.intp)
    own = counts[bins.FIRST_BIN :]
    if isinstance(bins, CategoryBins):
        groups[bins.FIRST_BIN :], groups[[bins.NEW, bins.OTHER]] = _category_groups(method, bins, counts)
    else:
        groups[bins.FIRST_BIN :] = np.arange(bins.n_bins) if method == "ks" else coarse_groups(own, NUMERIC_GROUPS)
    return FieldScale(method, groups, int(groups.max()) + 1)


def _category_groups(method: str, bins: CategoryBins, counts: Counts) -> tuple[NDArray[np.intp], int]:
    """The group of every category, and that of the rare and new ones."""
    own = counts[bins.FIRST_BIN :]
    least = LEAST_EXPECTED if method == "chi_square" else LEAST_ROWS
    is_rare = own < least if bins.kind == "categorical" else np.zeros(len(own), dtype=np.bool_)
    inner = np.where(is_rare, len(own), np.arange(len(own)))
    if method not in ("psi", "jensen_shannon"):
        return inner, len(own)
    rest = int(counts[[bins.NEW, bins.OTHER]].sum() + own[is_rare].sum())
    outer = frequent_groups(np.append(np.where(is_rare, 0, own), rest), CATEGORY_GROUPS)
    return outer[inner], int(outer[-1])


_VALUES: dict[str, Callable[[Counts, Counts], Numbers]] = {
    "ks": lambda baseline, current: ks_parts(shares(baseline), shares(current)).max(axis=-1),
    "total_variation": lambda baseline, current: total_variation_parts(shares(baseline), shares(current)).sum(axis=-1),
    "psi": lambda baseline, current: psi_parts(baseline, current).sum(axis=-1),
    "jensen_shannon": lambda baseline, current: np.sqrt(
        np.maximum(jensen_shannon_parts(shares(baseline), shares(current)).sum(axis=-1), 0.0)
    ),
    "chi_square": lambda baseline, current: chi_square_parts(baseline, current).sum(axis=-1),
}
# Wasserstein is not among them: it needs to know where values lie within their bin, which sampled slots do not say.
METHODS = tuple(_VALUES)
