"""A bounded sample of the contents of rows, with how often each came, that is the same in any order and split.

Of all distinct contents those with the smallest hash are kept, up to 1,024, with exact counts: what is among the
smallest of a sum was among the smallest of every part that held it. The hash depends on the content alone, so it is a
uniform sample of the distinct contents, and two copies of a row meet in it whatever hours they fell into.
Source: Beyer et al., SIGMOD 2007 (bottom-k samples of distinct values).
"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.row_hashes import Hashes

SKETCH_SIZE = 1024
# The number of distinct contents is also known from how small the hashes are. Where the two disagree by more
# standard errors than this, a content came so often that the sample does not stand for it.
_DISAGREEMENT = 4.0

_MAGIC = b"mwr1"
_HEADER = Struct("<4sqI")
_CHECKSUM = Struct("<I")


@dataclass(frozen=True, slots=True, eq=False)
class RowSketch:
    """The distinct contents with the smallest hashes (uint64, increasing) and their ``counts`` of ``n_rows`` rows."""

    n_rows: int
    hashes: Hashes
    counts: NDArray[np.int64]

    @property
    def complete(self) -> bool:
        """Whether every row of the ``n_rows`` is counted."""
        return len(self.hashes) < SKETCH_SIZE or int(self.counts.sum()) == self.n_rows


@dataclass(frozen=True, slots=True)
class CopyShare:
    """An estimated share of rows that are copies of another one, with its standard error.

    ``copies`` of ``rows`` is what it was estimated from.
    """

    share: float
    standard_error: float
    copies: int
    rows: int


def sketch_rows(hashes: Hashes) -> RowSketch:
    """The sketch of rows, each given by the hash of its content (``row_hashes``)."""
    distinct, counts = np.unique(hashes, return_counts=True)
    return RowSketch(len(hashes), distinct[:SKETCH_SIZE], counts[:SKETCH_SIZE].astype(np.int64))


def sketch_groups(hashes: Hashes, groups: ArrayLike, n_groups: int) -> list[RowSketch]:
    """The sketch of each group 0 .. n_groups - 1 of rows; ``groups`` (int[n]) is every row's group, -1 for none."""
    of_row = np.asarray(groups, dtype=np.int64)
    if of_row.shape != hashes.shape or (len(of_row) and not -1 <= of_row.min() <= of_row.max() < n_groups):
        raise ValueError(f"groups must be from -1 to {n_groups - 1}, one for each of {len(hashes)} rows")
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(n_groups + 1))
    return [sketch_rows(hashes[order[starts[group] : starts[group + 1]]]) for group in range(n_groups)]


def merge(sketches: Sequence[RowSketch]) -> RowSketch:
    """The sketch of the rows of all sketches together; of none, that of no rows."""
    hashes = np.concatenate([np.zeros(0, dtype=np.uint64), *(sketch.hashes for sketch in sketches)])
    counts = np.concatenate([np.zeros(0, dtype=np.int64), *(sketch.counts for sketch in sketches)])
    distinct, at = np.unique(hashes, return_inverse=True)
    totals = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(totals, at.reshape(-1), counts)
    return RowSketch(sum(sketch.n_rows for sketch in sketches), distinct[:SKETCH_SIZE], totals[:SKETCH_SIZE])


def copy_share(sketch: RowSketch, of_rows: int | None = None) -> CopyShare:
    """The share of rows that are copies: 1 - distinct contents / rows; with ``of_rows``, of so many of them at random.

    Each content of the sample with c rows, of which a part f is drawn, brings c f rows and c f - (1 - (1 - f)^c)
    copies; the share is the ratio of the sums (exact where the sketch is complete and all rows are taken). Where a
    few contents hold so many rows that the sample does not stand for them, the distinct contents are (k - 1) / u
    instead, u the largest hash of the k as a part of all hashes. ``n_rows`` must be above 0.
    """
    part = 1.0 if of_rows is None else min(of_rows / sketch.n_rows, 1.0)
    rows = sketch.counts * part
    copies = rows - (1 - (1 - part) ** sketch.counts)
    share = float(copies.sum() / rows.sum())
    scatter = float(((copies - share * rows) ** 2).sum())
    error = math.sqrt(scatter) / float(rows.sum())
    if not sketch.complete:
        unique = (len(sketch.hashes) - 1) / (float(sketch.hashes[-1]) / 2.0**64)
        other = max(1 - unique / sketch.n_rows, 0.0)
        other_error = (unique / sketch.n_rows) / math.sqrt(len(sketch.hashes) - 2)
        plain = 1 - len(sketch.counts) / float(sketch.counts.sum())
        if abs(other - plain) > _DISAGREEMENT * other_error:
            share, error = other, other_error
    n_sampled = max(round(float(rows.sum())), 1)
    return CopyShare(share, error, round(share * n_sampled), n_sampled)


def encode_sketch(sketch: RowSketch) -> bytes:
    """The sketch for storage: 8 bytes a distinct content and its count, at most some 9 kB."""
    body = sketch.hashes.astype("<u8").tobytes() + zlib.compress(sketch.counts.astype("<i8").tobytes(), 1)
    header = _HEADER.pack(_MAGIC, sketch.n_rows, len(sketch.hashes))
    return header + _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(header))) + body


def decode_sketch(data: bytes) -> RowSketch:
    """A sketch that ``encode_sketch`` wrote; ValueError for anything else."""
    body_start = _HEADER.size + _CHECKSUM.size
    if len(data) < body_start or data[:4] != _MAGIC:
        raise ValueError(f"not a row sketch of this version: it begins with {bytes(data[:4])!r}, not {_MAGIC!r}")
    _, n_rows, length = _HEADER.unpack_from(data)
    (checksum,) = _CHECKSUM.unpack_from(data, _HEADER.size)
    body = data[body_start:]
    if zlib.crc32(body, zlib.crc32(data[: _HEADER.size])) != checksum or length > SKETCH_SIZE or len(body) < 8 * length:
        raise ValueError("the stored row sketch is damaged: its checksum or its length does not fit")
    unpack = zlib.decompressobj()
    try:
        counts = unpack.decompress(body[8 * length :], 8 * length + 1)
    except zlib.error as error:
        raise ValueError(f"the stored row sketch is damaged: {error}") from error
    if len(counts) != 8 * length:
        raise ValueError("the stored row sketch is damaged: hashes and counts do not fit")
    hashes = np.frombuffer(body, "<u8", length).astype(np.uint64)
    return RowSketch(n_rows, hashes, np.frombuffer(counts, "<i8", length).astype(np.int64))
