"""How much the correlation of two fields scatters from sample to sample, as the rows of the baseline show it."""

import json
import zlib
from dataclasses import dataclass
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from detectors.comoments import unthreaded_blocks
from detectors.rank_codes import ABSENT, RankCodes

Numbers = NDArray[np.float64]

_MAGIC = b"mws1"
_HEADER = Struct("<4sI")
_CHECKSUM = Struct("<I")


@dataclass(frozen=True, slots=True, eq=False)
class PairScatter:
    """How much correlations of the baseline scatter from sample to sample, from its rows.

    ``scatter`` (float64[F, F]) is n times the variance of the correlation of n rows; it is (1 - r^2)^2 for normal
    fields, and more where two fields are large together. ``kurtosis`` (float64[F]) is the fourth moment of each field
    over its squared variance, NaN where the field is constant.
    """

    fields: tuple[str, ...]
    scatter: Numbers
    kurtosis: Numbers


def pair_scatter(ranks: RankCodes) -> PairScatter:
    """The scatter of correlations, from the rows of the baseline.

    With x and y standardised it is the mean of (x y - r (x^2 + y^2) / 2)^2, the variance of what one row adds to the
    correlation (Steiger and Hakstian, Br. J. Math. Stat. Psychol. 35, 1982, for any distribution).
    """
    given = ranks.codes != ABSENT
    counts = np.maximum(given.sum(axis=0), 1)
    values = np.where(given, ranks.codes, 0).astype(np.float64)
    values = np.where(given, values - values.sum(axis=0) / counts, 0.0)
    deviation = np.sqrt((values * values).sum(axis=0) / counts)
    values = values / np.where(deviation > 0, deviation, 1.0)
    n_fields = values.shape[1]
    sums = np.zeros((5, n_fields, n_fields))
    for block in unthreaded_blocks(len(values), n_fields):
        x, both = values[block], given[block].astype(np.float64)
        squares = x * x
        sums += (both.T @ both, x.T @ x, squares.T @ squares, (squares * x).T @ x, (squares * squares).T @ both)
    r, joint, cubes, fourth = sums[1:] / np.maximum(sums[0], 1)
    scatter = joint - r * (cubes + cubes.T) + r * r / 4 * (fourth + fourth.T + 2 * joint)
    kurtosis = np.where(deviation > 0, np.diag(fourth), np.nan)
    return PairScatter(ranks.fields, np.maximum(scatter, 0.0), kurtosis)


def encode_scatter(scatter: PairScatter) -> bytes:
    """The scatter for storage with the baseline: 8 bytes a pair, in both orders."""
    names = json.dumps(scatter.fields).encode()
    body = names + scatter.scatter.astype("<f8").tobytes() + scatter.kurtosis.astype("<f8").tobytes()
    header = _HEADER.pack(_MAGIC, len(names))
    return header + _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(header))) + body


def decode_scatter(data: bytes) -> PairScatter:
    """A scatter that ``encode_scatter`` wrote; ValueError for anything else."""
    body_start = _HEADER.size + _CHECKSUM.size
    if len(data) < body_start or data[:4] != _MAGIC:
        raise ValueError(f"not a scatter of correlations of this version: it begins with {bytes(data[:4])!r}")
    _, n_names = _HEADER.unpack_from(data)
    (checksum,) = _CHECKSUM.unpack_from(data, _HEADER.size)
    body = data[body_start:]
    if zlib.crc32(body, zlib.crc32(data[: _HEADER.size])) != checksum:
        raise ValueError("the stored scatter of correlations is damaged: its checksum does not fit")
    fields = tuple(json.loads(body[:n_names]))
    numbers = np.frombuffer(body, "<f8", offset=n_names).astype(np.float64)
    n_pairs = len(fields) ** 2
    return PairScatter(fields, numbers[:n_pairs].reshape(len(fields), len(fields)), numbers[n_pairs:])
