import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from store.engine import StoreError, address, open_engine, writing
from store.schema import model, model_version
from tests.postgres import PostgresServer
from tests.store.conftest import NOW


def _names(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(select(model.c.name).order_by(model.c.id)).scalars())


def _row(name: str) -> dict[str, object]:
    return {"name": name, "definition": "{}", "created_at": NOW, "updated_at": NOW}


def test_writing_commits_at_the_end_and_rolls_back_on_an_exception(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(model).values(_row("kept")))

    def fail_half_way() -> None:
        with writing(engine) as connection:
            connection.execute(insert(model).values(_row("lost")))
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert _names(engine) == ["kept"]


def test_a_key_to_a_row_that_is_not_there_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(model_version).values(model_id=77, name="1", created_at=NOW))


def test_transactions_that_read_and_then_write_do_not_disturb_each_other(engine: Engine, model_id: int) -> None:
    def count_up(_: int) -> None:
        with writing(engine) as connection:
            # On PostgreSQL the row is locked; on SQLite the transaction holds the write lock from its beginning.
            known = connection.execute(select(model.c.definition).with_for_update()).scalar_one()
            connection.execute(model.update().values(definition=str(int(known) + 1)))

    with writing(engine) as connection:
        connection.execute(model.update().values(definition="0"))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count_up, range(40)))
    with engine.connect() as connection:
        assert connection.execute(select(model.c.definition)).scalar_one() == "40"


def test_without_writing_sqlite_refuses_a_write_on_an_old_snapshot(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    try:
        with engine.connect() as reader:
            assert reader.execute(select(model.c.id)).all() == []
            with writing(engine) as writer:
                writer.execute(insert(model).values(_row("new")))
            assert reader.execute(select(model.c.id)).all() == [], "a transaction sees one state of the store"
            with pytest.raises(OperationalError, match="locked"):
                reader.execute(insert(model).values(_row("late")))
    finally:
        engine.dispose()


def test_a_new_sqlite_store_is_durable_and_checks_keys(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'not' / 'yet' / 'store.db'}")
    try:
        with engine.connect() as connection:
            found = {
                name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "wal_autocheckpoint")
            }
    finally:
        engine.dispose()
    # synchronous 2 is FULL: the write-ahead log reaches the disk before a commit returns.
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
        "wal_autocheckpoint": 16_000,
    }


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_usual_spelling_of_a_postgresql_address_is_taken(postgres_url: str, scheme: str) -> None:
    engine = open_engine(postgres_url.replace("postgresql", scheme, 1))
    try:
        assert engine.dialect.driver == "psycopg"
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "not a URL"),
        ("modelwatch.db", "not a URL"),
        ("postgresql://u:geheim@host:port/db", "not a URL"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("mysql://u:geheim@host/db", "cannot be kept in mysql"),
        ("postgresql+asyncpg://u:geheim@host/db", r"cannot be kept in postgresql\+asyncpg"),
        ("postgresql://u:geheim@127.0.0.1:1/db", r"postgresql://127.0.0.1:1/db cannot be opened: .*refused"),
    ],
)
def test_a_store_that_cannot_be_opened_is_named_without_its_password(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence) as caught:
        open_engine(url)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_database_that_is_not_there_is_named(postgres_server: PostgresServer) -> None:
    with pytest.raises(StoreError, match=r'database "nowhere" does not exist'):
        open_engine(postgres_server.url("nowhere"))


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database, but a text that is long enough to be read as one. " * 20)
    with pytest.raises(StoreError, match="not a database"):
        open_engine(f"sqlite:///{path}")
    assert path.read_text().startswith("Not a database")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"folder .* cannot be made"):
        open_engine(f"sqlite:///{tmp_path / 'file' / 'folder' / 'store.db'}")


def test_an_address_shows_neither_user_nor_password(engine: Engine) -> None:
    shown = address(engine.url.set(username="somebody", password="geheim"))
    assert shown.startswith(("sqlite:///", "postgresql://"))
    assert "geheim" not in shown
    assert "somebody" not in shown


def test_a_new_file_that_another_process_is_writing_to_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    waits: list[float] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def release(seconds: float) -> None:
            waits.append(seconds)
            if other.in_transaction:
                other.execute("ROLLBACK")

        monkeypatch.setattr("tenacity.nap.time.sleep", release)
        open_engine(f"sqlite:///{path}").dispose()
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert waits
