"""How much the model lost in each coarse group of each field: sums over labelled rows, from which the worst is found.

Like profiles they add up, and a corrected label is the old row subtracted and the new one added.
"""

import hashlib
import struct
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.binning import Binning
from detectors.coarse_groups import CoarseGroups, coarse_groups
from detectors.columns import Column
from detectors.row_slots import row_slots

# The first so many fields are searched: what is counted for each labelled row grows with them.
MAX_FIELDS = 100
# A loss beyond this has a square that no float holds; such a row is left out.
MAX_LOSS = 1e150
_MAGIC = b"mwg1"
_HEADER = struct.Struct("<4s8sI")
_GROUP_BYTES = 4 + 3 * 8

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LossGroups:
    """All groups of all fields in one run, G in all; those of field i begin at ``offsets[i]``."""

    binning: Binning
    fields: tuple[CoarseGroups, ...]
    offsets: tuple[int, ...] = field(init=False)
    titles: tuple[str, ...] = field(init=False)
    fingerprint: bytes = field(init=False)

    def __post_init__(self) -> None:
        offsets = np.cumsum([0, *(len(each.titles) for each in self.fields)]).tolist()
        object.__setattr__(self, "offsets", tuple(offsets))
        object.__setattr__(self, "titles", tuple(title for each in self.fields for title in each.titles))
        digest = hashlib.sha256(self.binning.content_hash.encode())
        for each in self.fields:
            digest.update(repr((each.field, each.titles)).encode() + each.of_slot.astype("<i8").tobytes())
        object.__setattr__(self, "fingerprint", digest.digest()[:8])

    @property
    def n_groups(self) -> int:
        return self.offsets[-1]

    @property
    def of_field(self) -> Integers:
        """The position of the field of every group (int64[G])."""
        return np.repeat(np.arange(len(self.fields)), np.diff(self.offsets))


@dataclass(frozen=True, slots=True, eq=False)
class GroupLosses:
    """Sums over labelled rows in each of G groups: ``n`` (int64[G]) rows, ``total`` and ``squares`` (float64[G]) of
    their losses. ``fingerprint`` marks the groups."""

    n: Integers
    total: Numbers
    squares: Numbers
    fingerprint: bytes


def loss_groups(binning: Binning, left_out: Collection[str] = ()) -> LossGroups:
    """The groups of the first 100 fields of a binning, but for those ``left_out``: the model's own answers."""
    kept = [bins for bins in binning.fields if bins.name not in left_out][:MAX_FIELDS]
    return LossGroups(Binning(tuple(kept)), tuple(map(coarse_groups, kept)))


def no_losses(groups: LossGroups) -> GroupLosses:
    """The sums of no rows."""
    n = groups.n_groups
    return GroupLosses(np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n), groups.fingerprint)


def count_losses(
    groups: LossGroups,
    columns: Mapping[str, Column],
    losses: ArrayLike,
    parts: ArrayLike,
    n_parts: int,
    signs: ArrayLike = 1,
) -> list[GroupLosses]:
    """The sums of each of ``n_parts`` parts of the rows; ``parts`` (int[n]) is the part of every row, -1 left out.

    ``columns`` hold every field of the groups, ``losses`` (float[n]) what the model lost by each row: 1 for a wrong
    prediction and 0 for a right one, or an absolute error. Rows whose loss is NaN, or too large to be squared, are not
    counted. ``signs`` (+1 or -1, for each row) subtracts rows. ValueError where lengths differ.
    """
    loss, part = np.asarray(losses, dtype=np.float64), np.asarray(parts, dtype=np.int64)
    n, fields = row_slots(groups.binning, columns)
    if len(loss) != len(part) or (fields and len(loss) != n):
        raise ValueError(f"{len(loss)} losses and {len(part)} parts for {n} rows: one each a row")
    sign = np.broadcast_to(np.asarray(signs, dtype=np.float64), loss.shape)
    kept = np.flatnonzero((part >= 0) & (np.abs(loss) <= MAX_LOSS))
    own, sign = loss[kept], sign[kept]
    weights = np.stack([sign, own * sign, own * own * sign])
    sums = np.zeros((3, n_parts, groups.n_groups))
    for each, slots, offset in zip(groups.fields, fields, groups.offsets, strict=False):
        width = len(each.titles)
        at = part[kept] * width + each.of_slot[slots.slots[kept]]
        for kind, weight in enumerate(weights):
            counted = np.bincount(at, weight, n_parts * width)
            sums[kind, :, offset : offset + width] = counted.reshape(n_parts, width)
    n_rows = np.rint(sums[0]).astype(np.int64)
    return [GroupLosses(n_rows[at], sums[1, at], sums[2, at], groups.fingerprint) for at in range(n_parts)]


def total_losses(groups: LossGroups, parts: Iterable[GroupLosses]) -> GroupLosses:
    """The sums of the rows of all parts; ValueError where one was counted in other groups."""
    found = no_losses(groups)
    for part in parts:
        _check_same(groups.fingerprint, part.fingerprint)
        found = GroupLosses(
            found.n + part.n, found.total + part.total, found.squares + part.squares, groups.fingerprint
        )
    return found


def encode_losses(losses: GroupLosses) -> bytes:
    """The sums for storage: a header, and the filled groups compressed; ``decode_losses`` reads them back exactly."""
    filled = np.flatnonzero((losses.n != 0) | (losses.total != 0) | (losses.squares != 0))
    body = filled.astype("<u4").tobytes() + losses.n[filled].astype("<i8").tobytes()
    body += losses.total[filled].astype("<f8").tobytes() + losses.squares[filled].astype("<f8").tobytes()
    return _HEADER.pack(_MAGIC, losses.fingerprint, len(filled)) + zlib.compress(body, 1)


def decode_losses(groups: LossGroups, data: bytes) -> GroupLosses:
    """Sums that ``encode_losses`` wrote of the same groups; anything else is a ValueError."""
    stored = _read(data)
    _check_same(groups.fingerprint, stored.fingerprint)
    return stored.spread(groups.n_groups)


def join_losses(a: bytes, b: bytes) -> bytes:
    """The stored sums of the rows of both; ValueError where they are damaged or of different groups."""
    first, second = _read(a), _read(b)
    _check_same(first.fingerprint, second.fingerprint)
    n_groups = max(first.n_groups, second.n_groups)
    one, two = first.spread(n_groups), second.spread(n_groups)
    return encode_losses(
        GroupLosses(one.n + two.n, one.total + two.total, one.squares + two.squares, first.fingerprint)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Stored:
    """What a payload holds: the filled groups, in order, and their sums."""

    fingerprint: bytes
    filled: Integers
    n: Integers
    total: Numbers
    squares: Numbers

    @property
    def n_groups(self) -> int:
        """How many groups there are at least."""
        return int(self.filled[-1]) + 1 if len(self.filled) else 0

    def spread(self, n_groups: int) -> GroupLosses:
        if self.n_groups > n_groups:
            raise ValueError("the losses by group are damaged: there are no such groups")
        n, total, squares = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups), np.zeros(n_groups)
        n[self.filled], total[self.filled], squares[self.filled] = self.n, self.total, self.squares
        return GroupLosses(n, total, squares, self.fingerprint)


def _read(data: bytes) -> _Stored:
    if len(data) < _HEADER.size or data[: len(_MAGIC)] != _MAGIC:
        raise ValueError(f"not losses by group of this version: they begin with {data[: len(_MAGIC)]!r}")
    _, fingerprint, n_filled = _HEADER.unpack_from(data)
    unpack = zlib.decompressobj()
    try:
        body = unpack.decompress(data[_HEADER.size :], n_filled * _GROUP_BYTES + 1)
    except zlib.error as error:
        raise ValueError(f"the losses by group are damaged: {error}") from error
    if len(body) != n_filled * _GROUP_BYTES or not unpack.eof:
        raise ValueError("the losses by group are damaged: their length is not that of their groups")
    filled = np.frombuffer(body, "<u4", n_filled).astype(np.int64)
    if (np.diff(filled) <= 0).any():
        raise ValueError("the losses by group are damaged: groups out of order")
    sums = (np.frombuffer(body, kind, n_filled, at * n_filled) for kind, at in (("<i8", 4), ("<f8", 12), ("<f8", 20)))
    return _Stored(fingerprint, filled, *sums)


def _check_same(a: bytes, b: bytes) -> None:
    if a != b:
        raise ValueError("the losses were counted in other groups: set the baseline again to count them anew")
