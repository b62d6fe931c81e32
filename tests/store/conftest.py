"""Fixtures for the store's own tests."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert

from store.engine import writing
from store.schema import model, model_version

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
