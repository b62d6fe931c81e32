"""The demo as a process: the story is told, both faults are found, and quiet days stay quiet."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modelwatch.demo import claims, story
from store.alerts import transitions as read_transitions
from store.engine import open_engine
from store.records import Result, TransitionRow
from store.results import results as read_results
from tests.free_port import free_port

pytestmark = pytest.mark.slow


class Told:
    """What the demo printed and what it left in its store."""

    def __init__(self, folder: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MODELWATCH_")} | {
            "MODELWATCH_DATA_DIR": str(folder),
            "MODELWATCH_COLLECTOR_PORT": str(free_port()),
        }
        command = [sys.executable, "-m", "modelwatch", "demo", "--exit"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        self.lines = done.stdout.splitlines()
        self.totals: dict[str, Any] = json.loads(self.lines[-1])
        engine = open_engine(f"sqlite:///{folder}/modelwatch.db")
        with engine.connect() as conn:
            self.results: list[Result] = read_results(conn)
            self.transitions: list[TransitionRow] = read_transitions(conn)
        engine.dispose()
        self.first = min(result.window_start for result in self.results)

    def days(self, found: list[Result]) -> set[int]:
        return {(result.window_start - self.first) // timedelta(days=1) for result in found}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("demo"))


def test_the_last_line_counts_what_was_played(told: Told) -> None:
    assert told.totals["events"] == story.DAYS * story.EVENTS_A_DAY
    assert told.totals["labels"] == (story.DAYS - story.LABEL_DELAY) * story.EVENTS_A_DAY
    assert told.totals["windows"] >= 3 * story.DAYS
    assert told.totals["results"] >= len(told.results)
    assert told.totals["webhooks_delivered"] == sum("FIRING" in line or "resolved " in line for line in told.lines)
    assert told.totals["alerts_fired"] == sum(each.to_state == "firing" for each in told.transitions)
    assert told.totals["seconds"] > 0


@pytest.mark.parametrize(
    ("field", "method", "days", "status"),
    [
        ("disease_index", "ks", story.UNIT_FAULT, "critical"),
        # The model hardly depends on it: some .3 points of accuracy are at stake.
        ("self_rated_health", "unseen", story.RECODING, "warning"),
    ],
)
def test_each_fault_is_found_on_its_days_and_on_no_other(
    told: Told, field: str, method: str, days: range, status: str
) -> None:
    bad = [
        result for result in told.results if result.field == field and result.method == method and result.status != "ok"
    ]
    assert told.days(bad) == set(days)
    assert {result.status for result in bad} == {status}


def test_quiet_days_stay_quiet(told: Told) -> None:
    faulty = {*story.UNIT_FAULT, *story.RECODING}
    alarms = [
        result for result in told.results if result.kind != "performance" and result.status in ("warning", "critical")
    ]
    assert told.days(alarms) <= faulty


def test_lost_performance_is_told_once_the_labels_have_come(told: Told) -> None:
    fired = [each for each in told.transitions if each.monitor == "performance" and each.to_state == "firing"]
    assert fired
    late = timedelta(days=story.LABEL_DELAY)
    assert all(each.at - each.window_end >= late - timedelta(days=1) for each in fired)
    assert not any(
        result.status == "critical" and result.kind == "performance"
        for result in told.results
        if result.window_start < told.first + timedelta(days=story.UNIT_FAULT.start)
    )


def test_the_same_seed_tells_the_same_story() -> None:
    served = claims.train(1)
    first = datetime(2026, 1, 1, tzinfo=UTC)
    one, two = (list(story.days(served, "m", first, 5)) for _ in range(2))
    assert one == two
    assert len(one) == story.DAYS
