"""The drift methods by name: how each measures a field, and from what value on it is drift."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detectors.bins import NumericBins
from detectors.distances import (
    Distance,
    chi_square,
    coarse_groups,
    effective_rows,
    frequent_groups,
    in_groups,
    jensen_shannon,
    ks,
    psi,
    total_variation,
    wasserstein,
)
from detectors.field_profile import FieldProfile
from detectors.noise import (
    chi_square_noise,
    jensen_shannon_noise,
    ks_noise,
    psi_noise,
    total_variation_noise,
    wasserstein_noise,
)

FieldKind = Literal["numeric", "categorical", "boolean"]
Counts = NDArray[np.int64]

# PSI, Jensen-Shannon and the like compare groups of bins: with 256 bins they would measure chance.
NUMERIC_GROUPS = 10
CATEGORY_GROUPS = 20
# Of categories with fewer rows in the baseline the share is not known well enough to change.
LEAST_ROWS = 5
# Chi-square gathers categories with fewer expected rows than this on the smaller side (Cochran's rule).
LEAST_EXPECTED = 5

DEFAULT_METHODS: Mapping[FieldKind, str] = {
    "numeric": "ks",
    "categorical": "total_variation",
    "boolean": "total_variation",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A distance, the value that chance alone passes once in 1,000 times, and the fixed threshold."""

    distance: Distance
    noise: float
    fixed: float


def measure(method: str, baseline: FieldProfile, current: FieldProfile) -> Measured:
    """The distance of a field from its baseline by a method; ValueError where the method is not for its kind.

    Only present values are compared. Both sides need at least one.
    """
    kind = kind_of(baseline)
    offered = NUMERIC_METHODS if kind == "numeric" else CATEGORY_METHODS
    if method not in offered:
        raise ValueError(
            f"field {baseline.definition.name!r} is {kind}, which method {method!r} is not for: "
            f"use one of {', '.join(offered)}"
        )
    return offered[method](baseline, current)


def kind_of(field: FieldProfile) -> FieldKind:
    """The kind of a field."""
    return "numeric" if isinstance(field.definition, NumericBins) else field.definition.kind


def compared_counts(baseline: FieldProfile, current: FieldProfile) -> tuple[Counts, Counts]:
    """Counts of the values that distributions are made of, on both sides: finite numbers by bin, or categories.

    Categories with fewer than five rows in the baseline and new ones count together, last. Of a field with ever new
    values as many rows are new in a window as were rare in the baseline, and that is no change.
    """
    bins = baseline.definition
    if isinstance(bins, NumericBins):
        return baseline.bins, current.bins
    rare = baseline.bins < LEAST_ROWS if bins.kind == "categorical" else np.zeros(bins.n_bins, dtype=np.bool_)
    before, now = (
        np.append(np.where(rare, 0, side.bins), side.other + side.new + int(side.bins[rare].sum()))
        for side in (baseline, current)
    )
    return before, now


def deviation(field: FieldProfile) -> float:
    """Standard deviation of a numeric field's finite values; 0 where there is none or only one value."""
    variance = field.variance()
    if variance is None or field.low is None or field.low == field.high:
        return 0.0
    return float(np.sqrt(variance))


def moved(baseline: FieldProfile, current: FieldProfile) -> Distance:
    """Wasserstein distance of a numeric field in standard deviations of the baseline."""
    return wasserstein(baseline.bins, baseline.sums, current.bins, current.sums, deviation(baseline))


def _rows(baseline: Counts, current: Counts) -> float:
    return effective_rows(int(baseline.sum()), int(current.sum()))


def _ks(baseline: FieldProfile, current: FieldProfile) -> Measured:
    return Measured(ks(baseline.bins, current.bins), ks_noise(_rows(baseline.bins, current.bins)), 0.1)


def _wasserstein(baseline: FieldProfile, current: FieldProfile) -> Measured:
    scale, used = deviation(baseline), baseline.bins > 0
    noise = 0.0
    if scale > 0:
        means, shares = baseline.sums[used] / baseline.bins[used], baseline.bins[used] / baseline.bins.sum()
        noise = wasserstein_noise(_rows(baseline.bins, current.bins), means, shares, scale)
    return Measured(moved(baseline, current), noise, 0.1)


def _total_variation(baseline: Counts, current: Counts) -> Measured:
    noise = total_variation_noise(_rows(baseline, current), baseline / baseline.sum())
    return Measured(total_variation(baseline, current), noise, 0.1)


def _psi(baseline: Counts, current: Counts) -> Measured:
    return Measured(psi(baseline, current), psi_noise(_rows(baseline, current), _n_used(baseline, current)), 0.2)


def _jensen_shannon(baseline: Counts, current: Counts) -> Measured:
    noise = jensen_shannon_noise(_rows(baseline, current), _n_used(baseline, current))
    return Measured(jensen_shannon(baseline, current), noise, 0.1)


def _chi_square(baseline: Counts, current: Counts) -> Measured:
    # The statistic grows with the rows, so the fixed threshold is that of an effect: Cohen's w of .2.
    fixed = 0.2**2 * _rows(baseline, current)
    return Measured(chi_square(baseline, current), chi_square_noise(_n_used(baseline, current)), fixed)


def _n_used(baseline: Counts, current: Counts) -> int:
    return int(((baseline > 0) | (current > 0)).sum())


FromCounts = Callable[[Counts, Counts], Measured]
FromFields = Callable[[FieldProfile, FieldProfile], Measured]


def _of_groups(method: FromCounts) -> FromFields:
    """The method on coarse groups of a numeric field's bins."""

    def measured(baseline: FieldProfile, current: FieldProfile) -> Measured:
        groups = coarse_groups(baseline.bins, NUMERIC_GROUPS)
        return method(in_groups(baseline.bins, groups), in_groups(current.bins, groups))

    return measured


def _of_categories(method: FromCounts, n_groups: int | None) -> FromFields:
    """The method on categories: all, or the most frequent with the rest in one group."""

    def measured(baseline: FieldProfile, current: FieldProfile) -> Measured:
        before, now = compared_counts(baseline, current)
        if n_groups is None:
            return method(before, now)
        groups = frequent_groups(before, n_groups)
        return method(in_groups(before, groups), in_groups(now, groups))

    return measured


def _chi_square_of_categories(baseline: FieldProfile, current: FieldProfile) -> Measured:
    before, now = compared_counts(baseline, current)
    pooled = before + now
    expected = pooled * (min(before.sum(), now.sum()) / pooled.sum())
    frequent = int((expected >= LEAST_EXPECTED).sum())
    groups = frequent_groups(pooled, frequent + 1)
    return _chi_square(in_groups(before, groups), in_groups(now, groups))


NUMERIC_METHODS: Mapping[str, FromFields] = {
    "ks": _ks,
    "wasserstein": _wasserstein,
    "psi": _of_groups(_psi),
    "jensen_shannon": _of_groups(_jensen_shannon),
    "total_variation": _of_groups(_total_variation),
    "chi_square": _of_groups(_chi_square),
}
CATEGORY_METHODS: Mapping[str, FromFields] = {
    "total_variation": _of_categories(_total_variation, None),
    "psi": _of_categories(_psi, CATEGORY_GROUPS),
    "jensen_shannon": _of_categories(_jensen_shannon, CATEGORY_GROUPS),
    "chi_square": _chi_square_of_categories,
}
