"""Fixtures for all rooms: a store on both databases, and the folder of real data streams."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine

from store.engine import migrate, open_engine
from tests.optional_parts import require
from tests.postgres import PostgresServer, PostgresUnavailableError, running_postgres

DATABASES = ("sqlite", "postgresql")

# Without a deadline: the machine's load is not what a law is about.
settings.register_profile("modelwatch", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile("modelwatch")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of the session's own."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_postgres())
        except PostgresUnavailableError as error:
            require(False, str(error))
            raise
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database that nobody connects to, to be copied."""
    name = postgres_server.create_database()
    migrate(postgres_server.url(name))
    return name


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A migrated PostgreSQL store of the test's own."""
    name = postgres_server.create_database(postgres_template)
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite-template") / "store.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A migrated SQLite store of the test's own."""
    path = tmp_path / "store.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=DATABASES)
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty, migrated store: the test runs once on each database."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    """An engine on an empty, migrated store: the test runs once on each database."""
    engine = open_engine(store_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def stream_data() -> Path:
    """The folder of the real data streams."""
    folder = Path(os.environ.get("MODELWATCH_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    require(folder.is_dir(), f"there is no folder of data streams at {folder}: set MODELWATCH_TEST_DATA")
    return folder
