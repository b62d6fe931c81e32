"""Maximum mean discrepancy: did the joint distribution of all fields change?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.columns import Column
from detectors.noise import CHANCE
from detectors.random_features import EmbeddingSums, RandomFeatures, mmd_squared, random_features

N_PERMUTATIONS = 999
LEAST_ROWS = 50
# This share of the baseline's rows, at most so many of them, fixes the coding and is not compared.
_CODING_SHARE = 0.2
_MOST_CODING_ROWS = 1_000
_PERMUTATIONS_A_BLOCK = 100


@dataclass(frozen=True, slots=True)
class MmdResult:
    """``value`` is the unbiased squared discrepancy, about 0 (also below) where nothing changed, at most 2.

    ``limit`` is the value that one in 1,000 permutations of the rows passes, ``p_value`` the share of permutations
    that reach the value (counting this one). All three are None where ``reason`` says why. ``n_baseline`` and
    ``n_current`` are the rows compared.
    """

    value: float | None
    limit: float | None
    p_value: float | None
    n_baseline: int
    n_current: int
    reason: str = ""


def mmd(
    baseline: Mapping[str, Column], current: Mapping[str, Column], *, seed: int, n_permutations: int = N_PERMUTATIONS
) -> MmdResult:
    """The squared MMD of the rows of two samples, over the fields of ``baseline``, with a permutation test.

    A seeded fifth of the baseline's rows (at most 1,000) fixes how rows are coded, and the rest is compared: the rows
    compared are then exchangeable if nothing changed, so the p-value is exact, whatever the distribution.
    ValueError where ``current`` lacks a field.

    Source: Gretton, Borgwardt, Rasch, Schoelkopf and Smola, A kernel two-sample test, JMLR 13, 2012.
    """
    coding_rows, compared = _parted(baseline, seed)
    n_baseline, n_current = len(compared), _n_rows(current)
    if min(n_baseline, n_current, len(coding_rows)) < 2:
        return MmdResult(None, None, None, n_baseline, n_current, "there are too few rows to compare")
    features = random_features({name: column.take(coding_rows) for name, column in baseline.items()}, [seed, 1])
    points = _points(features, baseline, compared, current)
    before = EmbeddingSums(n_baseline, points[:n_baseline].sum(axis=0))
    now = EmbeddingSums(n_current, points[n_baseline:].sum(axis=0))
    value = mmd_squared(before, now)
    permuted = np.sort(list(_permuted(points, n_current, n_permutations, np.random.default_rng([seed, 2]))))
    # Sums in another order differ in the last digits: a permutation that gives the same rows must count as reached.
    reached = int((permuted >= value - 1e-12).sum())
    at = min(int(np.ceil((n_permutations + 1) * (1 - CHANCE))), n_permutations) - 1
    return MmdResult(value, float(permuted[at]), (1 + reached) / (1 + n_permutations), n_baseline, n_current)


def _parted(baseline: Mapping[str, Column], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the rows that fix the coding, and of those that are compared."""
    order = np.random.default_rng([seed, 0]).permutation(_n_rows(baseline)).astype(np.int64)
    n_coding = min(int(_CODING_SHARE * len(order)), _MOST_CODING_ROWS)
    return order[:n_coding], order[n_coding:]


def _points(
    features: RandomFeatures,
    baseline: Mapping[str, Column],
    compared: NDArray[np.int64],
    current: Mapping[str, Column],
) -> NDArray[np.float64]:
    before = features.points({name: column.take(compared) for name, column in baseline.items()})
    return np.vstack([before, features.points(current)])


def _permuted(
    points: NDArray[np.float64], n_current: int, n_permutations: int, rng: np.random.Generator
) -> Iterator[float]:
    """The statistic of permuted rows; a permutation is a row of a matrix of zeros and ones, and its sum a product."""
    n_rows, total = len(points), points.sum(axis=0)
    for start in range(0, n_permutations, _PERMUTATIONS_A_BLOCK):
        chosen = np.zeros((min(_PERMUTATIONS_A_BLOCK, n_permutations - start), n_rows))
        for row in chosen:
            row[rng.permutation(n_rows)[:n_current]] = 1.0
        for now in chosen @ points:
            yield mmd_squared(EmbeddingSums(n_rows - n_current, total - now), EmbeddingSums(n_current, now))


def _n_rows(columns: Mapping[str, Column]) -> int:
    return len(next(iter(columns.values()))) if columns else 0
