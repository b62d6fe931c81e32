"""How much the correlation of two fields moves by itself, as the rows of the baseline show it.

From sample to sample it scatters by chance; from one stretch of the stream to the next it may wander beyond that.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from struct import Struct
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.comoments import CoMoments, correlations, unthreaded_blocks
from detectors.rank_codes import ABSENT, RankCodes

Numbers = NDArray[np.float64]

_MAGIC = b"mwp1"
_HEADER = Struct("<4sII")
_CHECKSUM = Struct("<I")
# Fisher's transformation has no end at 1.
LARGEST = 0.9999


@dataclass(frozen=True, slots=True, eq=False)
class PairScatter:
    """How much correlations of the baseline scatter from sample to sample, from its rows.

    ``scatter`` (float64[F, F]) is n times the variance of the correlation of n rows; it is (1 - r^2)^2 for normal
    fields, and more where two fields are large together. ``kurtosis`` (float64[F]) is the fourth moment of each field
    over its squared variance, NaN where the field is constant. ``wander`` (float64[F, F]) is the variance of artanh r
    from stretch to stretch beyond that, known from ``n_stretches`` of them; 0 where nothing is known.
    """

    fields: tuple[str, ...]
    scatter: Numbers
    kurtosis: Numbers
    wander: Numbers
    n_stretches: int = 0

    def spread(self, r: Numbers) -> Numbers:
        """sqrt(n) times the standard error of artanh r of n rows, where the correlation is ``r`` (float64[F, F])."""
        # A perfect correlation has no scatter in its sample; a little is left to it.
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt(self.scatter) / (1 - np.minimum(np.abs(r), LARGEST) ** 2)
        return np.asarray(np.maximum(spread, 1e-3), dtype=np.float64)

    def of(self, positions: Sequence[int]) -> Self:
        """The scatter of some of the fields, by their positions."""
        chosen = np.ix_(positions, positions)
        return replace(
            self,
            fields=tuple(self.fields[position] for position in positions),
            scatter=self.scatter[chosen],
            kurtosis=self.kurtosis[list(positions)],
            wander=self.wander[chosen],
        )


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
    return PairScatter(ranks.fields, np.maximum(scatter, 0.0), kurtosis, np.zeros_like(scatter))


def with_wander(
    scatter: PairScatter, baseline: CoMoments, stretches: Sequence[CoMoments], min_rows: int = 100
) -> PairScatter:
    """The scatter, and how the correlations wander over consecutive stretches of the baseline.

    With d the difference of artanh r between a stretch of n rows and all N rows of the baseline, it is the mean of d^2
    less what chance alone gives, s^2 (1/n - 1/N), over the stretches with ``min_rows`` rows; never below 0.
    """
    whole = correlations(baseline)
    squares, expected, found = (np.zeros(whole.shape) for _ in range(3))
    spread, z = scatter.spread(whole), np.arctanh(np.clip(whole, -LARGEST, LARGEST))
    for stretch in stretches:
        r = correlations(stretch)
        kept = (stretch.n >= min_rows) & np.isfinite(r) & np.isfinite(whole)
        away = np.arctanh(np.clip(r, -LARGEST, LARGEST)) - z
        squares += np.where(kept, away * away, 0.0)
        expected += np.where(kept, spread**2 * (1 / np.maximum(stretch.n, 1) - 1 / np.maximum(baseline.n, 1)), 0.0)
        found += kept
    # The baseline's correlation is itself the mean of the stretches'.
    wander = np.where(found > 1, np.maximum(squares - expected, 0.0) / np.maximum(found - 1, 1), 0.0)
    return replace(scatter, wander=wander, n_stretches=int(found.max(initial=0)))


def encode_scatter(scatter: PairScatter) -> bytes:
    """The scatter for storage with the baseline: 16 bytes a pair, in both orders."""
    names = json.dumps(scatter.fields).encode()
    arrays = (scatter.scatter, scatter.wander, scatter.kurtosis)
    body = names + b"".join(array.astype("<f8").tobytes() for array in arrays)
    header = _HEADER.pack(_MAGIC, len(names), scatter.n_stretches)
    return header + _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(header))) + body


def decode_scatter(data: bytes) -> PairScatter:
    """A scatter that ``encode_scatter`` wrote; ValueError for anything else."""
    body_start = _HEADER.size + _CHECKSUM.size
    if len(data) < body_start or data[:4] != _MAGIC:
        raise ValueError(f"not a scatter of correlations of this version: it begins with {bytes(data[:4])!r}")
    _, n_names, n_stretches = _HEADER.unpack_from(data)
    (checksum,) = _CHECKSUM.unpack_from(data, _HEADER.size)
    body = data[body_start:]
    if zlib.crc32(body, zlib.crc32(data[: _HEADER.size])) != checksum:
        raise ValueError("the stored scatter of correlations is damaged: its checksum does not fit")
    fields = tuple(json.loads(body[:n_names]))
    numbers = np.frombuffer(body, "<f8", offset=n_names).astype(np.float64)
    shape = (len(fields), len(fields))
    scattered, wander, kurtosis = np.split(numbers, [len(fields) ** 2, 2 * len(fields) ** 2])
    return PairScatter(fields, scattered.reshape(shape), kurtosis, wander.reshape(shape), n_stretches)
