"""A calibration as bytes for the store, and back."""

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from detectors.calibration import Blocks, Calibration, Chance
from detectors.field_tails import SHARES
from detectors.tails import Tail

# Raised whenever calibrations come out differently, so that none of an older release is used.
METHOD_VERSION = 3


class _StoredTail(Struct, frozen=True, array_like=True):
    n: int
    top: bytes


class _StoredChance(Struct, frozen=True, array_like=True):
    rows: float
    centre: bytes
    spread: bytes
    once: _StoredTail
    persistent: _StoredTail
    usual: tuple[float, float]
    points: bytes


class _StoredBlocks(Struct, frozen=True, array_like=True):
    n: int
    centre: bytes
    spread: bytes
    once: _StoredTail | None
    persistent: _StoredTail | None
    points: bytes


class _StoredCalibration(Struct, frozen=True, array_like=True):
    chances: tuple[_StoredChance, ...]
    blocks: _StoredBlocks
    wander: bytes


def to_bytes(calibration: Calibration | None) -> bytes:
    """The payload of a calibration; empty where there are too few rows for one, which is worth remembering too."""
    if calibration is None:
        return b""
    chances = tuple(
        _StoredChance(
            chance.rows,
            _packed(chance.centre),
            _packed(chance.spread),
            _StoredTail(chance.once.n, _packed(chance.once.top)),
            _StoredTail(chance.persistent.n, _packed(chance.persistent.top)),
            chance.usual,
            _packed(chance.points),
        )
        for chance in calibration.chances
    )
    blocks = calibration.blocks
    stored = _StoredBlocks(
        blocks.n,
        _packed(blocks.centre),
        _packed(blocks.spread),
        _tail(blocks.once),
        _tail(blocks.persistent),
        _packed(blocks.points),
    )
    return msgspec.msgpack.encode(_StoredCalibration(chances, stored, _packed(calibration.wander)))


def from_bytes(payload: bytes) -> Calibration | None:
    """A calibration that ``to_bytes`` wrote; anything else is a msgspec.DecodeError."""
    if not payload:
        return None
    stored = msgspec.msgpack.decode(payload, type=_StoredCalibration)
    chances = tuple(
        Chance(
            chance.rows,
            _unpacked(chance.centre),
            _unpacked(chance.spread),
            Tail(chance.once.n, _unpacked(chance.once.top)),
            Tail(chance.persistent.n, _unpacked(chance.persistent.top)),
            chance.usual,
            _points(chance.points),
        )
        for chance in stored.chances
    )
    of = stored.blocks
    blocks = Blocks(
        of.n, _unpacked(of.centre), _unpacked(of.spread), _of_tail(of.once), _of_tail(of.persistent), _points(of.points)
    )
    return Calibration(chances, blocks, _unpacked(stored.wander))


def _tail(tail: Tail | None) -> _StoredTail | None:
    return None if tail is None else _StoredTail(tail.n, _packed(tail.top))


def _of_tail(tail: _StoredTail | None) -> Tail | None:
    return None if tail is None else Tail(tail.n, _unpacked(tail.top))


def _points(data: bytes) -> NDArray[np.float64]:
    return _unpacked(data).reshape(-1, len(SHARES))


def _packed(values: NDArray[np.float64]) -> bytes:
    # Half the bytes, and digits enough for a threshold; -inf, which an undefined maximum is, survives.
    return values.astype("<f4").tobytes()


def _unpacked(data: bytes) -> NDArray[np.float64]:
    return np.frombuffer(data, "<f4").astype(np.float64)
