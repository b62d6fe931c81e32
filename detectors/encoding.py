"""Profiles as bytes: sparse, versioned, guarded by a checksum, the same on every machine.

A payload is a header and a body. The header has the magic word with the version, how the body is packed, the
fingerprint of the binning, the number of rows and the length of each section; the CRC-32 of the header and of the
body as it is stored follows.

The body has, in this order and little-endian: sums of the slots whose sum is not 0 (float64); squares, low and high
of the fields with values (float64 each); a bit per slot, whether it has a sum; distances from slot to slot; counts;
distances from field to field; unseen categories as JSON. Distances and counts are unsigned, each array in the
smallest type that holds it; int64 where a count is below 0. The body is compressed where that saves a tenth of it.
"""

import json
import struct
import zlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.profile import Profile, check_fingerprint, empty
from detectors.sparse import SparseProfile, add_sparse, to_dense, to_sparse
from detectors.unseen import UnseenSample, merge_fields, sample

_MAGIC = b"mwp1"
# See _Header for what these are.
_HEADER = struct.Struct("<4sBBBB8sqIIIII")
_CHECKSUM = struct.Struct("<I")
_PLAIN, _DEFLATED = 0, 1
_TYPES = tuple(np.dtype(name) for name in ("<u1", "<u2", "<u4", "<i8"))
_LIMITS = (1 << 8, 1 << 16, 1 << 32)
_SIGNED = 3
_FLOAT = np.dtype("<f8")
# Compressing takes longer than all else, and a small body hardly shrinks: most of it is sums.
_MIN_DEFLATED = 2048
_MAX_BODY = 1 << 28


def encode_profile(profile: Profile) -> bytes:
    """A profile for storage."""
    return encode_sparse(to_sparse(profile))


def decode_profile(binning: Binning, data: bytes) -> Profile:
    """A profile that ``encode_profile`` wrote with the same binning.

    ValueError for damaged bytes, for a version this code does not read, and for a profile of another binning.
    """
    return to_dense(binning, _decode_for(binning, data))


def total_encoded(binning: Binning, payloads: Sequence[bytes]) -> Profile:
    """The profile of the rows of all payloads together, none of them made dense on the way."""
    result = empty(binning)
    n, samples = 0, []
    with np.errstate(over="ignore", invalid="ignore"):
        for payload in payloads:
            part = _decode_for(binning, payload)
            n += part.n
            # Within one payload no slot comes twice, so plain indexing adds all.
            result.counts[part.slots] += part.counts
            result.sums[part.slots] += part.sums
            result.squares[part.fields] += part.squares
            result.low[part.fields] = np.minimum(result.low[part.fields], part.low)
            result.high[part.fields] = np.maximum(result.high[part.fields], part.high)
            if part.unseen:
                samples.append(part.unseen)
    unseen = merge_fields(samples)
    return Profile(n, result.counts, result.sums, result.squares, result.low, result.high, unseen, result.fingerprint)


def merge_encoded(a: bytes, b: bytes) -> bytes:
    """The payload of the rows of both, which must be of one binning."""
    return encode_sparse(add_sparse(decode_sparse(a), decode_sparse(b)))


def encode_sparse(part: SparseProfile) -> bytes:
    """A sparse profile for storage; the same bytes as its dense form gives."""
    with_sum = part.sums != 0
    sums = part.sums[with_sum]
    slot_type, slot_steps = _packed(_steps(part.slots))
    count_type, counts = _packed(part.counts)
    field_type, field_steps = _packed(_steps(part.fields))
    unseen = _write_unseen(part.unseen)
    body = b"".join(
        (
            sums.astype(_FLOAT, copy=False).tobytes(),
            part.squares.astype(_FLOAT, copy=False).tobytes(),
            part.low.astype(_FLOAT, copy=False).tobytes(),
            part.high.astype(_FLOAT, copy=False).tobytes(),
            np.packbits(with_sum).tobytes(),
            slot_steps,
            counts,
            field_steps,
            unseen,
        )
    )
    if len(body) > _MAX_BODY:
        raise ValueError(f"a profile of {len(body)} bytes is more than the {_MAX_BODY} that are read back")
    packing, packed = _deflated(body)
    lengths = (len(part.slots), len(sums), len(part.fields), len(unseen), len(body))
    header = _HEADER.pack(_MAGIC, packing, slot_type, count_type, field_type, part.fingerprint, part.n, *lengths)
    return b"".join((header, _CHECKSUM.pack(zlib.crc32(packed, zlib.crc32(header))), packed))


def decode_sparse(data: bytes) -> SparseProfile:
    """A sparse profile from a payload, whatever its binning; ValueError for anything else."""
    header, body = _read_header(data)
    if max(header.slot_type, header.field_type) >= _SIGNED or header.count_type > _SIGNED:
        raise ValueError("the stored profile is damaged: an array type is unknown")
    sections = _Sections(body)
    sums_given = sections.take(_FLOAT, header.n_sums)
    squares, low, high = (sections.take(_FLOAT, header.n_fields) for _ in range(3))
    bits = sections.take(_TYPES[0], -(-header.n_slots // 8))
    with_sum = np.unpackbits(bits, count=header.n_slots).view(np.bool_)
    slots = np.cumsum(sections.take(_TYPES[header.slot_type], header.n_slots), dtype=np.int64)
    counts = sections.take(_TYPES[header.count_type], header.n_slots).astype(np.int64)
    fields = np.cumsum(sections.take(_TYPES[header.field_type], header.n_fields), dtype=np.int64)
    unseen = _read_unseen(sections.rest(header.n_unseen))
    if np.count_nonzero(with_sum) != header.n_sums:
        raise ValueError("the stored profile is damaged: sums and slots do not fit")
    sums = np.zeros(header.n_slots)
    sums[with_sum] = sums_given
    return SparseProfile(header.n, slots, counts, sums, fields, squares, low, high, unseen, header.fingerprint)


class _Header(NamedTuple):
    magic: bytes
    packing: int
    slot_type: int
    count_type: int
    field_type: int
    fingerprint: bytes
    n: int
    n_slots: int
    n_sums: int
    n_fields: int
    n_unseen: int
    n_body: int


def _read_header(data: bytes) -> tuple[_Header, bytes]:
    """The header of a payload, and its body unpacked; the checksum is of the bytes as they are stored."""
    if data[: len(_MAGIC)] != _MAGIC:
        raise ValueError(f"not a profile of this version: it begins with {bytes(data[:4])!r}, not {_MAGIC!r}")
    body_start = _HEADER.size + _CHECKSUM.size
    if len(data) < body_start:
        raise ValueError("the stored profile is damaged: its header is cut short")
    header = _Header(*_HEADER.unpack_from(data))
    (checksum,) = _CHECKSUM.unpack_from(data, _HEADER.size)
    packed = data[body_start:]
    if zlib.crc32(packed, zlib.crc32(data[: _HEADER.size])) != checksum:
        raise ValueError("the stored profile is damaged: its checksum does not fit")
    return header, _inflated(header.packing, packed, header.n_body)


class _Sections:
    """Reads a body from front to back."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        end = self._at + count * dtype.itemsize
        if end > len(self._body):
            raise ValueError("the stored profile is damaged: its body is shorter than its header says")
        array = np.frombuffer(self._body, dtype, count, self._at)
        self._at = end
        return array

    def rest(self, length: int) -> bytes:
        if len(self._body) - self._at != length:
            raise ValueError("the stored profile is damaged: its body is not as long as its header says")
        return self._body[self._at :]


def _decode_for(binning: Binning, data: bytes) -> SparseProfile:
    part = decode_sparse(data)
    check_fingerprint(binning, part.fingerprint)
    if len(part.slots) and part.slots[-1] >= binning.n_slots:
        raise ValueError("the stored profile is damaged: it has slots the binning has not")
    if len(part.fields) and part.fields[-1] >= len(binning.fields):
        raise ValueError("the stored profile is damaged: it has fields the binning has not")
    return part


def _steps(increasing: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first number, then the distance from each to the next."""
    steps = increasing.copy()
    steps[1:] -= increasing[:-1]
    return steps


def _packed(numbers: NDArray[np.int64]) -> tuple[int, bytes]:
    """Position of the smallest type that holds all numbers, and the numbers in it."""
    if not len(numbers):
        return 0, b""
    # A number below 0 is huge when read without sign, so one pass finds that case too.
    largest = int(np.maximum.reduce(numbers.view(np.uint64)))
    kind = bisect_right(_LIMITS, largest)
    return kind, numbers.astype(_TYPES[kind]).tobytes()


def _deflated(body: bytes) -> tuple[int, bytes]:
    if len(body) < _MIN_DEFLATED:
        return _PLAIN, body
    small = zlib.compress(body, 1)
    return (_DEFLATED, small) if len(small) < 0.9 * len(body) else (_PLAIN, body)


def _inflated(packing: int, packed: bytes, length: int) -> bytes:
    if length > _MAX_BODY:
        raise ValueError(f"the stored profile is damaged: it says it has {length} bytes")
    if packing == _DEFLATED:
        unpack = zlib.decompressobj()
        try:
            # One byte more than there should be, to notice when there is more.
            packed = unpack.decompress(packed, length + 1)
        except zlib.error as error:
            raise ValueError(f"the stored profile is damaged: {error}") from error
        if not unpack.eof or unpack.unused_data:
            raise ValueError("the stored profile is damaged: it is cut short or too long")
    elif packing != _PLAIN:
        raise ValueError(f"the stored profile is damaged: packing {packing} is unknown")
    if len(packed) != length:
        raise ValueError("the stored profile is damaged: it is cut short or too long")
    return packed


def _write_unseen(unseen: Mapping[int, UnseenSample]) -> bytes:
    if not unseen:
        return b""
    return json.dumps([[index, dict(texts)] for index, texts in sorted(unseen.items())], separators=(",", ":")).encode()


def _read_unseen(text: bytes) -> Mapping[int, UnseenSample]:
    if not text:
        return {}
    try:
        return {int(index): sample(dict(texts).items()) for index, texts in json.loads(text)}
    except (ValueError, TypeError) as error:
        raise ValueError(f"the stored profile is damaged: {error}") from error
