"""Fixtures for the tests of the cycle."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from store.engine import open_engine


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """An engine on an empty, migrated SQLite store, for what does not depend on the database."""
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def calm_engine(tmp_path: Path, sqlite_template: Path) -> Iterator[Engine]:
    """An engine on a store beside that of the test."""
    path = tmp_path / "calm.db"
    shutil.copyfile(sqlite_template, path)
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()
