import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.exc import OperationalError

from store import fences
from store.engine import open_engine, writing
from store.fences import announce_writer, fence
from store.label_log import write_labels
from store.prediction_log import read_predictions, write_predictions
from store.schema import model, model_version, prediction_log
from tests.store.conftest import NOW
from tests.store.logged_rows import label_row, prediction_row

EVERYTHING = 2**62


def test_the_fence_is_the_greatest_id_of_each_log(engine: Engine, model_id: int, version_id: int) -> None:
    assert fence(engine) == (0, 0)
    write_predictions(engine, [prediction_row(model_id, version_id, str(i)) for i in range(3)])
    assert fence(engine) == (3, 0)
    write_labels(engine, [label_row(model_id, "1", "1")])
    assert fence(engine) == (3, 1)


def test_a_reader_that_walks_by_the_fence_misses_nothing(engine: Engine, model_id: int, version_id: int) -> None:
    n_writers, n_batches = 3, 25
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for batch in range(n_batches):
                keys = [f"{writer}-{batch}-{i}" for i in range(1 + (writer + batch) % 7)]
                write_predictions(engine, [prediction_row(model_id, version_id, key) for key in keys])
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(n_writers)]
    for writer in writers:
        writer.start()
    seen: list[str] = []
    position, done = 0, False
    while not done:
        done = not any(writer.is_alive() for writer in writers)
        goal = fence(engine)[0]
        assert goal >= position
        with engine.connect() as connection:
            seen += read_predictions(connection, model_id, position, goal, EVERYTHING).prediction_ids
        position = goal
    assert not failures
    with engine.connect() as connection:
        everything = read_predictions(connection, model_id, 0, EVERYTHING, EVERYTHING).prediction_ids
    assert len(everything) == sum(1 + (w + b) % 7 for w in range(n_writers) for b in range(n_batches))
    assert sorted(seen) == sorted(everything)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Engine]:
    """An engine on PostgreSQL with model 1 and version 1."""
    engine = open_engine(postgres_url)
    with writing(engine) as connection:
        connection.execute(insert(model).values(id=1, name="m", definition="{}", created_at=NOW, updated_at=NOW))
        connection.execute(insert(model_version).values(id=1, model_id=1, name="1", created_at=NOW))
    yield engine
    engine.dispose()


@contextmanager
def unfinished_row(engine: Engine, *, announced: bool) -> Iterator[Connection]:
    """A transaction that has given a row its id and is not yet committed; it is when the block ends."""
    with writing(engine) as connection:
        if announced:
            announce_writer(connection.connection.cursor())
        connection.execute(
            insert(prediction_log).values(
                model_id=1, version_id=1, ts=1, received_at=1, prediction_id="early", features="{}"
            )
        )
        yield connection


def test_without_the_fence_a_reader_misses_a_row_that_is_committed_late(postgres: Engine) -> None:
    """The control: the greatest id that can be seen says nothing about smaller ones."""
    with unfinished_row(postgres, announced=False):
        write_predictions(postgres, [prediction_row(1, 1, "late")])
        with postgres.connect() as reader:
            naive = reader.execute(select(func.max(prediction_log.c.id))).scalar_one()
            seen = read_predictions(reader, 1, 0, naive, EVERYTHING).prediction_ids
    with postgres.connect() as reader:
        seen += read_predictions(reader, 1, naive, EVERYTHING, EVERYTHING).prediction_ids
        logged = read_predictions(reader, 1, 0, EVERYTHING, EVERYTHING).prediction_ids
    assert logged == ["early", "late"]
    assert seen == ["late"]


def test_the_fence_waits_for_rows_that_are_on_their_way(postgres: Engine) -> None:
    found: list[tuple[int, int]] = []
    waiting = threading.Thread(target=lambda: found.append(fence(postgres)))
    with unfinished_row(postgres, announced=True):
        write_predictions(postgres, [prediction_row(1, 1, "late")])
        waiting.start()
        until_somebody_waits_for_the_fence(postgres)
        assert found == []
    waiting.join()
    assert found == [(2, 0)]
    with postgres.connect() as reader:
        assert read_predictions(reader, 1, 0, 2, EVERYTHING).prediction_ids == ["early", "late"]


def test_a_writer_that_hangs_does_not_stop_the_others_for_ever(
    postgres: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fences, "_PATIENCE_SECONDS", 0.1)
    with unfinished_row(postgres, announced=True):
        with pytest.raises(OperationalError, match="lock timeout"):
            fence(postgres)
        assert write_predictions(postgres, [prediction_row(1, 1, "late")]) == ["accepted"]
    assert fence(postgres) == (2, 0)


def until_somebody_waits_for_the_fence(engine: Engine) -> None:
    query = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    pause = threading.Event()
    for _ in range(1000):
        with engine.connect() as connection:
            if connection.execute(query).scalar_one():
                return
        pause.wait(0.01)
    raise AssertionError("nobody waited for the fence")
