"""What runs in the process that Evidently is given: it reads a task, works on rows, and writes an answer.

Nothing here knows a real name, a store or a setting. The process limits its own memory and life before it loads
anything, and can reach no network and start no other process once Evidently is loaded.
"""

import json
import math
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# What a process does to reach the network, or to leave through another one. Names are those of Python's audit events.
_REFUSED = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "socket.sendmsg",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
)
_MOST_OUTPUT = 512 * 1024 * 1024
_OUT_OF_MEMORY = "it ran out of the memory it may use"
Task = Mapping[str, Any]


def main(folder: Path) -> None:
    """Do the task in a folder: ``task.json`` and two files of rows in, ``answer.json`` out, ``report.html`` for one."""
    task: Task = json.loads((folder / "task.json").read_text())
    _limit(int(task["memory_bytes"]), int(task["seconds"]))
    try:
        answer = _TASKS[task["what"]](folder, task)
    except MemoryError:
        answer = {"failure": _OUT_OF_MEMORY}
    except Exception as error:
        # What a library that cannot be loaded into so little memory says.
        answer = {"failure": _OUT_OF_MEMORY if "failed to map segment" in str(error) else _told(error)}
    (folder / "answer.json").write_text(json.dumps(answer))


def _limit(memory_bytes: int, seconds: int) -> None:
    """Bounds that hold also when nobody watches this process any more."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_OUTPUT, _MOST_OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(seconds)


def _seal() -> None:
    """From here on, no network and no other process; an audit hook cannot be taken away again."""

    def refuse(event: str, _: object) -> None:
        if event in _REFUSED:
            raise PermissionError(f"{event} is not allowed here")

    sys.addaudithook(refuse)


def _test(folder: Path, task: Task) -> dict[str, Any]:
    """One test by name, on every field of a kind that it is for; a field it fails on does not stop the others."""
    from evidently.legacy.calculations.stattests.registry import get_registered_stattest
    from evidently.legacy.core import ColumnType

    _seal()
    baseline, current = _rows(folder)
    found: dict[str, dict[str, Any]] = {}
    for field, kind in task["fields"].items():
        column_type = ColumnType.Numerical if kind == "numeric" else ColumnType.Categorical
        before, now = baseline[field].dropna(), current[field].dropna()
        try:
            test = get_registered_stattest(task["test"], column_type)
            result = test(before, now, column_type, task["threshold"])
            found[field] = _score(float(result.drift_score), bool(result.drifted), float(result.actual_threshold))
        except MemoryError:
            raise
        except Exception as error:
            found[field] = {"failure": _told(error)}
    return {"fields": found}


def _score(score: float, drifted: bool, threshold: float) -> dict[str, Any]:
    if not math.isfinite(score):
        return {"failure": f"it answers with {score}, as it does where a field has one value only"}
    return {"score": score, "drifted": drifted, "threshold": threshold}


def _report(folder: Path, task: Task) -> dict[str, Any]:
    """The full report of drift and summary, as one page that needs nothing else."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset, DataSummaryPreset

    _seal()
    baseline, current = _rows(folder)
    numeric = [field for field, kind in task["fields"].items() if kind == "numeric"]
    others = [field for field, kind in task["fields"].items() if kind != "numeric"]
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=others)
    report = Report([DataDriftPreset(), DataSummaryPreset()])
    made = report.run(Dataset.from_pandas(current, definition), Dataset.from_pandas(baseline, definition))
    (folder / "report.html").write_text(made.get_html_str(as_iframe=False), encoding="utf-8")
    return {}


def _rows(folder: Path) -> tuple[Any, Any]:
    import pandas as pd

    return pd.read_parquet(folder / "baseline.parquet"), pd.read_parquet(folder / "current.parquet")


def _told(error: Exception) -> str:
    said = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {said}"[:300]


_TASKS: Mapping[str, Callable[[Path, Task], dict[str, Any]]] = {"test": _test, "report": _report}

if __name__ == "__main__":
    # Warnings of other people's code are of no use to anybody here.
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
    # Threads of libraries must not keep a finished process alive.
    sys.stdout.flush()
    os._exit(0)
