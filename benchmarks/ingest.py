"""How fast the collector takes events over HTTP, beside the raw driver writing the same rows in the same run.

    python -m benchmarks.ingest [--batches 200] [--singles 20000] [--rounds 3] [--postgresql]

Client, collector and database are processes of their own. A ratio of 1 would mean that HTTP, decoding and checking
cost nothing. CPU is that of the process under test and, on PostgreSQL, of the backends that serve it.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg

from collector.items import read_items
from collector.predictions import PREDICTIONS, PredictionCheck, Versions
from collector.problems import Rejections
from collector.settings import Limits
from store.engine import migrate
from store.records import PredictionRow
from tests.postgres import running_postgres

BATCH, N_FEATURES, CONNECTIONS, SINGLE_CONNECTIONS = 1_000, 30, 4, 64
PATH = "/v1/models/bench/predictions"
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: {{host}}\r\nContent-Type: application/json\r\nContent-Length: {{length}}\r\n\r\n"
INTEGERS = ("model_id", "version_id", "ts", "received_at")
COLUMNS = [each.name for each in fields(PredictionRow)]
# The tests' server does not wait for the disk; this one must.
DURABLE = ("fsync = on", "synchronous_commit = on", "full_page_writes = on", "max_wal_size = '4GB'")


Row = tuple[Any, ...]
Raw = Callable[[str, list[list[Row]]], "Speed"]


@dataclass(frozen=True)
class Speed:
    """What was done in how long, and at how much processor time."""

    events: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.events / self.seconds

    def __str__(self) -> str:
        return f"{self.rate:9,.0f} events/s  {self.cpu_seconds / self.events * 1e6:6.1f} us CPU an event"


def make_body(n: int, rng: random.Random) -> bytes:
    """A JSON array of n events of 30 features, with ids that were never used."""
    return json.dumps([_event(rng) for _ in range(n)], separators=(",", ":")).encode()


def _event(rng: random.Random) -> dict[str, Any]:
    names = [f"feature_{k:02d}" for k in range(N_FEATURES)]
    return {
        "prediction_id": str(uuid.UUID(int=rng.getrandbits(128))),
        "timestamp": f"2026-05-01T10:{rng.randrange(60):02d}:{rng.randrange(60):02d}Z",
        "version": "1",
        "features": {
            name: round(rng.gauss(0, 100), 3) if k % 5 else rng.choice(["north", "south", "east"])
            for k, name in enumerate(names)
        },
        "prediction": rng.randrange(2),
        "score": round(rng.random(), 4),
    }


def make_rows(bodies: Sequence[bytes]) -> list[list[Row]]:
    """The rows that the collector writes for these bodies."""
    limits, now = Limits(), datetime.now(UTC)
    check, versions = PredictionCheck(limits), Versions({"1": 1}, {})
    batches = []
    for body in bodies:
        rejections = Rejections(10)
        events = read_items(body, "json", PREDICTIONS, limits, rejections)
        batches.append([astuple(row) for row in check.rows(events, 1, versions, now, rejections).items])
    return batches


def raw_sqlite(url: str, batches: list[list[Row]]) -> Speed:
    """The ceiling: sqlite3, one durable commit a batch."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 16000", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    holes = ", ".join("?" * len(COLUMNS))
    insertion = f"INSERT INTO prediction_log ({', '.join(COLUMNS)}) VALUES ({holes}) ON CONFLICT DO NOTHING"
    start, cpu = time.perf_counter(), time.process_time()
    for batch in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(insertion, batch)
        connection.execute("COMMIT")
    speed = Speed(sum(map(len, batches)), time.perf_counter() - start, time.process_time() - cpu)
    connection.close()
    return speed


def raw_postgresql(url: str, batches: list[list[Row]]) -> Speed:
    """The ceiling: psycopg, one INSERT of arrays and one durable commit a batch."""
    types = [
        "text" if name in ("prediction_id", "prediction", "score", "features", "tags") else "bigint" for name in COLUMNS
    ]
    arrays = ", ".join(f"%b::{kind}[]" for kind in types)
    insertion = (
        f"INSERT INTO prediction_log ({', '.join(COLUMNS)}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"
    )
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        start, cpu = time.perf_counter(), time.process_time() + cpu_of(backend)
        for batch in batches:
            connection.execute(insertion, [list(column) for column in zip(*batch, strict=True)])
            connection.commit()
        seconds = time.perf_counter() - start
        return Speed(sum(map(len, batches)), seconds, time.process_time() + cpu_of(backend) - cpu)


def cpu_of(pid: int) -> float:
    """Processor seconds of a process so far."""
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Service:
    """A collector process, and how long it took from its start to its first ready answer."""

    address: str
    pid: int
    start_seconds: float
    url: str

    def cpu(self) -> float:
        return cpu_of(self.pid) + sum(map(cpu_of, self._backends()))

    def _backends(self) -> list[int]:
        if self.url.startswith("sqlite"):
            return []
        with psycopg.connect(self.url) as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'modelwatch'"
            return [row[0] for row in connection.execute(query)]


@contextlib.contextmanager
def collector(url: str) -> Iterator[Service]:
    program = (
        "import sys; from collector.server import serve; from collector.settings import CollectorSettings;"
        "serve(CollectorSettings(database_url=sys.argv[1], port=0), lambda address: print(address, flush=True))"
    )
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        httpx.get(f"{address}/readyz", timeout=10).raise_for_status()
        yield Service(address, process.pid, time.perf_counter() - begin, url)
    finally:
        process.terminate()
        process.wait(60)


async def _post(address: str, queue: list[bytes], latencies: list[float]) -> None:
    """Post bodies over one connection until none is left. A bare socket: a full client costs more than the server."""
    host, _, port = address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    while queue:
        body = queue.pop()
        begin = time.perf_counter()
        writer.write(HEAD.format(host=host, length=len(body)).encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
        content = await reader.readexactly(int(length))
        assert answer.startswith(b"HTTP/1.1 200"), content
        assert b'"rejected":[]' in content, content
        latencies.append(time.perf_counter() - begin)
    writer.close()


def client(address: str, count: int, size: int, connections: int, ready: Any, results: Any) -> None:
    """A process that posts ``count`` bodies of ``size`` events, made before the clock runs."""
    rng = random.Random(time.time_ns())
    bodies = [make_body(size, rng) for _ in range(count)]
    latencies: list[float] = []

    async def run() -> None:
        await asyncio.gather(*(_post(address, bodies, latencies) for _ in range(connections)))

    ready.wait()
    begin = time.perf_counter()
    asyncio.run(run())
    results.put((time.perf_counter() - begin, sorted(latencies)))


def through_http(service: Service, count: int, size: int, connections: int) -> tuple[Speed, list[float]]:
    """The speed of a client process that sends, and the seconds that its requests took, shortest first."""
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(2), context.Queue()
    process = context.Process(target=client, args=(service.address, count, size, connections, ready, results))
    process.start()
    ready.wait(600)
    cpu = service.cpu()
    seconds, latencies = results.get(timeout=600)
    speed = Speed(count * size, seconds, service.cpu() - cpu)
    process.join()
    return speed, latencies


def measure(new_store: Callable[[], str], raw: Raw, arguments: argparse.Namespace) -> None:
    """Print the figures of one database. Both sides fill a store of their own, round by round, to the same size."""
    rng = random.Random(time.time_ns())
    raw_url, url = new_store(), new_store()
    ratios = []
    with collector(raw_url) as service:
        _declare(service, rng)
    with collector(url) as service:
        print(f"  start to /readyz     {service.start_seconds:6.2f} s")
        _declare(service, rng)
        for _ in range(arguments.rounds):
            ceiling = raw(raw_url, make_rows([make_body(BATCH, rng) for _ in range(arguments.batches)]))
            speed, _ = through_http(service, arguments.batches, BATCH, CONNECTIONS)
            ratios.append(speed.rate / ceiling.rate)
            print(f"  raw driver           {ceiling}")
            print(f"  HTTP, batches        {speed}  ratio {ratios[-1]:.2f}")
        print(f"  median ratio         {statistics.median(ratios):6.2f}")
        speed, latencies = through_http(service, arguments.singles, 1, SINGLE_CONNECTIONS)
        middle, slow = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
        print(f"  HTTP, single events  {speed}  p50 {middle * 1e3:.1f} ms  p99 {slow * 1e3:.1f} ms")


def _declare(service: Service, rng: random.Random) -> None:
    """Make the model and its version 1, to which all rows belong."""
    httpx.put(f"{service.address}{PATH.removesuffix('/predictions')}", json={"task": "binary"}).raise_for_status()
    httpx.post(f"{service.address}{PATH}", json=[_event(rng)]).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=100)
    parser.add_argument("--singles", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    arguments = parser.parse_args()
    if arguments.only != "postgresql":
        print("SQLite")
        with tempfile.TemporaryDirectory() as folder:
            measure(lambda: _migrated(f"sqlite:///{folder}/{uuid.uuid4().hex}.db"), raw_sqlite, arguments)
    if arguments.only != "sqlite":
        print("PostgreSQL")
        with running_postgres() as server:
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                for setting in DURABLE:
                    connection.execute(f"ALTER SYSTEM SET {setting}")
                connection.execute("SELECT pg_reload_conf()")
            measure(lambda: _migrated(server.url(server.create_database())), raw_postgresql, arguments)


def _migrated(url: str) -> str:
    migrate(url)
    return url


if __name__ == "__main__":
    main()
