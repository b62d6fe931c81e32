"""What each distance adds up or takes the largest of, bin by bin; the bins are the last axis.

``distances`` puts the parts of one pair of count vectors together, ``window_scores`` those of many windows at once, so
that a threshold is calibrated with the very formula that is held against it. Leading axes are broadcast.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

# An empty bin is read as this many rows in PSI, whose logarithm knows no zero.
PSI_EMPTY_BIN_ROWS = 0.5


def shares(counts: Counts) -> Numbers:
    """Counts over their sum along the last axis; 0 where there is no row."""
    rows = counts.sum(axis=-1, keepdims=True)
    return np.asarray(counts / np.maximum(rows, 1), dtype=np.float64)


def ks_parts(p: Numbers, q: Numbers) -> Numbers:
    """|F_p - F_q| at the upper edge of every bin; the largest is the distance."""
    return np.abs(np.cumsum(p - q, axis=-1))


def total_variation_parts(p: Numbers, q: Numbers) -> Numbers:
    """|p - q| / 2 of every bin; the sum is the distance."""
    return np.abs(p - q) / 2


def psi_parts(baseline: Counts, current: Counts) -> Numbers:
    """(q - p) ln(q / p) of every bin, an empty one read as half a row; the sum is the index."""
    kept = (baseline > 0) | (current > 0)
    p = np.maximum(baseline, PSI_EMPTY_BIN_ROWS) / np.maximum(baseline.sum(axis=-1, keepdims=True), 1)
    q = np.maximum(current, PSI_EMPTY_BIN_ROWS) / np.maximum(current.sum(axis=-1, keepdims=True), 1)
    return np.where(kept, (q - p) * np.log(q / p), 0.0)


def jensen_shannon_parts(p: Numbers, q: Numbers) -> Numbers:
    """Every bin's part of the divergence in bits; the root of the sum is the distance."""
    middle = (p + q) / 2
    return np.asarray((rel_entr(p, middle) + rel_entr(q, middle)) / (2 * math.log(2)), dtype=np.float64)


def chi_square_parts(baseline: Counts, current: Counts) -> Numbers:
    """Every bin's part of the statistic of the 2 x bins table with pooled expected counts; the sum is the statistic."""
    n, m = baseline.sum(axis=-1, keepdims=True), current.sum(axis=-1, keepdims=True)
    pooled = (baseline + current) / np.maximum(n + m, 1)
    change = shares(baseline) - shares(current)
    rows = n * m / np.maximum(n + m, 1)
    return np.asarray(rows * change**2 / np.where(pooled > 0, pooled, 1.0), dtype=np.float64)
