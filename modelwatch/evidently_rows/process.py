"""Running the child: rows in files of a private folder, bounds on time and memory, and a named failure for all else."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwatch.evidently_rows.aliasing import Aliased

# Evidently alone is 0.6 GB of addresses, a report over 5,000 rows and 50 fields 1.8 GB; it comes to half a minute on a
# machine that has nothing else to do.
MEMORY_BYTES = 4 * 1024**3
SECONDS = 600
# The child is to end itself; this is for one that cannot any more.
_GRACE_SECONDS = 5
# Without these Evidently would write an id of its user to disk and tell its makers of its use.
_QUIET = {
    "DO_NOT_TRACK": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",
    "EVIDENTLY_DISABLE_TELEMETRY": "1",
}
# More threads than one reserve memory and wait for one another.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"), "1")
_HANDED_DOWN = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: addresses in bytes, and seconds of its life."""

    memory_bytes: int = MEMORY_BYTES
    seconds: int = SECONDS


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, in one sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the child answered: values by key, and the text of the page if it made one."""

    values: Mapping[str, Any]
    page: str | None


def run(task: Mapping[str, Any], rows: Aliased, limits: Limits) -> Answer | Failure:
    """Give a task to a child process, and wait for what becomes of it."""
    with tempfile.TemporaryDirectory(prefix="modelwatch-rows-") as name:
        folder = Path(name)
        rows.baseline.to_parquet(folder / "baseline.parquet")
        rows.current.to_parquet(folder / "current.parquet")
        about = {"memory_bytes": limits.memory_bytes, "seconds": limits.seconds, "fields": dict(rows.fields)}
        (folder / "task.json").write_text(json.dumps({**task, **about}))
        return _ended(folder, limits, _status(folder, limits))


def environment(folder: Path, outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The child's environment: nothing of the service's settings, no home but its own folder, no telemetry."""
    kept = {key: outer[key] for key in _HANDED_DOWN if key in outer}
    own = dict.fromkeys(("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(folder))
    return {**kept, **own, **_QUIET, **_ONE_THREAD}


def _status(folder: Path, limits: Limits) -> int | None:
    """The child's exit status, None when it had to be ended."""
    command = [sys.executable, "-m", "modelwatch.evidently_rows.child", str(folder)]
    with (folder / "said").open("wb") as said:
        child = subprocess.Popen(  # noqa: S603 - our own command
            command,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            return child.wait(limits.seconds + _GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _ended(folder: Path, limits: Limits, status: int | None) -> Answer | Failure:
    if status is None or status == -signal.SIGALRM:
        return Failure(f"it took longer than the {limits.seconds} seconds it has")
    if status < 0:
        return Failure(f"its process was ended by {signal.Signals(-status).name}{_memory_guess(folder)}")
    try:
        values = json.loads((folder / "answer.json").read_text())
        page = folder / "report.html"
        text = page.read_text(encoding="utf-8") if page.exists() else None
    except (OSError, ValueError):
        return Failure(f"its process ended with status {status} and no answer{_memory_guess(folder)}")
    return Failure(values["failure"]) if "failure" in values else Answer(values, text)


def _memory_guess(folder: Path) -> str:
    """Libraries that get no memory end a process in ways of their own; what they said tells."""
    said = (folder / "said").read_bytes()[-20_000:].lower()
    signs = (b"memoryerror", b"bad_alloc", b"cannot allocate memory", b"memory allocation", b"unable to allocate")
    return ": it ran out of the memory it may use" if any(sign in said for sign in signs) else ""
