"""Did the labels themselves change? The distribution of the labels of a window against those of the baseline.

Only rows with a label count. Labels that come late are not a random sample of all (a default is known after months, a
repayment at once), so compare windows of about the same age.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from detectors.distances import effective_rows, total_variation
from detectors.findings import FIXED, GIVEN, RAISED, Finding, Status, unjudged
from detectors.noise import Z_TWO_SIDED, total_variation_noise
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile
from detectors.wording import count, name, number, percent

METHOD = "label_drift"
FIELD = "label"
MIN_ROWS = 100
FIXED_THRESHOLD = 0.1
# Of shares: a change of half of all labels is critical whatever the limit was raised to.
_BOUNDED_CRITICAL = 0.5


def label_drift_finding(
    layout: Layout,
    baseline: PerformanceProfile | None,
    current: PerformanceProfile,
    *,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
) -> Finding:
    """How far the labels of a window lie from those of the baseline; the field is ``label``.

    Classification: the total variation of the shares of the classes, labels of no declared class counted together;
    the limit is .1, raised to what chance passes once in 1,000 times. Regression: how far the mean moved in standard
    deviations of the baseline's labels, over rows that have a finite prediction too; the limit is .1, raised to
    3.29 standard errors (a z test with the larger of the two variances for the window, whose two-sided p-value is
    given). Critical at twice the limit; for classes from .5 on in any case. The effect is the value; for regression
    it has the sign of the move.

    Insufficient under ``min_rows`` labels on either side, without a labelled baseline, and where the labels of the
    baseline are constant numbers. ValueError where a profile is of another layout.
    """
    for profile in (baseline, current):
        if profile is not None and profile.fingerprint != layout.fingerprint:
            raise ValueError("the performance profile was counted with another layout: count its rows again")
    n_baseline = 0 if baseline is None else _n(layout, baseline)
    n = _n(layout, current)
    reason = _too_few(n_baseline, n, max(min_rows, 1))
    if reason or baseline is None:
        return unjudged("drift", METHOD, FIELD, n_baseline, n, "insufficient", reason)
    if layout.task == "regression":
        return _mean_finding(layout, baseline, current, threshold)
    return _class_finding(layout, baseline, current, threshold)


def class_counts(layout: Layout, profile: PerformanceProfile) -> NDArray[np.int64]:
    """Labelled rows (int64[K + 1]) of each declared class of a classifier, then those of no declared class."""
    return np.asarray(profile.counts[layout.table].reshape(layout.table_shape).sum(axis=1), dtype=np.int64)


def _n(layout: Layout, profile: PerformanceProfile) -> int:
    return int(profile.counts[Layout.USABLE]) if layout.task == "regression" else profile.n_labelled


def _too_few(n_baseline: int, n: int, least: int) -> str:
    if not n_baseline:
        return "the baseline has no labels to compare with"
    if n_baseline < least:
        return f"the baseline has {count(n_baseline, 'label', 'labels')}, at least {least:,} are needed"
    return f"{count(n, 'label', 'labels')}, at least {least:,} are needed" if n < least else ""


def _class_finding(
    layout: Layout, baseline: PerformanceProfile, current: PerformanceProfile, threshold: float | None
) -> Finding:
    before, now = class_counts(layout, baseline), class_counts(layout, current)
    n_baseline, n = int(before.sum()), int(now.sum())
    distance = total_variation(before, now)
    value = distance.value or 0.0
    noise = total_variation_noise(effective_rows(n_baseline, n), before / n_baseline)
    extreme = value >= _BOUNDED_CRITICAL
    return _finding(value, value, None, noise, threshold, n_baseline, n, _class_words(layout, before, now), extreme)


def _class_words(layout: Layout, before: NDArray[np.int64], now: NDArray[np.int64]) -> str:
    """The class whose share changed most, and what else is odd about the labels of the window."""
    classes = [*map(name, layout.known_classes.labels), "undeclared classes"]
    shares_before, shares = before / before.sum(), now / now.sum()
    # Of two classes both move alike, but for the last digit.
    at = int(np.argmax(np.abs(shares_before - shares).round(12)))
    words = f"share of {classes[at]} {percent(shares_before[at])} -> {percent(shares[at])}, the largest change"
    if shares_before[at] == shares[at]:
        words = "no class changed its share"
    if shares.max() == 1:
        words += f"; every label is of {classes[int(np.argmax(shares))]}"
    elif now[-1] and at != len(now) - 1:
        words += f"; {percent(shares[-1])} of the labels are of undeclared classes"
    return words


def _mean_finding(
    layout: Layout, baseline: PerformanceProfile, current: PerformanceProfile, threshold: float | None
) -> Finding:
    n_baseline, n = _n(layout, baseline), _n(layout, current)
    (before, variance_before), (now, variance_now) = (_moments(layout, side) for side in (baseline, current))
    if not all(map(math.isfinite, (before, now, variance_before, variance_now))):
        reason = "the labels are too large to add up"
        return unjudged("drift", METHOD, FIELD, n_baseline, n, "insufficient", reason)
    if variance_before <= 0:
        reason = f"every label of the baseline is {number(before)}, so there is no standard deviation to measure in"
        return unjudged("drift", METHOD, FIELD, n_baseline, n, "insufficient", reason)
    deviation = math.sqrt(variance_before)
    # Of skewed labels a window with a low mean has a low variance too: the baseline's keeps it from looking certain.
    error = math.sqrt(variance_before / n_baseline + max(variance_now, variance_before) / n)
    moved = (now - before) / deviation
    p_value = 2 * float(ndtr(-abs(now - before) / error))
    words = f"mean label {number(before)} -> {number(now)} (baseline sd {number(deviation)}"
    words += f", now {number(math.sqrt(variance_now))})"
    return _finding(abs(moved), moved, p_value, Z_TWO_SIDED * error / deviation, threshold, n_baseline, n, words)


def _moments(layout: Layout, profile: PerformanceProfile) -> tuple[float, float]:
    """Mean and variance (divisor n) of the labels; infinite or NaN where their sums are beyond floats."""
    n = _n(layout, profile)
    total, squares = (float(profile.sums[layout.sum_names.index(key)]) for key in ("y", "y^2"))
    mean = total / n
    variance = squares / n - mean * mean
    # Less than rounding of the squares leaves is no scatter.
    return mean, 0.0 if abs(variance) <= 1e-12 * squares / n else variance


def _finding(
    value: float,
    effect: float,
    p_value: float | None,
    noise: float,
    threshold: float | None,
    n_baseline: int,
    n: int,
    words: str,
    extreme: bool = False,
) -> Finding:
    limit, source = (noise, RAISED) if noise > FIXED_THRESHOLD else (FIXED_THRESHOLD, FIXED)
    if threshold is not None:
        limit, source = threshold, GIVEN
    status: Status = "ok" if value < limit else "critical" if extreme or value >= 2 * limit else "warning"
    return Finding(
        kind="drift",
        method=METHOD,
        field=FIELD,
        value=value,
        threshold=limit,
        threshold_source=source,
        p_value=p_value,
        effect=effect,
        n_baseline=n_baseline,
        n_current=n,
        status=status,
        reason=words,
        confidence="low" if source == RAISED else "normal",
    )
