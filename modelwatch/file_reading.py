"""Tabular files into frames: csv, csv.gz, jsonl, jsonl.gz and parquet.

A csv has no types: all of its cells come as text, and an empty one as missing. The other formats keep theirs.
"""

import gzip
import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as arrow_parquet

MAX_BYTES = 4_000_000_000
MAX_ROWS = 10_000_000
MAX_COLUMNS = 5_000
FORMATS = ".csv, .csv.gz, .jsonl, .jsonl.gz (also .ndjson) or .parquet"


class TabularError(ValueError):
    """A file that cannot be used; the message names the file, what is wrong with it and where."""


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """The cells of a file. ``texts`` says that none of them has a type; ``content_hash`` is sha256 of its bytes."""

    path: Path
    frame: pd.DataFrame
    texts: bool
    content_hash: str


def read_file(path: Path) -> RawTable:
    """Every column of a file, its format told by its name. Raises TabularError."""
    name = path.name.lower()
    try:
        if not path.is_file():
            raise TabularError(f"there is no file {path}")
        if path.stat().st_size > MAX_BYTES:
            raise TabularError(f"{path} is larger than {MAX_BYTES:,} bytes: split it")
        with path.open("rb") as file:
            content_hash = hashlib.file_digest(file, "sha256").hexdigest()
        plain = name.removesuffix(".gz")
        if plain.endswith(".csv"):
            frame = _read_csv(path)
        elif plain.endswith((".jsonl", ".ndjson")):
            frame = _read_jsonl(path)
        elif name.endswith((".parquet", ".pq")):
            frame = _read_parquet(path)
        else:
            raise TabularError(f"{path}: its name does not tell the format: use {FORMATS}")
    except (OSError, EOFError, zlib.error) as error:
        raise TabularError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not len(frame):
        raise TabularError(f"{path} has no rows")
    return RawTable(path, frame, plain.endswith(".csv"), content_hash)


def _read_csv(path: Path) -> pd.DataFrame:
    parse = arrow_csv.ParseOptions(newlines_in_values=True)
    try:
        with _opened(path) as file, arrow_csv.open_csv(file, parse_options=parse) as reader:
            names = _names(path, reader.schema.names)
        convert = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        with _opened(path) as file:
            table = arrow_csv.read_csv(file, parse_options=parse, convert_options=convert)
    except pa.ArrowException as error:
        raise TabularError(f"{path} is not a csv file in UTF-8: {_first_line(error)}") from error
    return _frame(path, table)


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        with arrow_parquet.ParquetFile(path) as file:
            rows = file.metadata.num_rows
            _check_size(path, rows, _names(path, file.schema_arrow.names))
            table = file.read()
    except pa.ArrowException as error:
        raise TabularError(f"{path} is not a parquet file: {_first_line(error)}") from error
    return _frame(path, table)


def _frame(path: Path, table: pa.Table) -> pd.DataFrame:
    _check_size(path, table.num_rows, table.column_names)
    columns = [_simple(column) for column in table.columns]
    plain = pa.table(dict(zip(table.column_names, columns, strict=True)))
    return cast(pd.DataFrame, plain.to_pandas(ignore_metadata=True, date_as_object=False))


def _simple(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Types that pandas would make objects of, as plain ones: decimals as floats, dictionaries as their values."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _simple(column.cast(kind.value_type))
    return column.cast(pa.float64()) if pa.types.is_decimal(kind) else column


def _read_jsonl(path: Path) -> pd.DataFrame:
    """One object a line; the members of an object named ``features`` are columns like the others."""
    columns: dict[str, list[Any]] = {}
    count = 0
    for count, row in enumerate(_json_rows(path), 1):
        for name, value in row.items():
            cells = columns.setdefault(name, [])
            cells.extend([None] * (count - 1 - len(cells)))
            cells.append(value)
        if count > MAX_ROWS or len(columns) > MAX_COLUMNS:
            break
    _check_size(path, count, _names(path, list(columns)))
    for cells in columns.values():
        cells.extend([None] * (count - len(cells)))
    made = {name: pd.Series(cells, dtype=object).infer_objects() for name, cells in columns.items()}
    return pd.DataFrame(made, index=pd.RangeIndex(count))


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = decode(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
                raise TabularError(f"{path}, line {number}: not a JSON object: {error}") from error
            features = row.get("features")
            if isinstance(features, dict):
                del row["features"]
                doubled = next((name for name in features if name in row), None)
                if doubled is not None:
                    raise TabularError(f"{path}, line {number}: {doubled!r} stands both beside and in features")
                row |= features
            yield row


def _opened(path: Path) -> IO[bytes]:
    if path.name.lower().endswith(".gz"):
        return cast(IO[bytes], _Bounded(path))
    return path.open("rb")


class _Bounded(gzip.GzipFile):
    """A compressed file that ends in an error when it holds more than any file may."""

    def __init__(self, path: Path) -> None:
        super().__init__(filename=path, mode="rb")
        self._path = path

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if self.tell() > MAX_BYTES:
            raise TabularError(f"{self._path} holds more than {MAX_BYTES:,} bytes: split it")
        return data


def _names(path: Path, names: list[str]) -> list[str]:
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        raise TabularError(f"{path}: two columns are named {doubled[0]!r}")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise TabularError(f"{path}: there is one column, named {names[0]!r}: separate columns by commas")
    return names


def _check_size(path: Path, rows: int, names: list[str]) -> None:
    if rows > MAX_ROWS:
        raise TabularError(f"{path} has {rows:,} rows or more, and the limit is {MAX_ROWS:,}: split it")
    if len(names) > MAX_COLUMNS:
        raise TabularError(f"{path} has {len(names):,} columns or more, and the limit is {MAX_COLUMNS:,}")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
