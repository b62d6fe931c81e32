"""The child process: what it may do, and how each way to fail is told."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from modelwatch.evidently_rows.aliasing import aliased
from modelwatch.evidently_rows.process import Failure, Limits, environment, run
from store.row_methods import EVIDENTLY_CATEGORY_TESTS, EVIDENTLY_NUMERIC_TESTS
from tests.modelwatch.evidently_rows.samples import hostile_sample

pytestmark = pytest.mark.slow

ROWS = aliased(hostile_sample(1), hostile_sample(2))
TASK = {"what": "test", "test": "ks", "threshold": None}
MEBIBYTE = 1024 * 1024


@pytest.fixture
def stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that the child finds in Evidently's place; the test writes what it does."""
    folder = tmp_path / "stands-in"
    (folder / "evidently").mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    return folder / "evidently" / "__init__.py"


def told(code: str, folder: Path) -> str:
    """What a program says in the child's environment."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    answer = subprocess.run(command, env=environment(folder), capture_output=True, text=True, check=True)
    return answer.stdout


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os.kill(os.getpid(), 11)", "its process was ended by SIGSEGV"),
        ("import os; os._exit(3)", "its process ended with status 3 and no answer"),
        ("import sys; print('std::bad_alloc', file=sys.stderr, flush=True); import os; os.abort()",
         "its process was ended by SIGABRT: it ran out of the memory it may use"),
        ("raise RuntimeError('not today\\nmore')", "RuntimeError: not today"),
        ("x = bytearray(900 * 1024 * 1024)", "it ran out of the memory it may use"),
    ],
)  # fmt: skip
def test_every_way_to_fail_is_told(stands_in: Path, code: str, reason: str) -> None:
    stands_in.write_text(code)
    assert run(TASK, ROWS, Limits(700 * MEBIBYTE, 60)) == Failure(reason)


def test_a_child_that_takes_too_long_ends_itself(stands_in: Path) -> None:
    stands_in.write_text("import signal\nsignal.pause()\n")
    assert run(TASK, ROWS, Limits(seconds=2)) == Failure("it took longer than the 2 seconds it has")


def test_a_child_that_does_not_end_is_ended(stands_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelwatch.evidently_rows.process._GRACE_SECONDS", 1)
    stands_in.write_text("import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: signal.pause()\n")
    assert run(TASK, ROWS, Limits(seconds=2)) == Failure("it took longer than the 2 seconds it has")


def test_an_unknown_task_is_a_failure_too(stands_in: Path) -> None:
    stands_in.write_text("")
    assert run({"what": "dance"}, ROWS, Limits()) == Failure("KeyError: 'dance'")


def test_nothing_stays_behind(stands_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "temporary"
    own.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    stands_in.write_text("raise RuntimeError")
    assert isinstance(run(TASK, ROWS, Limits()), Failure)
    assert list(own.iterdir()) == []


def test_the_child_knows_nothing_of_the_service(tmp_path: Path) -> None:
    secrets = {"MODELWATCH_DATABASE_URL": "postgresql://secret", "AWS_SECRET_ACCESS_KEY": "secret"}
    outer = {**secrets, "PATH": "/bin", "HOME": "/"}
    found = environment(tmp_path, outer)
    assert found["PATH"] == "/bin"
    assert found["HOME"] == str(tmp_path)
    assert not secrets.keys() & found.keys()


def test_no_network_and_no_other_process_once_it_is_sealed(tmp_path: Path) -> None:
    code = """
import os, socket, subprocess, sys
from modelwatch.evidently_rows import child
listening = socket.create_server(("127.0.0.1", 0))
child._seal()
for attempt in (
    lambda: socket.create_connection(listening.getsockname()),
    lambda: socket.getaddrinfo("localhost", 80),
    lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", listening.getsockname()),
    lambda: subprocess.Popen([sys.executable, "-c", ""]),
    lambda: os.system("true"),
    lambda: os.posix_spawn(sys.executable, [sys.executable], {}),
    lambda: os.fork(),
    lambda: os.execv(sys.executable, [sys.executable]),
):
    try:
        attempt()
    except PermissionError as error:
        print(error)
"""
    assert told(code, tmp_path).count("is not allowed here") == 8


@pytest.mark.slow
def test_telemetry_is_off_and_every_test_has_its_name_here(tmp_path: Path) -> None:
    """By Evidently's own word: its logger, which is on unless it is told, and its registry of tests."""
    code = """
import json, os
from evidently.legacy.calculations.stattests.registry import _registered_stat_tests as tests
from evidently.legacy._config import TELEMETRY_ENABLED
from evidently.telemetry import event_logger
told = [TELEMETRY_ENABLED, event_logger.is_enabled()]
del os.environ["DO_NOT_TRACK"], os.environ["ITERATIVE_DO_NOT_TRACK"]
told.append(event_logger.is_enabled())
kinds = {name: sorted(kind.value for kind in by_kind) for name, by_kind in tests.items()}
print(json.dumps([told, kinds]))
"""
    telemetry, kinds = json.loads(told(code, tmp_path).splitlines()[-1])
    assert telemetry == [False, False, True]
    # Evidently's two tests of texts have no kind of field here.
    offered = {
        kind: sorted(name for name, of in kinds.items() if kind in of and of != ["text"]) for kind in ("num", "cat")
    }
    assert offered["num"] == sorted(EVIDENTLY_NUMERIC_TESTS)
    assert offered["cat"] == sorted(EVIDENTLY_CATEGORY_TESTS)
