"""The collector as a process: what it loads, how it ends, and what a kill leaves behind."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from threading import Event

import httpx
import pytest

from tests.collector.logged import prediction_ids
from tests.collector.process import CollectorProcess, start
from tests.collector.running import Running, Time, event

pytestmark = pytest.mark.slow

HEAVY = ("pandas", "scipy", "evidently", "streamlit", "sklearn", "altair", "pydantic", "pyarrow", "numpy")


def test_heavy_libraries_are_not_loaded() -> None:
    program = f"import sys, collector.server; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def open_client(process: CollectorProcess, url: str) -> Running:
    return Running(httpx.Client(base_url=process.address, timeout=30), url, Time())


def test_it_prints_its_address_alone_and_ends_in_peace(sqlite_url: str) -> None:
    process = start(sqlite_url)
    assert process.address.startswith("http://127.0.0.1:")
    collector = open_client(process, sqlite_url).with_model("credit")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: collector.post_predictions([event(number)]), range(40)))
    collector.client.close()
    assert process.stop() == (-15, "")
    assert [answer.status_code for answer in answers] == [200] * 40
    assert set(prediction_ids(collector)) == {f"p{number}" for number in range(40)}


@dataclass
class Notes:
    """What a client knows: the batches it sent, and those it was told are stored."""

    sent: list[list[str]] = field(default_factory=list)
    acknowledged: list[list[str]] = field(default_factory=list)
    enough_at: int = 20
    enough: Event = field(default_factory=Event)


def post_until_it_dies(collector: Running, worker: str, notes: Notes) -> None:
    """Post batches of five until nobody answers."""
    for number in count():
        batch = [f"{worker}-{number}-{k}" for k in range(5)]
        notes.sent.append(batch)
        try:
            answer = post(collector, batch)
        except httpx.TransportError:
            return
        if answer.status_code == 200:
            notes.acknowledged.append(batch)
        if len(notes.acknowledged) >= notes.enough_at:
            notes.enough.set()


def post(collector: Running, batch: list[str]) -> httpx.Response:
    return collector.post_predictions([event(prediction_id=each) for each in batch])


@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
def test_what_was_acknowledged_survives_a_kill(request: pytest.FixtureRequest, database: str) -> None:
    url = str(request.getfixturevalue(database))
    notes = Notes()
    for cycle in range(3):
        process = start(url)
        collector = open_client(process, url).with_model("credit")
        # The client sends again whatever it does not know to be stored.
        for batch in notes.sent:
            if batch not in notes.acknowledged:
                assert post(collector, batch).status_code == 200
        stored = prediction_ids(collector)
        assert len(stored) == len(set(stored))
        assert set(stored) == {each for batch in notes.sent for each in batch}
        notes = Notes(sent=list(notes.sent), acknowledged=list(notes.sent), enough_at=len(notes.sent) + 20)
        kill_under_load(process, collector, f"{cycle}", notes)
        collector.client.close()
        assert {each for batch in notes.acknowledged for each in batch} <= set(prediction_ids(collector))


def kill_under_load(process: CollectorProcess, collector: Running, cycle: str, notes: Notes) -> None:
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(post_until_it_dies, collector, f"{cycle}-{worker}", notes) for worker in range(4)]
        assert notes.enough.wait(30)
        process.kill()
        for future in futures:
            future.result()
    assert len(notes.sent) > len(notes.acknowledged), "nothing was on its way when the collector was killed"
