"""Fixtures for the tests of the cycle."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from store.engine import open_engine


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """An engine on an empty, migrated SQLite store, for what does not depend on the database."""
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()
