"""Fixtures for the store's own tests."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from store.engine import writing
from store.schema import model, model_version
from tests.conftest import DATABASES
from tests.postgres import PostgresServer

NOW = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def model_id(engine: Engine) -> int:
    """The id of a binary model named credit, written straight into its table."""
    with writing(engine) as connection:
        key = connection.execute(
            insert(model).values(
                name="credit", definition='{"model":"credit","task":"binary"}', created_at=NOW, updated_at=NOW
            )
        ).inserted_primary_key
    assert key is not None
    return int(key[0])


@pytest.fixture
def version_id(engine: Engine, model_id: int) -> int:
    """The id of version 1 of that model."""
    with writing(engine) as connection:
        key = connection.execute(
            insert(model_version).values(model_id=model_id, name="1", created_at=NOW)
        ).inserted_primary_key
    assert key is not None
    return int(key[0])


@pytest.fixture(params=DATABASES)
def new_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that has no tables yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'store.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)
