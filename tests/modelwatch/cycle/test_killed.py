"""A process that is killed again and again leaves what an undisturbed one leaves: nothing twice, nothing lost."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from modelwatch.cycle import committing
from modelwatch.cycle.committing import Committer
from modelwatch.cycle.detecting import Judge
from modelwatch.cycle.planning import plan_model
from modelwatch.cycle.profiling import profile_model
from modelwatch.cycle.round import LEASE
from store.alerts import transitions
from store.baselines import get_binning
from store.engine import writing
from store.monitors import get_monitor
from store.outbox import messages
from store.records import Result
from store.runs import claim_runs
from store.schema import alert, outbox, result, run, transition
from tests.alerts.receivers import Receiver, answering, receiver
from tests.modelwatch.cycle.sums import assert_same_results, assert_same_sums, stored_sums
from tests.modelwatch.cycle.world import (
    DRIFT,
    PERFORMANCE,
    QUALITY,
    REFERENCE,
    World,
    events,
    hours,
    labels,
    model_file,
    new_world,
    renamed,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
KILLS = int(os.environ.get("MODELWATCH_TEST_KILLS", "15"))
NOW = hours(13)
# Two stretches of a shifted input, so that alerts fire, resolve and fire again.
ROWS = [
    *events(0, 3, 30),
    *events(3, 5, 30, shift=2.5),
    *events(5, 8, 30),
    *events(8, 10, 30, shift=2.5),
    *events(10, 12, 30),
]
MONITORS = [{**DRIFT, "fields": ["x"]}, {**PERFORMANCE, "metric": "accuracy"}, {**QUALITY, "check": "range"}]


def definition_for(server: Receiver) -> Any:
    return model_file(*MONITORS, segments=["region"], channels=[{"kind": "webhook", "url": server.url}])


def filled(engine: Engine, server: Receiver, name: str = "credit") -> World:
    world = new_world(engine, renamed(definition_for(server), name), REFERENCE)
    world.log(ROWS)
    world.log_labels(labels(ROWS[:200], wrong=0.1))
    world.log_labels(labels(ROWS[200:], wrong=0.5))
    return world


class Driver:
    """The process of ``driver.py``."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self._process = process
        self._url = url
        self.clock = NOW

    def round(self, die_at: int | None = None, after: bool = False) -> dict[str, Any]:
        """One round in a child of it; how that ended. Each begins when the leases of the one before are over."""
        order: dict[str, Any] = {
            "url": self._url,
            "now": NOW.isoformat(),
            "clock": self.clock.isoformat(),
            "die_at": die_at,
            "after": after,
            "environment": {},
        }
        self.clock += LEASE + timedelta(minutes=1)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert not answer.get("errors")
        return answer


@contextmanager
def driver(url: str) -> Iterator[Driver]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.modelwatch.cycle.driver"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    try:
        yield Driver(process, url)
    finally:
        process.communicate()


def changes(world: World) -> list[tuple[object, ...]]:
    with world.engine.connect() as conn:
        found = transitions(conn, world.model.name)
    return sorted(
        (each.monitor, each.method, each.segment or "", each.window_end, each.from_state, each.to_state)
        for each in found
    )


def told(world: World) -> list[tuple[object, ...]]:
    """What messages say of alerts. Their suspects are what other monitors had found by then, which kills delay."""
    with world.engine.connect() as conn:
        found = messages(conn, world.model.name)
    return sorted((each.type, *_alerts_in(json.loads(each.body)["data"])) for each in found)


def _alerts_in(data: dict[str, Any]) -> tuple[object, ...]:
    alerts = [(each["method"], each["field"] or "", each["segment"] or "", each["reason"]) for each in data["alerts"]]
    return data["monitor"], data["window"]["end"], sorted(alerts)


def assert_once_each(found: Sequence[Result]) -> None:
    keys = Counter((each.window_end, each.monitor, each.method, each.field, each.segment) for each in found)
    assert set(keys.values()) == {1}


def test_killed_processes_leave_what_an_undisturbed_one_leaves(
    engine: Engine, store_url: str, calm_engine: Engine
) -> None:
    chance = random.Random(1)
    n_kills = KILLS if engine.dialect.name == "sqlite" else min(KILLS, 6)
    with receiver(answering(200)) as calm_server, receiver(answering(200)) as server:
        calm, world = filled(calm_engine, calm_server), filled(engine, server)
        with driver(str(calm_engine.url)) as process:
            whole = process.round()["statements"]
        with driver(store_url) as process:
            killed = 0
            while killed < n_kills:
                answer = process.round(die_at=chance.randint(1, 2 * whole // n_kills), after=chance.random() < 0.5)
                assert answer.get("signal", signal.SIGKILL) == signal.SIGKILL
                killed += 1
            process.round()
        assert_same_sums(stored_sums(world), stored_sums(calm))
        assert_once_each(world.results())
        assert_same_results(world.revisions(), calm.results())
        assert changes(world) == changes(calm) != []
        assert told(world) == told(calm) != []
        with engine.connect() as conn:
            written = messages(conn)
        assert {each.state for each in written} == {"delivered"}
        received = Counter(request.headers["webhook-id"] for request in server.requests)
        assert received.keys() == {each.id for each in written}
        assert len(calm_server.requests) == len(written)


def test_what_a_worker_commits_after_its_lease_changes_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the fence is what holds it off: without it the same commit would have written."""
    world = new_world(engine, model_file({**DRIFT, "fields": ["x"]}), REFERENCE)
    world.log(ROWS)
    baseline = world.baseline
    profile_model(engine, world.model, baseline)
    with writing(engine) as conn:
        plan_model(conn, world.model, baseline, NOW)
    slow = claim_runs(engine, limit=5, lease=LEASE, now=NOW)
    with engine.connect() as conn:
        monitor = get_monitor(conn, slow[0].monitor_id)
        judged = Judge(conn, world.model, monitor, baseline, NOW).judge(slow)
        binning = get_binning(conn, baseline.binning_id)
    counted_to = (binning.predictions_to, binning.labels_to)
    committer = Committer(engine, world.model, monitor, baseline, counted_to, None, NOW, lambda: NOW, uuid4)

    assert len(claim_runs(engine, limit=3, lease=LEASE, now=NOW + 2 * LEASE)) == 3
    after_claims = everything(engine)
    assert committer.commit(judged).n_windows == 0
    assert everything(engine) == after_claims

    with monkeypatch.context() as without_fence:
        without_fence.setattr(committing, "finish_runs", lambda *_: True)
        assert committer.commit(judged).n_windows == 5
    assert everything(engine) != after_claims


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All that a commit may write."""
    with engine.connect() as conn:
        return {
            table.name: sorted(tuple(row) for row in conn.execute(select(table)).all())
            for table in (run, result, alert, transition, outbox)
        }
