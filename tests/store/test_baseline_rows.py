import pytest
from alembic.command import upgrade
from sqlalchemy import Engine

from store import migrating
from store.baseline_rows import read_baseline_rows, save_baseline_rows
from store.engine import migrate, open_engine, schema_state, writing
from tests.store.test_baselines import add_one

ROWS = b"PAR1 \x00\xff rows"


def test_rows_come_back_as_they_were_given(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        kept, other = add_one(connection, model_id, "a"), add_one(connection, model_id, "b")
        save_baseline_rows(connection, kept.id, 3, ROWS)
    with engine.connect() as connection:
        assert read_baseline_rows(connection, kept.id) == ROWS
        assert read_baseline_rows(connection, other.id) is None


def test_what_is_kept_already_stays(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        baseline = add_one(connection, model_id, "a")
        save_baseline_rows(connection, baseline.id, 3, ROWS)
        save_baseline_rows(connection, baseline.id, 1, b"another sample")
        assert read_baseline_rows(connection, baseline.id) == ROWS


def test_a_sample_without_rows_is_refused(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection, pytest.raises(ValueError, match="has rows, not 0"):
        save_baseline_rows(connection, add_one(connection, model_id, "a").id, 0, b"")


def test_a_store_of_the_first_release_gets_the_table(new_store_url: str) -> None:
    engine = open_engine(new_store_url)
    first = migrating._configuration()
    with writing(engine) as connection:
        first.attributes["connection"] = connection
        upgrade(first, "0001")
    assert schema_state(engine) == "behind"
    migrate(engine)
    with engine.connect() as connection:
        assert read_baseline_rows(connection, 1) is None
    engine.dispose()
