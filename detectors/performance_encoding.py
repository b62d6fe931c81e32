"""Performance profiles as bytes for storage, and sums of many of them.

Form: magic, the layout's fingerprint, the number of filled slots, then, compressed, their positions (uint32), their
counts (int64) and all sums (float64), little-endian.
"""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile

# The first form had no counts of predictions by score: nothing can be estimated from it.
_MAGIC = b"mwp2"
_HEADER = struct.Struct("<4s8sI")


def encode_performance(profile: PerformanceProfile) -> bytes:
    """The profile for storage; ``decode_performance`` reads it back exactly."""
    filled = np.flatnonzero(profile.counts)
    body = filled.astype("<u4").tobytes() + profile.counts[filled].astype("<i8").tobytes()
    body += profile.sums.astype("<f8").tobytes()
    return _HEADER.pack(_MAGIC, profile.fingerprint, len(filled)) + zlib.compress(body, 1)


def decode_performance(layout: Layout, data: bytes) -> PerformanceProfile:
    """A profile that ``encode_performance`` wrote with this layout; anything else is a ValueError."""
    return total_encoded_performance(layout, [data])


def total_encoded_performance(layout: Layout, payloads: Sequence[bytes]) -> PerformanceProfile:
    """The sum of encoded profiles; of none, the empty one. ValueError where one is damaged or of another layout."""
    n_counts = layout.n_counts
    counts = np.zeros(n_counts, dtype=np.int64)
    sums = np.zeros(len(layout.sum_names))
    for data in payloads:
        filled, seen, added = _read(layout, n_counts, data)
        counts[filled] += seen
        with np.errstate(over="ignore", invalid="ignore"):
            sums += added
    return PerformanceProfile(layout.task, counts, sums, layout.fingerprint)


def _read(
    layout: Layout, n_counts: int, data: bytes
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Positions of filled slots, their counts, and the sums."""
    if len(data) < _HEADER.size:
        raise ValueError(f"not a performance profile: only {len(data)} bytes")
    magic, fingerprint, n_filled = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise ValueError(
            f"not a performance profile of this version: it begins with {magic!r}, not {_MAGIC!r}: set the model's "
            "baseline again to have its rows counted anew"
        )
    if fingerprint != layout.fingerprint:
        raise ValueError("the performance profile was counted with another layout: count its rows again")
    n_sums = len(layout.sum_names)
    size = 12 * n_filled + 8 * n_sums
    if n_filled > n_counts:
        raise ValueError("the performance profile is damaged: more filled slots than there are")
    unpack = zlib.decompressobj()
    try:
        body = unpack.decompress(data[_HEADER.size :], size + 1)
    except zlib.error as error:
        raise ValueError(f"the performance profile is damaged: {error}") from error
    if len(body) != size or not unpack.eof:
        raise ValueError(f"the performance profile is damaged: {len(body)} bytes instead of {size}")
    filled = np.frombuffer(body, "<u4", n_filled).astype(np.int64)
    if n_filled and (filled[-1] >= n_counts or (np.diff(filled) <= 0).any()):
        raise ValueError("the performance profile is damaged: slots out of order")
    seen = np.frombuffer(body, "<i8", n_filled, 4 * n_filled).astype(np.int64)
    return filled, seen, np.frombuffer(body, "<f8", n_sums, 12 * n_filled).astype(np.float64)
