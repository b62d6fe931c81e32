"""Asking for many rows by key at once, with one bound value however many keys there are."""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Select, any_, func, literal, select

# Bounds the memory that one query needs on either side.
_KEYS_A_QUERY = 10_000


def rows_among(
    conn: Connection, query: Select[Any], column: ColumnElement[Any], keys: Collection[Any]
) -> Iterator[tuple[Any, ...]]:
    """The rows of ``query`` whose ``column`` is one of ``keys``, which are numbers or texts, each once."""
    listed = list(keys)
    for start in range(0, len(listed), _KEYS_A_QUERY):
        yield from conn.execute(query.where(_is_among(conn, column, listed[start : start + _KEYS_A_QUERY]))).all()


def _is_among(conn: Connection, column: ColumnElement[Any], keys: Sequence[Any]) -> ColumnElement[bool]:
    if conn.dialect.name == "sqlite":
        return column.in_(select(func.json_each(json.dumps(keys)).table_valued("value").c.value))
    return column == any_(literal(keys, ARRAY(column.type)))
