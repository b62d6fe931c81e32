"""Collectors: one a module and database, and a model of its own for each test."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from collector.settings import CollectorSettings
from tests.collector.running import Running, running
from tests.conftest import DATABASES
from tests.postgres import PostgresServer

_numbers = count(1)


@pytest.fixture(scope="module")
def sqlite_collector(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("collector") / "store.db"
    shutil.copyfile(sqlite_template, path)
    with running(CollectorSettings(f"sqlite:///{path}")) as found:
        yield found


@pytest.fixture(scope="module")
def postgres_collector(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Running]:
    name = postgres_server.create_database(postgres_template)
    with running(CollectorSettings(postgres_server.url(name))) as found:
        yield found
    postgres_server.drop_database(name)


@pytest.fixture
def collector(sqlite_collector: Running) -> Running:
    """A collector on SQLite, and a model of the test's own."""
    return sqlite_collector.with_model(f"model-{next(_numbers)}")


@pytest.fixture(params=DATABASES)
def any_collector(request: pytest.FixtureRequest) -> Running:
    """A collector and a model of the test's own: the test runs once on each database."""
    name = "sqlite_collector" if request.param == "sqlite" else "postgres_collector"
    found = request.getfixturevalue(name)
    assert isinstance(found, Running)
    return found.with_model(f"model-{next(_numbers)}")
