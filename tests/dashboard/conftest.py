"""A store with models in every state, made once for all tests that only read it."""

import pytest

from store.engine import migrate, open_engine
from tests.dashboard import seed
from tests.dashboard.story import NOW


@pytest.fixture(scope="session")
def told_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a store that holds everything the story tells; for reading only."""
    url = f"sqlite:///{tmp_path_factory.mktemp('told') / 'store.db'}"
    migrate(url)
    engine = open_engine(url)
    seed.everything(engine)
    engine.dispose()
    return url


@pytest.fixture
def at_the_end_of_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages are looked at on the day the story ends."""
    monkeypatch.setenv("MODELWATCH_NOW", NOW.isoformat())
