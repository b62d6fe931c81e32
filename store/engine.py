"""Opening the store: SQLite beside the program, or PostgreSQL, with the same promises from both.

A commit that has returned survives a loss of power. Readers never wait for writers. A transaction that reads and
then writes is opened with ``writing``, so that it cannot fail half way because somebody else wrote in between.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

if TYPE_CHECKING:
    from store.migrating import SchemaState

# Rooms that may not import SQLAlchemy name the types of what they pass on from here.
__all__ = [
    "Connection",
    "Engine",
    "StoreError",
    "address",
    "cause",
    "insert_into",
    "migrate",
    "open_engine",
    "schema_state",
    "writing",
]

BUSY_SECONDS = 30
CONNECT_SECONDS = 10
# Pages of the write-ahead log between checkpoints. Rows keyed by random ids touch pages all over the unique index;
# a longer log lets one checkpoint write each of them once. 16,000 pages are 64 MB.
WAL_PAGES = 16_000

_BEGIN = "store_begin"
_POSTGRESQL_NAMES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
_SQLITE_NAMES = frozenset({"sqlite", "sqlite+pysqlite"})


class StoreError(RuntimeError):
    """The store cannot be used; the message says which one and why, never with a password."""


def open_engine(url: str) -> Engine:
    """An engine on the store at ``url``, which has been reached once.

    ``sqlite:///folder/file.db`` (the folder is made if need be) or ``postgresql://user:password@host/database``.
    Raises StoreError when the address is wrong or nothing answers there. The caller disposes of the engine.
    """
    parsed = _parsed(url)
    engine = _open_sqlite(parsed) if parsed.drivername in _SQLITE_NAMES else _open_postgresql(parsed)
    try:
        with engine.connect():
            pass
    except SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"the store {address(parsed)} cannot be opened: {cause(error, parsed)}") from None
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that will write: committed at the end, rolled back when an exception leaves the block.

    On SQLite it takes the write lock at once and waits for it if need be. A transaction that has read first could
    not wait: its snapshot would be old by the time the lock is free, and SQLite refuses such a write.
    """
    with engine.connect().execution_options(**{_BEGIN: "IMMEDIATE"}) as connection, connection.begin():
        yield connection


def insert_into(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT in the dialect of the connection; both have ``on_conflict_do_nothing`` and ``..._do_update``."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def address(url: URL) -> str:
    """Where a store is, without user, password and options: fit for a log."""
    if url.drivername in _SQLITE_NAMES:
        return f"sqlite:///{url.database}"
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{host}{port}/{url.database or ''}"


def cause(error: SQLAlchemyError, url: URL) -> str:
    """The first line of what the driver said, with the password struck out should it stand there."""
    text = str(getattr(error, "orig", None) or error).strip()
    cause = text.splitlines()[0] if text else type(error).__name__
    for secret in (url.password, url.query.get("password")):
        if secret:
            cause = cause.replace(str(secret), "***")
    return cause


def migrate(store: str | Engine) -> None:
    """Bring the tables of a store, given by its address or an engine on it, to this release's schema.

    Several processes may do so at once. Raises StoreError when a newer release made the tables.
    """
    # Alembic takes a fifth of a second to load, and most openings of a store do not migrate.
    from store.migrating import upgrade_to_newest

    if isinstance(store, Engine):
        upgrade_to_newest(store)
        return
    engine = open_engine(store)
    try:
        upgrade_to_newest(engine)
    finally:
        engine.dispose()


def schema_state(engine: Engine) -> "SchemaState":
    """Whether the tables are ``current``, ``behind``, not there (``empty``) or made by a newer release (``ahead``)."""
    from store.migrating import state_of

    with engine.connect() as connection:
        return state_of(connection)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            "the store's address is not a URL: write sqlite:///folder/file.db "
            "or postgresql://user:password@host:5432/database"
        ) from None
    if parsed.drivername in _SQLITE_NAMES:
        if parsed.database in (None, "", ":memory:"):
            raise StoreError("a store in memory is lost with the process: write sqlite:///folder/file.db")
        return parsed
    if parsed.drivername in _POSTGRESQL_NAMES:
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(f"the store cannot be kept in {parsed.drivername}: use sqlite:/// or postgresql://")


def _open_sqlite(url: URL) -> Engine:
    if sqlite3.sqlite_version_info < (3, 35):
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed")
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {folder} of the store cannot be made: {error.strerror}") from None
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver would begin transactions by itself, before some statements only; ``_begin_sqlite`` does it for all.
    connection.isolation_level = None
    _enter_wal(connection)
    for setting in (
        "synchronous = FULL",
        "foreign_keys = ON",
        f"wal_autocheckpoint = {WAL_PAGES}",
    ):
        connection.execute(f"PRAGMA {setting}").close()


def _is_busy(error: BaseException) -> bool:
    # The low byte is the error, what is above it says more precisely which one.
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


# Where two processes open a new store at once, SQLite refuses one of them this change without waiting its time-out.
@retry(retry=retry_if_exception(_is_busy), stop=stop_after_delay(BUSY_SECONDS), wait=wait_random(0, 0.05), reraise=True)
def _enter_wal(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL").close()


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get(_BEGIN, "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _open_postgresql(url: URL) -> Engine:
    try:
        return create_engine(
            url,
            # Get-or-create reads what another transaction has just committed, whatever the server's default is.
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_size=5,
            max_overflow=15,
            pool_recycle=1800,
            connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "modelwatch"},
        )
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(f"PostgreSQL needs the driver psycopg, which cannot be loaded: {error}") from None
