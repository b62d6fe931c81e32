"""Rows as points whose inner products are a Gaussian kernel: sums of such points compare joint distributions.

A coding is fixed once, from rows of the baseline. The embedding of rows is then the sum of their points, so that of
two sets of rows is the sum of two vectors, whatever the order and the split.

Source: Rahimi and Recht, Random features for large-scale kernel machines, NeurIPS 2007; with a sine for every cosine,
each point has length one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.columns import CategoryColumn, Column, NumericColumn

N_FREQUENCIES = 256
# All pairs of so many rows give the bandwidth.
_PAIRED_ROWS = 500
# Categories with fewer rows than this among those that fix the coding count as one, together with new ones.
_LEAST_ROWS = 5
_ROWS_A_BLOCK = 4_096

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingSums:
    """The points of ``n`` rows, added up: ``total`` has a cosine and a sine for every frequency."""

    n: int
    total: Matrix

    def __add__(self, other: "EmbeddingSums") -> "EmbeddingSums":
        return EmbeddingSums(self.n + other.n, self.total + other.total)


@dataclass(frozen=True, slots=True, eq=False)
class _Numbers:
    """A numeric field: standardised values times ``weights``; a row without a finite value is at ``absent``."""

    center: float
    scale: float
    weights: Matrix
    absent: Matrix

    def phases(self, column: NumericColumn) -> Matrix:
        values = (column.values - self.center) / self.scale
        there = np.isfinite(values)
        return np.where(there, values, 0.0)[:, None] * self.weights + ~there[:, None] * self.absent


@dataclass(frozen=True, slots=True, eq=False)
class _Categories:
    """A category field: a random row of ``table`` for each known category, then the rest, then missing."""

    positions: Mapping[str, int]
    table: Matrix

    def phases(self, column: CategoryColumn) -> Matrix:
        rest = len(self.positions)
        of_code = [self.positions.get(text, rest) for text in column.vocabulary]
        # The two last places serve the codes -2 (mistyped) and -1 (missing).
        rows: Matrix = self.table[np.array([*of_code, rest + 1, rest + 1])[column.codes]]
        return rows


@dataclass(frozen=True, slots=True, eq=False)
class RandomFeatures:
    """A fixed coding of the rows of some fields. ``bandwidth`` is the kernel's, in the units of coded rows."""

    fields: Mapping[str, _Numbers | _Categories]
    bandwidth: float
    n_frequencies: int

    def points(self, columns: Mapping[str, Column]) -> Matrix:
        """A point of length one for each row: float64[rows, 2 * n_frequencies].

        ValueError where a field lacks, or is of another kind than when the coding was made.
        """
        phases = sum((self._phases(name, columns) for name in self.fields), start=np.zeros((1, 1)))
        scale = 1 / math.sqrt(self.n_frequencies)
        return np.hstack([np.cos(phases), np.sin(phases)]) * scale

    def sums(self, columns: Mapping[str, Column]) -> EmbeddingSums:
        """The points of all rows, added up, in bounded memory."""
        n_rows = len(next(iter(columns.values())))
        total = np.zeros(2 * self.n_frequencies)
        for start in range(0, n_rows, _ROWS_A_BLOCK):
            rows = np.arange(start, min(start + _ROWS_A_BLOCK, n_rows), dtype=np.int64)
            total += self.points({name: columns[name].take(rows) for name in self.fields}).sum(axis=0)
        return EmbeddingSums(n_rows, total)

    def _phases(self, name: str, columns: Mapping[str, Column]) -> Matrix:
        coding, column = self.fields[name], columns.get(name)
        if isinstance(coding, _Numbers) and isinstance(column, NumericColumn):
            return coding.phases(column)
        if isinstance(coding, _Categories) and isinstance(column, CategoryColumn):
            return coding.phases(column)
        raise ValueError(f"field {name!r} is not there, or not of the kind that the coding was made of")


def random_features(
    columns: Mapping[str, Column], seed: int | Sequence[int], n_frequencies: int = N_FREQUENCIES
) -> RandomFeatures:
    """A coding fixed by some rows: at least two, better hundreds.

    Numbers are standardised by mean and standard deviation (a constant by 1), categories that five rows have or more
    are one-hot, the rest is one. A missing value is a value of its own. The bandwidth is the median distance between
    the first 500 rows, which are to be in no order. ValueError without fields or rows.
    """
    if not columns or len(next(iter(columns.values()))) < 2:
        raise ValueError("a coding needs fields, and two rows or more")
    rng = np.random.default_rng(seed)
    # Drawn for a kernel of bandwidth 1 and stretched when the bandwidth is known, which the coded rows decide.
    unit = {name: _coding(column, rng, n_frequencies) for name, column in columns.items()}
    bandwidth = _bandwidth(columns, unit)
    return RandomFeatures(
        {name: _stretched(coding, bandwidth) for name, coding in unit.items()}, bandwidth, n_frequencies
    )


def mmd_squared(a: EmbeddingSums, b: EmbeddingSums) -> float:
    """The unbiased squared maximum mean discrepancy of two sets of rows, two rows or more on either side.

    The means over pairs of different rows of the kernel within a, within b, less twice that between a and b. Points
    have length one, so the pairs of a row with itself are the number of rows.
    """
    within = sum((side.total @ side.total - side.n) / (side.n * (side.n - 1)) for side in (a, b))
    return float(within - 2 * (a.total @ b.total) / (a.n * b.n))


def _coding(column: Column, rng: np.random.Generator, n_frequencies: int) -> _Numbers | _Categories:
    if isinstance(column, CategoryColumn):
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.vocabulary))
        known = [text for text, count in zip(column.vocabulary, counts, strict=True) if count >= _LEAST_ROWS]
        table = rng.standard_normal((len(known) + 2, n_frequencies))
        return _Categories({text: position for position, text in enumerate(known)}, table)
    weights, absent = rng.standard_normal((2, n_frequencies))
    values = column.values[np.isfinite(column.values)]
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = (float(values.mean()), float(values.std())) if values.size else (0.0, 1.0)
    if not (math.isfinite(center) and math.isfinite(scale)):
        center, scale = 0.0, float(np.abs(values).max())
    return _Numbers(center, scale if scale > 0 else 1.0, weights, absent)


def _stretched(coding: _Numbers | _Categories, bandwidth: float) -> _Numbers | _Categories:
    if isinstance(coding, _Categories):
        return _Categories(coding.positions, coding.table / bandwidth)
    return _Numbers(coding.center, coding.scale, coding.weights / bandwidth, coding.absent / bandwidth)


def _bandwidth(columns: Mapping[str, Column], codings: Mapping[str, _Numbers | _Categories]) -> float:
    """The median distance of coded rows; the mean one where most rows are equal, 1 where all are."""
    n_rows = min(len(next(iter(columns.values()))), _PAIRED_ROWS)
    rows = np.arange(n_rows, dtype=np.int64)
    squares = np.zeros((n_rows, n_rows))
    for name, coding in codings.items():
        squares += _squared_distances(columns[name].take(rows), coding)
    distances = np.sqrt(squares[np.triu_indices(n_rows, 1)])
    median = float(np.median(distances))
    return median or float(distances.mean()) or 1.0


def _squared_distances(column: Column, coding: _Numbers | _Categories) -> Matrix:
    if isinstance(column, CategoryColumn) and isinstance(coding, _Categories):
        rest = len(coding.positions)
        of_code = [coding.positions.get(text, rest) for text in column.vocabulary]
        known = np.array([*of_code, rest + 1, rest + 1])[column.codes]
        different: Matrix = 2.0 * (known[:, None] != known[None, :])
        return different
    if isinstance(column, NumericColumn) and isinstance(coding, _Numbers):
        values = (column.values - coding.center) / coding.scale
        there = np.isfinite(values)
        values = np.where(there, values, 0.0)
        apart: Matrix = (values[:, None] - values[None, :]) ** 2 + (there[:, None] != there[None, :])
        return apart
    raise TypeError("a coding of another kind than its column")
