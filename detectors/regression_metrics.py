"""Metrics of regression models, from the sums of a performance profile. The error e is prediction less label."""

import math

import numpy as np
from numpy.typing import NDArray

from detectors.estimates import UNDEFINED_SUMS, Estimate, mean, undefined
from detectors.performance_layout import ERROR_EDGES, Layout
from detectors.performance_profile import PerformanceProfile


def mae(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Mean absolute error, in the units of the label; standard error s / sqrt(n)."""
    n = _usable(profile)
    return mean(_sum(profile, layout, "|e|"), _sum(profile, layout, "e^2"), n) if n else _none(profile)


def rmse(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Root of the mean squared error, in the units of the label.

    Its standard error is that of the mean square over twice the root (delta method).
    """
    n = _usable(profile)
    if not n:
        return _none(profile)
    square = mean(_sum(profile, layout, "e^2"), _sum(profile, layout, "e^4"), n)
    if square.value is None:
        return square
    root = math.sqrt(max(square.value, 0.0))
    if square.standard_error is None or root == 0.0:
        return Estimate(root, 0.0 if root == 0.0 and n > 1 else None, n)
    return Estimate(root, square.standard_error / (2 * root), n)


def mape(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """Mean of |e / y| over the rows whose label y is not zero, as a share; standard error s / sqrt(n)."""
    if not _usable(profile):
        return _none(profile)
    n = int(profile.counts[Layout.NOT_ZERO])
    if not n:
        return undefined(0, "every label is zero, and an error has no ratio to zero")
    return mean(_sum(profile, layout, "r"), _sum(profile, layout, "r^2"), n)


def r2(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """1 - sum e^2 / sum (y - mean y)^2: 1 is perfect, 0 no better than the mean label.

    The standard error is made of that of the mean square error and that of the variance of the labels, which is taken
    to be that of normal ones, independent of the errors (delta method).
    """
    n = _usable(profile)
    if not n:
        return _none(profile)
    total, squares = _sum(profile, layout, "y"), _sum(profile, layout, "y^2")
    spread = squares - total * (total / n)
    errors = _sum(profile, layout, "e^2")
    if not math.isfinite(spread) or not math.isfinite(errors):
        return undefined(n, UNDEFINED_SUMS)
    # The difference of two equal sums is not zero but rounding.
    if spread <= 1e-12 * squares:
        return undefined(n, "all labels are the same")
    error = mean(errors, _sum(profile, layout, "e^4"), n).standard_error
    if error is None:
        return Estimate(1 - errors / spread, None, n)
    return Estimate(1 - errors / spread, math.hypot(error * n / spread, errors / spread * math.sqrt(2 / (n - 1))), n)


def error_p50(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """The median of |e|, in the units of the label (see ``_quantile``)."""
    return _quantile(profile, layout, 0.5)


def error_p90(profile: PerformanceProfile, layout: Layout) -> Estimate:
    """What |e| stays below in nine of ten rows, in the units of the label (see ``_quantile``)."""
    return _quantile(profile, layout, 0.9)


def absolute_error_bins(profile: PerformanceProfile, layout: Layout) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows (int64[bins]) by the size of the error, and the edges between the bins (float64[bins - 1]), rising."""
    bins = profile.counts[Layout.FIRST_ERROR_BIN : layout.n_counts]
    edges = ERROR_EDGES[len(ERROR_EDGES) // 2 :]
    # Errors about zero have one bin, between the two smallest edges; the others lie on either side of it.
    positive, negative = bins[len(edges) + 1 :], bins[len(edges) - 1 :: -1]
    return np.concatenate([bins[len(edges) : len(edges) + 1], positive + negative]), edges


def _quantile(profile: PerformanceProfile, layout: Layout, share: float) -> Estimate:
    """A quantile of |e| from the error bins, half an octave wide, rows spread evenly over a bin's logarithm.

    Exact to the width of the bin, a factor of 1.41; a few hundredths where errors vary smoothly. Standard error:
    sqrt(q (1 - q) / n) over the density.
    """
    n = _usable(profile)
    if not n:
        return _none(profile)
    rows, edges = absolute_error_bins(profile, layout)
    reached = np.cumsum(rows)
    at = int(np.searchsorted(reached, share * n))
    if at == 0:
        return Estimate(0.0, None, n)
    if at == len(rows) - 1:
        return undefined(n, f"the largest errors are beyond {edges[-1]:.3g}")
    low, high = math.log(edges[at - 1]), math.log(edges[at])
    value = math.exp(low + (high - low) * float(share * n - reached[at - 1]) / float(rows[at]))
    density = float(rows[at]) / n / ((high - low) * value)
    return Estimate(value, math.sqrt(share * (1 - share) / n) / density, n)


def _usable(profile: PerformanceProfile) -> int:
    return int(profile.counts[Layout.USABLE])


def _sum(profile: PerformanceProfile, layout: Layout, name: str) -> float:
    return float(profile.sums[layout.sum_names.index(name)])


def _none(profile: PerformanceProfile) -> Estimate:
    if not profile.n_labelled:
        return undefined(0, "no row has a label yet")
    return undefined(0, "no labelled row has both a finite label and a finite prediction")
