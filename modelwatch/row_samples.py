"""Samples of rows: what is kept of a baseline, and what is read of a window, for the methods that compare rows.

A sample is drawn with a seed that comes from what is sampled, so the same rows give the same sample everywhere.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from detectors.columns import BOOLEAN_VOCABULARY, MISSING_CODE, CategoryColumn, Column, NumericColumn
from store.definitions import FieldKind

# More rows make row-based methods slower and tell them little more.
MAX_ROWS = 5_000
_KIND = b"modelwatch.kind"
_N_TOTAL = b"modelwatch.n_total"
_KINDS: Mapping[bytes, FieldKind] = {b"numeric": "numeric", b"categorical": "categorical", b"boolean": "boolean"}


class SampleError(ValueError):
    """Bytes that are no sample of rows."""


@dataclass(frozen=True, slots=True, eq=False)
class RowSample:
    """Rows of a baseline or window, a column a field, and the kind of each field.

    ``n_total`` are the rows that they were drawn from. A value that was not of its field's kind is missing here.
    """

    columns: Mapping[str, Column]
    kinds: Mapping[str, FieldKind]
    n_total: int

    @property
    def n_rows(self) -> int:
        """The rows of the sample."""
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def n_present(self, field: str) -> int:
        """How many rows have a value that can be compared: a category, or a finite number."""
        column = self.columns[field]
        there = column.codes >= 0 if isinstance(column, CategoryColumn) else np.isfinite(column.values)
        return int(there.sum())

    def of_fields(self, fields: Iterable[str]) -> "RowSample":
        """The same rows with these fields alone, in this order."""
        names = list(fields)
        columns = {name: self.columns[name] for name in names}
        return RowSample(columns, {name: self.kinds[name] for name in names}, self.n_total)

    def of_category(self, field: str, category: str) -> "RowSample":
        """The rows in which ``field`` is ``category``; none where it is no field of categories."""
        column = self.columns.get(field)
        rows = np.empty(0, dtype=np.int64)
        if isinstance(column, CategoryColumn) and category in column.vocabulary:
            rows = np.flatnonzero(column.codes == column.vocabulary.index(category))
        return RowSample(_taken(self.columns, rows), self.kinds, self.n_total)


def sample_of(
    columns: Mapping[str, Column], kinds: Mapping[str, FieldKind], n_rows: int, seed_text: str, limit: int = MAX_ROWS
) -> RowSample:
    """At most ``limit`` of ``n_rows`` rows, each as likely as any other, in their order; the seed is the text's."""
    if n_rows <= limit:
        return RowSample(columns, kinds, n_rows)
    return RowSample(_taken(columns, sampled_positions(n_rows, limit, seed_text)), kinds, n_rows)


def sampled_positions(n_rows: int, limit: int, seed_text: str) -> NDArray[np.int64]:
    """``limit`` of the positions 0 to ``n_rows`` - 1 (all, where there are no more), in increasing order."""
    if n_rows <= limit:
        return np.arange(n_rows, dtype=np.int64)
    chosen = np.random.default_rng(seed_of(seed_text)).choice(n_rows, limit, replace=False)
    return np.sort(chosen).astype(np.int64)


def seed_of(text: str) -> int:
    """A seed that depends on the text alone."""
    return zlib.crc32(text.encode())


def to_parquet(sample: RowSample) -> bytes:
    """The sample for storage."""
    arrays, fields = [], []
    for name, column in sample.columns.items():
        array = _numbers(column) if isinstance(column, NumericColumn) else _texts(column)
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata={_KIND: sample.kinds[name].encode()}))
    schema = pa.schema(fields, metadata={_N_TOTAL: str(sample.n_total).encode()})
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
    return bytes(sink.getvalue())


def from_parquet(payload: bytes) -> RowSample:
    """A sample that ``to_parquet`` wrote; SampleError for anything else."""
    try:
        table = parquet.read_table(pa.BufferReader(payload))
        kinds = {field.name: _KINDS[field.metadata[_KIND]] for field in table.schema}
        n_total = int(table.schema.metadata[_N_TOTAL])
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise SampleError(f"the kept rows of the baseline cannot be read: {error}") from error
    columns = {name: _column(table.column(name).combine_chunks(), kind) for name, kind in kinds.items()}
    return RowSample(columns, kinds, n_total)


def _taken(columns: Mapping[str, Column], rows: NDArray[np.int64]) -> dict[str, Column]:
    return {name: column.take(rows) for name, column in columns.items()}


def _numbers(column: NumericColumn) -> pa.Array:
    return pa.array(column.values, mask=column.missing | column.mistyped)


def _texts(column: CategoryColumn) -> pa.Array:
    # Only the texts that the rows use: the vocabulary of the whole baseline may be far larger.
    vocabulary = np.array([*column.vocabulary, None], dtype=object)
    return pa.array(vocabulary[np.maximum(column.codes, MISSING_CODE)], pa.string()).dictionary_encode()


def _column(values: pa.Array, kind: FieldKind) -> Column:
    if kind == "numeric":
        missing = values.is_null().to_numpy(zero_copy_only=False)
        return NumericColumn.of(values.fill_null(np.nan).to_numpy(zero_copy_only=False), missing)
    texts = values.to_pylist()
    if kind == "boolean":
        return CategoryColumn.of_booleans([None if text is None else text == BOOLEAN_VOCABULARY[1] for text in texts])
    return CategoryColumn.of_strings(texts)
