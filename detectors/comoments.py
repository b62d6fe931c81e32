"""Sums of products of pairs of fields: the additive summary from which correlations are computed.

For F fields these are four F x F matrices of whole numbers. Sums of two sets of rows add up to those of both, in any
order and any split, and rows can be taken away again; all exactly.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from struct import Struct
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.rank_codes import ABSENT, RankCodes

Matrix = NDArray[np.int64]

_MAGIC = b"mwc1"
_HEADER = Struct("<4s8sqH")
_CHECKSUM = Struct("<I")
_TYPES = tuple(np.dtype(name) for name in ("<i1", "<i2", "<i4", "<i8"))
# Larger products are spread over threads by the linear algebra library, which costs many times as much as it saves
# where the processor is shared.
_UNTHREADED = 250_000
_MAX_FIELDS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class CoMoments:
    """Sums over ``n_rows`` rows of the codes x of F fields, for each pair over the rows where both are present.

    ``n`` (int64[F, F]) counts those rows, ``sums[i, j]`` adds up x_i, ``squares[i, j]`` x_i^2 and ``products[i, j]``
    x_i x_j over the rows where i and j are present. ``n`` and ``products`` are symmetric. ``fingerprint`` marks the
    binning of the codes.
    """

    n_rows: int
    n: Matrix
    sums: Matrix
    squares: Matrix
    products: Matrix
    fingerprint: bytes

    @property
    def n_fields(self) -> int:
        return len(self.n)

    def of(self, positions: Sequence[int]) -> Self:
        """The sums of some of the fields, by their positions."""
        chosen = np.ix_(positions, positions)
        return replace(
            self, n=self.n[chosen], sums=self.sums[chosen], squares=self.squares[chosen], products=self.products[chosen]
        )


def no_comoments(n_fields: int, fingerprint: bytes) -> CoMoments:
    """The sums of no rows."""
    zeros = np.zeros((n_fields, n_fields), dtype=np.int64)
    return CoMoments(0, zeros, zeros, zeros, zeros, fingerprint)


def comoments(ranks: RankCodes, groups: ArrayLike | None = None, n_groups: int = 1) -> list[CoMoments]:
    """The sums of each of ``n_groups`` groups of rows (``groups``: int[n] from 0, -1 is left out; None: all in one)."""
    n = len(ranks.codes)
    if groups is None:
        return [_summed(ranks, np.arange(n))]
    of_row = np.asarray(groups, dtype=np.int64)
    if of_row.shape != (n,) or (n and not -1 <= of_row.min() <= of_row.max() < n_groups):
        raise ValueError(f"groups must be from -1 to {n_groups - 1}, one for each of {n} rows")
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(n_groups + 1))
    return [_summed(ranks, order[starts[group] : starts[group + 1]]) for group in range(n_groups)]


def add(a: CoMoments, b: CoMoments) -> CoMoments:
    """The sums of the rows of both."""
    return _combined(a, b, 1)


def subtract(a: CoMoments, b: CoMoments) -> CoMoments:
    """The sums of the rows of ``a`` without those of ``b``, which must be among them."""
    return _combined(a, b, -1)


def total(n_fields: int, fingerprint: bytes, parts: Iterable[CoMoments]) -> CoMoments:
    """The sums of the rows of all; of none, those of no rows."""
    result = no_comoments(n_fields, fingerprint)
    for part in parts:
        result = add(result, part)
    return result


def correlations(sums: CoMoments) -> NDArray[np.float64]:
    """Correlation (float64[F, F]) of the codes of each pair, over rows where both are present; NaN where undefined.

    r = (n Sxy - Sx Sy) / sqrt((n Sxx - Sx^2) (n Syy - Sy^2)): Pearson's of coarse ranks, so about Spearman's of the
    values.
    """
    n, sums_x, squares = (each.astype(np.float64) for each in (sums.n, sums.sums, sums.squares))
    covariance = n * sums.products - sums_x * sums_x.T
    variance = n * squares - sums_x * sums_x
    with np.errstate(invalid="ignore", divide="ignore"):
        r = covariance / np.sqrt(variance * variance.T)
    return np.where((variance > 0) & (variance.T > 0), np.clip(r, -1.0, 1.0), np.nan)


def unthreaded_blocks(n: int, n_fields: int) -> Iterator[slice]:
    """Runs of rows so short that a product of their two matrices is made in one thread."""
    step = max(_UNTHREADED // max(n_fields * n_fields, 1), 1)
    return (slice(start, start + step) for start in range(0, n, step))


def encode_comoments(sums: CoMoments) -> bytes:
    """The sums for storage: about 4 bytes a pair where all values are present, more where some are missing."""
    upper = np.triu_indices(sums.n_fields)
    rows = np.diag(sums.n)
    # What a pair lacks against a field alone is 0 where nothing is missing, and packs to nothing.
    parts = (
        sums.products[upper],
        rows,
        np.diag(sums.sums),
        (rows[:, np.newaxis] - sums.n)[upper],
        (np.diag(sums.sums)[:, np.newaxis] - sums.sums).ravel(),
        (np.diag(sums.squares)[:, np.newaxis] - sums.squares).ravel(),
    )
    body = zlib.compress(b"".join(map(_packed, parts)), 1)
    header = _HEADER.pack(_MAGIC, sums.fingerprint, sums.n_rows, sums.n_fields)
    return header + _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(header))) + body


def decode_comoments(data: bytes) -> CoMoments:
    """Sums that ``encode_comoments`` wrote; ValueError for anything else."""
    body_start = _HEADER.size + _CHECKSUM.size
    if len(data) < body_start or data[:4] != _MAGIC:
        raise ValueError(f"not sums of products of this version: it begins with {bytes(data[:4])!r}, not {_MAGIC!r}")
    _, fingerprint, n_rows, n_fields = _HEADER.unpack_from(data)
    (checksum,) = _CHECKSUM.unpack_from(data, _HEADER.size)
    body = data[body_start:]
    if zlib.crc32(body, zlib.crc32(data[: _HEADER.size])) != checksum or n_fields > _MAX_FIELDS:
        raise ValueError("the stored sums of products are damaged: their checksum does not fit")
    n_pairs, n_cells = n_fields * (n_fields + 1) // 2, n_fields * n_fields
    lengths = (n_pairs, n_fields, n_fields, n_pairs, n_cells, n_cells)
    products, rows, sums, lacking, less, less_squares = _unpacked(body, lengths)
    upper = np.triu_indices(n_fields)
    products = _symmetric(products, upper, n_fields)
    n = _symmetric(np.repeat(rows, n_fields).reshape(n_fields, n_fields)[upper] - lacking, upper, n_fields)
    shape = (n_fields, n_fields)
    return CoMoments(
        n_rows,
        n,
        sums[:, np.newaxis] - less.reshape(shape),
        np.diag(products)[:, np.newaxis] - less_squares.reshape(shape),
        products,
        fingerprint,
    )


def _summed(ranks: RankCodes, rows: NDArray[np.int64]) -> CoMoments:
    n_fields = ranks.codes.shape[1]
    sums = np.zeros((4, n_fields, n_fields))
    for block in unthreaded_blocks(len(rows), n_fields):
        codes = ranks.codes[rows[block]]
        given = (codes != ABSENT).astype(np.float64)
        # Whole numbers below 2**53 are exact in float64, whose matrix product is far faster than that of integers.
        values = codes * given
        sums += (given.T @ given, values.T @ given, (values * values).T @ given, values.T @ values)
    n, totals, squares, products = np.rint(sums).astype(np.int64)
    return CoMoments(len(rows), n, totals, squares, products, ranks.fingerprint)


def _combined(a: CoMoments, b: CoMoments, sign: int) -> CoMoments:
    if a.fingerprint != b.fingerprint or a.n_fields != b.n_fields:
        raise ValueError(
            "the sums of products are of different binnings or fields: count the rows of one of them again"
        )
    return CoMoments(
        a.n_rows + sign * b.n_rows,
        a.n + sign * b.n,
        a.sums + sign * b.sums,
        a.squares + sign * b.squares,
        a.products + sign * b.products,
        a.fingerprint,
    )


def _packed(numbers: Matrix) -> bytes:
    """The position of the smallest type that holds all numbers, and the numbers in it."""
    largest = max(int(numbers.max(initial=0)), -int(numbers.min(initial=0)))
    kind = next(at for at, dtype in enumerate(_TYPES) if largest <= np.iinfo(dtype).max)
    return bytes([kind]) + numbers.astype(_TYPES[kind]).tobytes()


def _unpacked(body: bytes, lengths: tuple[int, ...]) -> list[Matrix]:
    most = sum(lengths) * 8 + len(lengths)
    unpack = zlib.decompressobj()
    try:
        data = unpack.decompress(body, most + 1)
    except zlib.error as error:
        raise ValueError(f"the stored sums of products are damaged: {error}") from error
    found, at = [], 0
    for length in lengths:
        if at >= len(data) or data[at] >= len(_TYPES):
            raise ValueError("the stored sums of products are damaged: they are cut short, or of an unknown type")
        dtype = _TYPES[data[at]]
        end = at + 1 + length * dtype.itemsize
        if end > len(data):
            raise ValueError("the stored sums of products are damaged: they are cut short")
        found.append(np.frombuffer(data, dtype, length, at + 1).astype(np.int64))
        at = end
    if at != len(data) or not unpack.eof:
        raise ValueError("the stored sums of products are damaged: they are followed by something else")
    return found


def _symmetric(upper_values: Matrix, upper: tuple[NDArray[np.int64], ...], n_fields: int) -> Matrix:
    matrix = np.zeros((n_fields, n_fields), dtype=np.int64)
    matrix[upper] = upper_values
    return np.asarray(matrix + np.triu(matrix, 1).T, dtype=np.int64)
