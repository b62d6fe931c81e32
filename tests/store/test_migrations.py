import logging
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, select, text

import migrations
from store.engine import StoreError, migrate, open_engine, schema_state, writing
from store.schema import label_log, metadata
from tests.postgres import PostgresServer

_POSTGRESQL_CATALOGUE = """
SELECT 'column ' || table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
       || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%'
UNION ALL
SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""
_SQLITE_CATALOGUE = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"

_A_MODEL = "INSERT INTO model (id, name, definition, created_at, updated_at) VALUES (1, 'm', '{}', 0, 0)"
_A_LABEL = "INSERT INTO label_log (model_id, prediction_id, label, ts, received_at) VALUES (1, 'a', '1', 1, 1)"


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _catalogue(connection: Connection) -> list[list[str]]:
    """What the database itself says it holds: columns, defaults, every constraint and index, in no order."""
    is_sqlite = connection.dialect.name == "sqlite"
    statements = connection.execute(text(_SQLITE_CATALOGUE if is_sqlite else _POSTGRESQL_CATALOGUE)).scalars()
    return sorted(sorted(_parts(statement)) for statement in statements)


def _parts(statement: str) -> list[str]:
    """The columns, constraints and defaults of a statement, each by itself: SQLite writes a column that was added to
    a table behind all others, on one line with them."""
    if not statement.startswith("CREATE TABLE"):
        return [line.strip(" ,\t") for line in statement.splitlines()]
    depth, parts = 0, [""]
    for letter in statement:
        depth += (letter == "(") - (letter == ")")
        if letter == "\n" or (letter == "," and depth == 1):
            parts.append("")
        elif letter == ")" and depth == 0:
            parts += [letter, ""]
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _declared_catalogue(url: str) -> list[list[str]]:
    with _opened(url) as engine, engine.begin() as connection:
        metadata.create_all(connection)
        return _catalogue(connection)


def test_migrated_tables_equal_the_declared_ones_for_alembic(engine: Engine) -> None:
    with engine.connect() as connection:
        # Defaults are left to the catalogues below: Alembic misreads SQLite's empty text as a difference.
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
        assert compare_metadata(context, metadata) == []


def test_migrated_sqlite_catalogue_equals_the_declared_one(sqlite_url: str, tmp_path: Path) -> None:
    with _opened(sqlite_url) as engine, engine.connect() as connection:
        migrated = _catalogue(connection)
    declared = _declared_catalogue(f"sqlite:///{tmp_path / 'declared.db'}")
    assert migrated == declared
    lines = [line for statement in migrated for line in statement]
    assert sum("AUTOINCREMENT" in line for line in lines) == sum(
        bool(table.dialect_options["sqlite"]["autoincrement"]) for table in metadata.tables.values()
    )
    assert sum("CHECK" in line for line in lines) > 10
    assert any(line.startswith("CREATE UNIQUE INDEX uq_baseline_active") and "WHERE active" in line for line in lines)


def test_migrated_postgresql_catalogue_equals_the_declared_one(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    with _opened(postgres_url) as engine, engine.connect() as connection:
        migrated = _catalogue(connection)
    name = postgres_server.create_database()
    declared = _declared_catalogue(postgres_server.url(name))
    postgres_server.drop_database(name)
    assert migrated == declared
    lines = [line for statement in migrated for line in statement]
    assert sum("CHECK (" in line for line in lines) > 10
    assert any("uq_baseline_active" in line and "WHERE active" in line for line in lines)


def test_state_goes_from_empty_to_current(new_store_url: str) -> None:
    with _opened(new_store_url) as engine:
        assert schema_state(engine) == "empty"
        migrate(engine)
        assert schema_state(engine) == "current"
        migrate(engine)
        assert schema_state(engine) == "current"


def test_tables_of_a_newer_release_are_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert schema_state(engine) == "ahead"
    with pytest.raises(StoreError, match="newer modelwatch"):
        migrate(engine)


def test_a_failed_migration_leaves_nothing_behind(new_store_url: str) -> None:
    with _opened(new_store_url) as engine:
        with writing(engine) as connection:
            connection.execute(text("CREATE TABLE outbox (other INTEGER)"))
        with pytest.raises(StoreError, match=r"cannot be migrated: .*outbox.* already exists"):
            migrate(engine)
        with engine.connect() as connection:
            assert inspect(connection).get_table_names() == ["outbox"]


def test_labels_of_an_earlier_release_have_no_probability(new_store_url: str) -> None:
    with _opened(new_store_url) as engine:
        with writing(engine) as connection:
            migrating = Config()
            migrating.set_main_option("script_location", str(Path(migrations.__file__).parent))
            migrating.attributes["connection"] = connection
            upgrade(migrating, "0008")
            connection.execute(text(_A_MODEL))
            connection.execute(text(_A_LABEL))
        assert schema_state(engine) == "behind"
        migrate(engine)
        with engine.connect() as connection:
            rows = connection.execute(select(label_log.c.label, label_log.c.sampling_probability)).all()
    assert [tuple(row) for row in rows] == [("1", None)]


def test_migrating_is_silent(
    new_store_url: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = logging.getLogger().handlers[:]
    migrate(new_store_url)
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
    assert logging.getLogger().handlers == before


def _python(program: str, *arguments: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


@pytest.mark.slow
def test_several_processes_may_migrate_at_once(new_store_url: str) -> None:
    program = (
        "import sys; from store.engine import migrate; import store.migrating; "
        "print('ready', flush=True); sys.stdin.readline(); migrate(sys.argv[1])"
    )
    with ExitStack() as stack:
        processes = [stack.enter_context(_python(program, new_store_url)) for _ in range(4)]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 4
        assert [process.returncode for process in processes] == [0] * 4
    with _opened(new_store_url) as engine:
        assert schema_state(engine) == "current"


def test_an_installed_wheel_brings_its_migrations(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    # A percent sign in the path has a meaning of its own in Alembic's configuration.
    installed = tmp_path / "100% installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    program = (
        "import sys, store.engine as e, migrations; e.migrate(sys.argv[1]); o = e.open_engine(sys.argv[1]); "
        "print(e.schema_state(o)); o.dispose(); print(migrations.__file__)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{tmp_path / 'store.db'}"],
        cwd=tmp_path, env={"PYTHONPATH": str(installed)}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert answer.stdout.split("\n")[:2] == ["current", str(installed / "migrations" / "__init__.py")]
