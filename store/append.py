"""Appending rows to a log: each identity once, through the driver, one durable transaction a batch.

This is the hot path of the service. A batch costs one statement; only when some of its rows were there already are
the stored ones looked up, to tell a repetition from a contradiction.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Engine, Float, Table
from sqlalchemy.exc import SQLAlchemyError

from store.engine import StoreError, writing
from store.fences import announce_writer
from store.records import WriteOutcome

Row = TypeVar("Row")
Values = tuple[Any, ...]
# Bounds the memory that one statement needs on either side.
_ROWS_A_STATEMENT = 10_000


class UnstorableTextError(ValueError):
    """A text that no database can hold; ``index`` is the row's place in the batch, ``column`` names the text."""

    def __init__(self, index: int, column: str, cause: str) -> None:
        super().__init__(f"row {index}: {column} contains {cause}, which cannot be stored: refuse it or escape it")
        self.index = index
        self.column = column


@dataclass(frozen=True)
class Log(Generic[Row]):
    """A table that rows are appended to, and what tells them apart.

    Of two rows with the same ``identity`` the first counts. They are the same row when ``exact`` columns are equal
    and ``json`` columns hold equal JSON values; the remaining ``noted`` columns are not compared.
    """

    table: Table
    identity: tuple[str, ...]
    exact: tuple[str, ...]
    json: tuple[str, ...]
    noted: tuple[str, ...]
    identity_of: Callable[[Row], Values] = field(init=False)
    content_of: Callable[[Row], Values] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity_of", _getter(self.identity))
        object.__setattr__(self, "content_of", _getter(self.content))

    @property
    def content(self) -> tuple[str, ...]:
        """The columns that are compared, the exact ones first."""
        return self.exact + self.json

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a row fills."""
        return self.identity + self.content + self.noted

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of text."""
        return tuple(name for name in self.columns if self.array_type(name) == "text")

    def array_type(self, name: str) -> str:
        """What PostgreSQL calls the values of a column."""
        kind = self.table.c[name].type
        return "bigint" if isinstance(kind, BigInteger) else "float8" if isinstance(kind, Float) else "text"

    def same(self, given: Values, stored: Values) -> bool:
        """Whether two contents, in the order of ``content``, are those of one row."""
        split = len(self.exact)
        return given == stored or (
            given[:split] == stored[:split] and all(map(_same_json, given[split:], stored[split:]))
        )


def append(engine: Engine, log: Log[Row], rows: Sequence[Row]) -> list[WriteOutcome]:
    """Write rows that are new and say what became of each, in order; when it returns they survive a loss of power.

    A later row of the same identity, in the log or in ``rows``, is a duplicate or a conflict and leaves no trace.
    Raises UnstorableTextError before anything is written, and StoreError when the database refuses the batch or is
    lost: then nothing of it is stored, or the connection broke during the commit and it must be sent again to know.
    """
    if not rows:
        return []
    _refuse_unstorable(log, rows)
    first: dict[Values, Row] = {}
    for row in rows:
        first.setdefault(log.identity_of(row), row)
    stored = _write(engine, log, list(first.values()))
    if not stored and len(first) == len(rows):
        return ["accepted"] * len(rows)
    return list(_outcomes(log, rows, stored))


def _outcomes(log: Log[Row], rows: Sequence[Row], stored: dict[Values, Values]) -> Iterator[WriteOutcome]:
    """What became of each row, given the contents that were there before the batch."""
    kept = dict(stored)
    for row in rows:
        identity, content = log.identity_of(row), log.content_of(row)
        if identity not in kept:
            kept[identity] = content
            yield "accepted"
        else:
            yield "duplicate" if log.same(content, kept[identity]) else "conflict"


def _write(engine: Engine, log: Log[Row], rows: list[Row]) -> dict[Values, Values]:
    """Insert rows of different identities; the contents, by identity, of those that were there already."""
    write = _write_sqlite if engine.dialect.name == "sqlite" else _write_postgresql
    try:
        with writing(engine) as connection:
            return write(connection.connection.cursor(), log, rows)
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        raise StoreError(f"{len(rows)} rows could not be added to {log.table.name}: {error}") from error


def _write_sqlite(cursor: Any, log: Log[Row], rows: list[Row]) -> dict[Values, Values]:
    name, columns = log.table.name, log.columns
    newest = cursor.execute(f"SELECT coalesce(max(id), 0) FROM {name}").fetchone()[0]
    holes = ", ".join("?" * len(columns))
    cursor.executemany(
        f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({holes}) ON CONFLICT DO NOTHING",
        map(_getter(columns), rows),
    )
    if cursor.rowcount == len(rows):
        return {}
    matches = " AND ".join(f"{column} = ?" for column in log.identity)
    query = f"SELECT {', '.join(log.content)} FROM {name} WHERE {matches} AND id <= ?"
    found = {}
    for identity in map(log.identity_of, rows):
        content = cursor.execute(query, (*identity, newest)).fetchone()
        if content is not None:
            found[identity] = content
    return found


def _write_postgresql(cursor: Any, log: Log[Row], rows: list[Row]) -> dict[Values, Values]:
    announce_writer(cursor)
    # Two batches that hold the same identities must meet them in the same order, else each may wait for the other.
    rows = sorted(rows, key=log.identity_of)
    found: dict[Values, Values] = {}
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        found.update(_write_statement(cursor, log, rows[start : start + _ROWS_A_STATEMENT]))
    return found


def _write_statement(cursor: Any, log: Log[Row], rows: list[Row]) -> dict[Values, Values]:
    name, columns, size = log.table.name, log.columns, len(log.identity)
    insertion = (
        f"INSERT INTO {name} ({', '.join(columns)}) SELECT * FROM unnest({_arrays(log, columns)}) "
        "ON CONFLICT DO NOTHING"
    )
    # A row of our own carries the number of this transaction; RETURNING would cost the hot path 15 %.
    query = (
        f"SELECT {', '.join(log.identity + log.content)} "
        f"FROM unnest({_arrays(log, log.identity)}) AS given ({', '.join(log.identity)}) "
        f"JOIN {name} USING ({', '.join(log.identity)}) WHERE {name}.xmin <> pg_current_xact_id()::xid"
    )
    inserted = 0
    while True:
        cursor.execute(insertion, _by_column(columns, rows))
        inserted += cursor.rowcount
        if inserted == len(rows):
            return {}
        cursor.execute(query, _by_column(log.identity, rows))
        found = {row[:size]: row[size:] for row in cursor.fetchall()}
        # Else a row that stood in the way has been deleted meanwhile, and there is room for ours.
        if inserted + len(found) == len(rows):
            return found


def _getter(columns: tuple[str, ...]) -> Callable[[Any], Values]:
    """The values of a row's columns, as a tuple also when there is one."""
    get: Callable[[Any], Any] = attrgetter(*columns)
    return get if len(columns) > 1 else lambda row: (get(row),)


def _arrays(log: Log[Row], columns: Sequence[str]) -> str:
    # Binary: psycopg escapes the elements of a text array one by one, which costs 70 us a row of 30 features.
    return ", ".join(f"%b::{log.array_type(column)}[]" for column in columns)


def _by_column(columns: tuple[str, ...], rows: list[Row]) -> list[list[Any]]:
    return [list(values) for values in zip(*map(_getter(columns), rows), strict=True)]


def _refuse_unstorable(log: Log[Row], rows: Sequence[Row]) -> None:
    texts = _getter(log.texts)
    if text_flaw("".join([text for row in rows for text in texts(row) if text])) is None:
        return
    for index, row in enumerate(rows):
        for column, text in zip(log.texts, texts(row), strict=True):
            flaw = text_flaw(text or "")
            if flaw is not None:
                raise UnstorableTextError(index, column, flaw)


def text_flaw(text: str) -> str | None:
    """What keeps a text from being stored in any database; None where nothing does."""
    if "\0" in text:
        return "the NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half of a surrogate pair"
    return None


def _same_json(given: str | None, stored: str | None) -> bool:
    if given == stored:
        return True
    if given is None or stored is None:
        return False
    try:
        return _canonical(given) == _canonical(stored)
    except (ValueError, RecursionError):
        return False


def _canonical(text: str) -> str:
    """The JSON value in one spelling: keys in order, no white space, 1.0 as 1; true stays different from 1."""
    return json.dumps(json.loads(text, parse_float=_number), sort_keys=True)


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number
