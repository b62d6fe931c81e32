"""When the store fails, no event is acknowledged that is not stored, and the collector recovers by itself."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from collector.settings import CollectorSettings, Pressure
from store.engine import migrate, open_engine, writing
from tests.collector.logged import prediction_ids
from tests.collector.running import Running, event, label, running
from tests.postgres import PostgresServer


@contextmanager
def without_logs(collector: Running) -> Iterator[None]:
    """The tables of the two logs are not there while the block runs."""
    engine = open_engine(collector.url)
    for left, right in (("", "_away"), ("_away", "")):
        with writing(engine) as connection:
            for name in ("prediction_log", "label_log"):
                connection.execute(text(f"ALTER TABLE {name}{left} RENAME TO {name}{right}"))
        if not left:
            yield
    engine.dispose()


def test_the_store_refuses(any_collector: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    with without_logs(any_collector):
        for answer in (any_collector.post_predictions([event()]), any_collector.post_labels([label()])):
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.json() == {"error": "the store cannot be reached now: try again"}
    assert any_collector.post_predictions([event()]).json()["accepted"] == 1
    assert any_collector.post_labels([label()]).json()["accepted"] == 1


def test_connections_are_cut(postgres_collector: Running, postgres_server: PostgresServer) -> None:
    collector = postgres_collector.with_model("cut")
    engine = open_engine(collector.url)
    acknowledged = []
    for number in range(6):
        if collector.post_predictions([event(number)]).status_code == 200:
            acknowledged.append(f"p{number}")
        with engine.connect() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                     "AND datname = current_database()")
            )  # fmt: skip
    engine.dispose()
    assert collector.post_predictions([event(99)]).status_code == 200
    assert prediction_ids(collector) == [*acknowledged, "p99"]


def test_more_than_can_wait_is_sent_away(sqlite_url: str) -> None:
    pressure = Pressure(queued_rows=3, commit_rows=1)
    with running(CollectorSettings(sqlite_url, pressure=pressure)) as started:
        collector = started.with_model("credit")
        batches = [[event(number * 3 + k) for k in range(3)] for number in range(8)]
        # The first request is at the writer, which waits for the lock; the second fills the queue.
        refused, answers = send_while_locked(collector, batches)
        assert "rows wait to be written: try again" in refused.json()["error"]
        stored = {f"p{n * 3 + k}" for n in range(8) if answers[n].status_code == 200 for k in range(3)}
        assert set(prediction_ids(collector)) == stored | {"first"}
        assert stored


def test_more_than_memory_should_hold_is_sent_away(sqlite_url: str) -> None:
    with running(CollectorSettings(sqlite_url, pressure=Pressure(bytes_in_flight=1_000))) as started:
        collector = started.with_model("credit")
        large = [event(number) for number in range(100)]
        refused, answers = send_while_locked(collector, [large, large])
        assert "too many large requests: try again" in refused.json()["error"]
        # One that is alone is always let through, and room comes back.
        assert sorted(answer.status_code for answer in answers) == [200, 503]
        assert collector.post_predictions(large).json()["duplicates"] == 100


def send_while_locked(collector: Running, batches: list[Any]) -> tuple[httpx.Response, list[httpx.Response]]:
    """The first answer to requests sent at once while somebody else holds the store's write lock, and all answers."""
    # The version is made now, which would wait for the lock as well.
    collector.post_predictions([event(prediction_id="first")]).raise_for_status()
    other = sqlite3.connect(collector.url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(len(batches)) as pool:
        futures = [pool.submit(collector.post_predictions, batch) for batch in batches]
        first = next(as_completed(futures)).result()
        assert (first.status_code, first.headers["retry-after"]) == (503, "1")
        other.execute("ROLLBACK")
        answers = [future.result() for future in futures]
    other.close()
    return first, answers


def test_readiness(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with running(CollectorSettings(url)) as collector:
        assert collector.client.get("/healthz").status_code == 200
        answer = collector.client.get("/readyz")
        assert (answer.status_code, answer.json()["error"]) == (
            503,
            "the schema of the store is empty: run modelwatch migrate",
        )
        migrate(url)
        assert collector.client.get("/readyz").json() == {"status": "ready"}
