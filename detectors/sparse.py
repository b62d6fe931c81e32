"""A profile without its empty slots: the form in which small profiles are kept, written and added up.

An hour of a quiet segment fills a few dozen of several thousand slots.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.profile import Profile, check_fingerprint, check_same_binning, empty
from detectors.unseen import UnseenSample, merge_fields


@dataclass(frozen=True, slots=True, eq=False)
class SparseProfile:
    """The filled part of a ``Profile``.

    ``slots`` (strictly increasing) are the slots with a count or a sum, ``counts`` and ``sums`` what they hold.
    ``fields`` (strictly increasing) are the positions of fields with finite values, ``squares``, ``low`` and
    ``high`` theirs.
    """

    n: int
    slots: NDArray[np.int64]
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    fields: NDArray[np.int64]
    squares: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    unseen: Mapping[int, UnseenSample]
    fingerprint: bytes


def to_sparse(profile: Profile) -> SparseProfile:
    """The filled part of a profile."""
    slots = np.flatnonzero((profile.counts != 0) | (profile.sums != 0))
    fields = np.flatnonzero((profile.low <= profile.high) | (profile.squares != 0))
    return SparseProfile(
        profile.n,
        slots,
        profile.counts[slots],
        profile.sums[slots],
        fields,
        profile.squares[fields],
        profile.low[fields],
        profile.high[fields],
        profile.unseen,
        profile.fingerprint,
    )


def to_dense(binning: Binning, sparse: SparseProfile) -> Profile:
    """The whole profile; ValueError where it was counted with another binning."""
    dense = empty(binning)
    check_fingerprint(binning, sparse.fingerprint)
    dense.counts[sparse.slots] = sparse.counts
    dense.sums[sparse.slots] = sparse.sums
    dense.squares[sparse.fields] = sparse.squares
    dense.low[sparse.fields] = sparse.low
    dense.high[sparse.fields] = sparse.high
    return Profile(
        sparse.n, dense.counts, dense.sums, dense.squares, dense.low, dense.high, sparse.unseen, sparse.fingerprint
    )


def add_sparse(a: SparseProfile, b: SparseProfile) -> SparseProfile:
    """The profile of the rows of both."""
    check_same_binning(a, b)
    # Written out as far as the last filled slot: for a few thousand slots that is faster than matching sorted lists.
    n_slots, n_fields = _length(a.slots, b.slots), _length(a.fields, b.fields)
    counts, sums, squares = np.zeros(n_slots, dtype=np.int64), np.zeros(n_slots), np.zeros(n_fields)
    low, high = np.full(n_fields, np.inf), np.full(n_fields, -np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for part in (a, b):
            counts[part.slots] += part.counts
            sums[part.slots] += part.sums
            squares[part.fields] += part.squares
            low[part.fields] = np.minimum(low[part.fields], part.low)
            high[part.fields] = np.maximum(high[part.fields], part.high)
    slots = np.flatnonzero((counts != 0) | (sums != 0))
    fields = np.flatnonzero((low <= high) | (squares != 0))
    unseen = merge_fields([a.unseen, b.unseen])
    return SparseProfile(
        a.n + b.n,
        slots,
        counts[slots],
        sums[slots],
        fields,
        squares[fields],
        low[fields],
        high[fields],
        unseen,
        a.fingerprint,
    )


def _length(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    return max((int(positions[-1]) + 1 for positions in (a, b) if len(positions)), default=0)
