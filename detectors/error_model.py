"""Direct loss estimation (DLE) for regression: how large errors are where, learnt from a baseline with labels.

The expected |e| and e^2 of a row are a constant plus one number for the group of values that each of its fields falls
into, prediction included. Being additive over fields, the mean over a window is a linear function of the window's
counts field by field: no row is needed, and stored profiles of any past window will do.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from detectors.binning import Binning
from detectors.bins import FieldBins, NumericBins
from detectors.columns import Column
from detectors.distances import coarse_groups, frequent_groups
from detectors.row_slots import row_slots

MIN_LABELLED = 200
# More rows than this, taken evenly from all, make the model no better and the fit longer.
MAX_ROWS = 100_000
NUMERIC_GROUPS = 16
CATEGORY_GROUPS = 20
# A group's number is drawn to that of an average group as if by this many rows.
RIDGE_ROWS = 30.0
FOLDS = 10

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MAGIC = b"mwe1"
_HEADER = struct.Struct("<4s8sIIII")


@dataclass(frozen=True, slots=True, eq=False)
class ErrorModel:
    """What errors are expected where.

    ``groups`` (int64[slots]) is the group of every slot of the binning. ``constants`` (float64[2, 1 + FOLDS]) and
    ``weights`` (float64[2, 1 + FOLDS, groups]) give |e| and e^2: the first of each over all rows, the others with one
    of ten consecutive parts of the baseline left out, from which follows the error of the model. ``residuals``
    (float64[2]) are the variances of |e| and e^2 about the model. ``n`` are the labelled rows. Without groups,
    ``reason`` says why there is no model. ``fingerprint`` marks the binning.
    """

    groups: Integers
    constants: Floats
    weights: Floats
    residuals: Floats
    n: int
    fingerprint: bytes
    reason: str = ""

    def to_bytes(self) -> bytes:
        """The model for storage."""
        arrays = (self.constants, self.weights, self.residuals)
        body = self.groups.astype("<u4").tobytes() + b"".join(array.astype("<f8").tobytes() for array in arrays)
        words = self.reason.encode()
        header = _HEADER.pack(_MAGIC, self.fingerprint, self.n, len(self.groups), self.weights.shape[2], len(words))
        return header + zlib.compress(words + body, 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """A model that ``to_bytes`` wrote; anything else is a ValueError."""
        if len(data) < _HEADER.size or data[:4] != _MAGIC:
            raise ValueError(f"not an error model of this version: it begins with {data[:4]!r}, not {_MAGIC!r}")
        _, fingerprint, n, n_slots, n_groups, n_words = _HEADER.unpack_from(data)
        shapes = ((2, 1 + FOLDS), (2, 1 + FOLDS, n_groups), (2,))
        sizes = [int(np.prod(shape)) for shape in shapes]
        length = n_words + 4 * n_slots + 8 * sum(sizes)
        unpack = zlib.decompressobj()
        try:
            body = unpack.decompress(data[_HEADER.size :], length + 1)
            words = body[:n_words].decode()
        except (zlib.error, UnicodeDecodeError) as error:
            raise ValueError(f"the error model is damaged: {error}") from error
        if len(body) != length or not unpack.eof:
            raise ValueError(f"the error model is damaged: {len(body)} bytes instead of {length}")
        groups = np.frombuffer(body, "<u4", n_slots, n_words).astype(np.int64)
        if n_slots and groups.max() >= n_groups:
            raise ValueError("the error model is damaged: a slot is of a group that is not there")
        arrays, at = [], n_words + 4 * n_slots
        for shape, size in zip(shapes, sizes, strict=True):
            arrays.append(np.frombuffer(body, "<f8", size, at).astype(np.float64).reshape(shape))
            at += 8 * size
        return cls(groups, arrays[0], arrays[1], arrays[2], n, fingerprint, words)


def fit_error_model(binning: Binning, columns: Mapping[str, Column], error: ArrayLike) -> ErrorModel:
    """The error model of a baseline; ``error`` (float64[n]) is prediction less label, NaN where there is no label.

    Ridge regression on the groups: 16 of about equal mass of a numeric field, the 20 most frequent categories and the
    rest, and one each for what is no ordinary value (missing, mistyped, ...). A group that the baseline lacks counts as
    the field's average. With fewer than 200 labelled rows there is no model. ValueError where lengths differ.
    """
    n, fields = row_slots(binning, columns)
    errors = np.asarray(error, dtype=np.float64)
    if len(errors) != n:
        raise ValueError(f"{len(errors)} errors for {n} rows: one a row")
    labelled = np.flatnonzero(np.isfinite(errors))
    if len(labelled) < MIN_LABELLED:
        needed = f"at least {MIN_LABELLED} are needed to learn where errors are large"
        return _no_model(binning, len(labelled), f"the baseline has {len(labelled):,} labelled rows, {needed}")
    rows = labelled[:: -(-len(labelled) // MAX_ROWS)]
    groups, starts, codes = [], [0], []
    for field in fields:
        own = _groups_of(field.bins, np.bincount(field.slots[labelled], minlength=field.bins.n_slots))
        codes.append(own[field.slots[rows]] + starts[-1])
        groups.append(own + starts[-1])
        starts.append(starts[-1] + int(own.max()) + 1)
    of_row, absolute = np.stack(codes, axis=1), np.abs(errors[rows])
    losses = np.stack([absolute, absolute**2])
    constants, weights = _fits(of_row, losses, starts)
    design = _design(of_row, starts[-1])
    expected = np.stack([constants[kind, 0] + design @ weights[kind, 0] for kind in range(2)])
    residuals = ((losses - expected) ** 2).mean(axis=1)
    return ErrorModel(np.concatenate(groups), constants, weights, residuals, len(labelled), binning.fingerprint)


def _no_model(binning: Binning, n: int, reason: str) -> ErrorModel:
    parts = 1 + FOLDS
    nothing = np.zeros(0, dtype=np.int64)
    return ErrorModel(
        nothing, np.zeros((2, parts)), np.zeros((2, parts, 0)), np.zeros(2), n, binning.fingerprint, reason
    )


def _groups_of(bins: FieldBins, counts: Integers) -> Integers:
    """The group of each slot of a field: a group each for what is no ordinary value, then groups of bins."""
    first = bins.FIRST_BIN
    ordinary = counts[first:]
    if not len(ordinary):
        return np.arange(first)
    if isinstance(bins, NumericBins):
        own = coarse_groups(ordinary, NUMERIC_GROUPS) if ordinary.any() else np.zeros(len(ordinary), dtype=np.int64)
    else:
        own = frequent_groups(ordinary, CATEGORY_GROUPS)
    return np.concatenate([np.arange(first), first + own]).astype(np.int64)


def _design(codes: Integers, n_groups: int) -> csr_array:
    """A row for each row, a column for each group, ones where the row is in the group."""
    n, n_fields = codes.shape
    starts = np.arange(0, n * n_fields + 1, n_fields)
    return csr_array((np.ones(n * n_fields), codes.reshape(-1), starts), shape=(n, n_groups))


def _fits(codes: Integers, losses: Floats, starts: list[int]) -> tuple[Floats, Floats]:
    """Constants and weights over all rows, and with each fold of consecutive rows left out."""
    n_groups = starts[-1]
    folds = []
    for rows in np.array_split(np.arange(len(codes)), FOLDS):
        design = _design(codes[rows], n_groups)
        folds.append(
            (len(rows), (design.T @ design).toarray(), (design.T @ losses[:, rows].T).T, losses[:, rows].sum(1))
        )
    n, pairs, products, totals = (sum(parts) for parts in zip(*folds, strict=True))
    fits = [_ridge(n, pairs, products, totals, starts)]
    fits += [_ridge(n - fold[0], pairs - fold[1], products - fold[2], totals - fold[3], starts) for fold in folds]
    return np.stack([fit[0] for fit in fits], axis=1), np.stack([fit[1] for fit in fits], axis=1)


def _ridge(n: int, pairs: Floats, products: Floats, totals: Floats, starts: list[int]) -> tuple[Floats, Floats]:
    """Constants (float64[2]) and weights (float64[2, groups]) from sums over the rows.

    ``pairs`` (float64[groups, groups]) are rows in both groups, ``products`` (float64[2, groups]) sums of losses a
    group, ``totals`` (float64[2]) of all.
    """
    shares, means = np.diag(pairs) / n, totals / n
    covariance = pairs - n * np.outer(shares, shares) + RIDGE_ROWS * np.eye(len(shares))
    weights = np.asarray(np.linalg.solve(covariance, (products - n * np.outer(means, shares)).T).T)
    for start, stop in pairwise(starts):
        own = slice(start, stop)
        average = weights[:, own] @ shares[own]
        weights[:, own] = np.where(shares[own] > 0, weights[:, own], average[:, np.newaxis])
    return means - weights @ shares, weights
