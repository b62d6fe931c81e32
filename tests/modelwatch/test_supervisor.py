"""``modelwatch up`` with real processes: all answer, and none is left behind, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads the children of a process from /proc"),
]

PATIENCE = 90.0
ONLY_TWO = """
import signal
from modelwatch.settings import load_settings
from modelwatch.supervisor import running
with running(load_settings(), ["collector", "scheduler"]):
    print("ready", flush=True)
    signal.pause()
"""


class Running:
    """A process that supervises others, in a folder and on ports of its own."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self.collector, self.dashboard = free_port(), free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MODELWATCH_")} | {
            "MODELWATCH_COLLECTOR_PORT": str(self.collector),
            "MODELWATCH_DASHBOARD_PORT": str(self.dashboard),
        }
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.told: list[str] = []

    def read_until(self, start: str) -> None:
        """Read what the process says up to the line that begins so."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append(line)
            if line.startswith(start):
                return
        pytest.fail(f"the process ended without saying {start!r}: {''.join(self.told)}")

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(number) for number in listed.split()]

    def end(self) -> str:
        """Wait for the end; everything that was said."""
        rest, _ = self.process.communicate(timeout=PATIENCE)
        return "".join(self.told) + rest


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while any(map(runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(runs, pids))


def role_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def started_with(*arguments: str) -> Running:
        started.append(Running(tmp_path, list(arguments)))
        return started[-1]

    yield started_with
    for running in started:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.communicate()


def test_all_answer_and_end_together_when_told(start: Callable[..., Running]) -> None:
    running = start("-m", "modelwatch", "up")
    running.read_until("scheduler")
    children = running.children()
    assert len(children) == 3
    assert f"collector  http://127.0.0.1:{running.collector}\n" in running.told
    assert f"dashboard  http://127.0.0.1:{running.dashboard}\n" in running.told
    assert httpx.get(f"http://127.0.0.1:{running.collector}/readyz").status_code == 200
    assert httpx.get(f"http://127.0.0.1:{running.dashboard}/").status_code == 200
    running.process.terminate()
    told = running.end()
    assert running.process.returncode == 0, told
    assert gone(children)
    assert "Traceback" not in told


def test_when_one_dies_all_end_and_it_is_named(start: Callable[..., Running]) -> None:
    running = start("-m", "modelwatch", "up")
    running.read_until("scheduler")
    children = running.children()
    (scheduler,) = [pid for pid in children if "scheduler" in role_of(pid)]
    os.kill(scheduler, signal.SIGKILL)
    told = running.end()
    assert running.process.returncode == 1
    assert "modelwatch: the scheduler ended by itself" in told
    assert gone(children)


def test_children_do_not_outlive_a_parent_that_is_killed(start: Callable[..., Running]) -> None:
    running = start("-c", ONLY_TWO)
    running.read_until("ready")
    children = running.children()
    assert len(children) == 2
    running.process.kill()
    assert gone(children)


def test_a_port_that_is_taken_is_said_at_the_start(start: Callable[..., Running]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = start("-m", "modelwatch", "up", "--collector-port", str(port))
        told = running.end()
    assert running.process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in told
    assert "the collector ended" in told
