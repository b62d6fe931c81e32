"""How many rows labels stand for that were asked for with known, unequal chances: sums beside a performance profile.

A label that was asked for with the chance p stands for w = 1 / p rows. What is kept is how many such labels fill each
slot of the performance layout, and the sums of their w and w^2: enough for a weighted risk and its scatter, for the
loss and the estimated loss of a row are functions of its slots. Source of the weighting: Horvitz and Thompson, J. Am.
Stat. Assoc. 47 (1952).
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile, labelled_slots

# Sums are whole numbers of millionths, so that what is added and taken away again leaves nothing behind. Squares are
# at most a million each, so 9 million labels fit into a slot.
PARTS = 1_000_000
# Of equal weights what differs is the rounding to millionths alone.
SAME_WEIGHTS = 1e-5
_MAGIC = b"mww1"
_HEADER = struct.Struct("<4s8sI")
_SLOT_BYTES = 4 + 3 * 8

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LabelWeights:
    """Sums over labels with a known probability by slot of a layout: ``sums`` (int64[3, slots]) are how many there are,
    and the millionths of their weights and squared weights. ``fingerprint`` marks the layout."""

    sums: Integers
    fingerprint: bytes

    @property
    def n(self) -> int:
        """Labels with a known probability, of whatever class or value."""
        return int(self.sums[0, Layout.LABELLED])

    @property
    def are_unequal(self) -> bool:
        """Whether the labels were asked for with different chances."""
        n, weight, squares = (int(each) for each in self.sums[:, Layout.LABELLED])
        return n * squares * PARTS > weight * weight * (1 + SAME_WEIGHTS)

    def profiles(self, layout: Layout) -> tuple[PerformanceProfile, PerformanceProfile, PerformanceProfile]:
        """The labels, and the millionths of their weights and squares, each as a profile of such labelled rows: what
        makes losses of a profile makes weighted losses of these. ValueError where they are of another layout."""
        _check_same(layout.fingerprint, self.fingerprint)
        none = np.zeros(len(layout.sum_names))
        n, weight, squares = (PerformanceProfile(layout.task, each, none, layout.fingerprint) for each in self.sums)
        return n, weight, squares


def no_weights(layout: Layout) -> LabelWeights:
    """The sums of no labels."""
    return LabelWeights(np.zeros((3, layout.n_counts), dtype=np.int64), layout.fingerprint)


def weigh_labels(
    layout: Layout,
    prediction: ArrayLike,
    score: ArrayLike | None,
    label: ArrayLike,
    probability: ArrayLike,
    groups: ArrayLike,
    n_groups: int,
    sign: ArrayLike = 1,
) -> list[LabelWeights]:
    """The sums of each of ``n_groups`` groups of rows; arguments as for ``profile_performance``.

    ``probability`` (float[n]) is the chance with which each row was asked for its label, above 0 and at most 1.
    """
    weight = 1 / np.asarray(probability, dtype=np.float64)
    group, signs = np.asarray(groups, dtype=np.int64), np.broadcast_to(np.asarray(sign, dtype=np.int64), weight.shape)
    one, two = (np.rint(power * PARTS).astype(np.int64) for power in (weight, weight * weight))
    sums = np.zeros((3, n_groups, layout.n_counts), dtype=np.int64)
    for slots, rows in labelled_slots(layout, prediction, score, label):
        for kind, values in enumerate((signs, signs * one, signs * two)):
            np.add.at(sums[kind], (group[rows], slots), values[rows])
    return [LabelWeights(sums[:, at], layout.fingerprint) for at in range(n_groups)]


def encode_weights(weights: LabelWeights) -> bytes:
    """The sums for storage: a header, and the filled slots compressed; ``total_weights`` reads them back exactly."""
    filled = np.flatnonzero((weights.sums != 0).any(axis=0))
    body = filled.astype("<u4").tobytes() + weights.sums[:, filled].astype("<i8").tobytes()
    return _HEADER.pack(_MAGIC, weights.fingerprint, len(filled)) + zlib.compress(body, 1)


def total_weights(layout: Layout, payloads: Sequence[bytes]) -> LabelWeights:
    """The sums of the labels of all payloads; ValueError where one is damaged or of another layout."""
    found = no_weights(layout)
    for data in payloads:
        fingerprint, filled, sums = _read(data)
        _check_same(layout.fingerprint, fingerprint)
        if len(filled) and filled[-1] >= layout.n_counts:
            raise ValueError("the weights of labels are damaged: there are no such slots")
        found.sums[:, filled] += sums
    return found


def join_weights(a: bytes, b: bytes) -> bytes:
    """The stored sums of the labels of both; ValueError where they are damaged or of different layouts."""
    (fingerprint, first, one), (other, second, two) = _read(a), _read(b)
    _check_same(fingerprint, other)
    sums = np.zeros((3, 1 + max((int(each[-1]) for each in (first, second) if len(each)), default=0)), dtype=np.int64)
    sums[:, first] += one
    sums[:, second] += two
    return encode_weights(LabelWeights(sums, fingerprint))


def _read(data: bytes) -> tuple[bytes, Integers, Integers]:
    """The layout's mark, the filled slots in order, and their sums (int64[3, filled])."""
    if len(data) < _HEADER.size or data[: len(_MAGIC)] != _MAGIC:
        raise ValueError(f"not weights of labels of this version: they begin with {data[: len(_MAGIC)]!r}")
    _, fingerprint, n_filled = _HEADER.unpack_from(data)
    unpack = zlib.decompressobj()
    try:
        body = unpack.decompress(data[_HEADER.size :], n_filled * _SLOT_BYTES + 1)
    except zlib.error as error:
        raise ValueError(f"the weights of labels are damaged: {error}") from error
    if len(body) != n_filled * _SLOT_BYTES or not unpack.eof:
        raise ValueError("the weights of labels are damaged: their length is not that of their slots")
    filled = np.frombuffer(body, "<u4", n_filled).astype(np.int64)
    if (np.diff(filled) <= 0).any():
        raise ValueError("the weights of labels are damaged: slots out of order")
    return fingerprint, filled, np.frombuffer(body, "<i8", 3 * n_filled, 4 * n_filled).reshape(3, n_filled)


def _check_same(a: bytes, b: bytes) -> None:
    if a != b:
        raise ValueError("the labels were weighed with another layout: set the baseline again to count them anew")
