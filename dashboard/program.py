"""What the pages ask the program itself for, in a process of its own: the words about a result, and a full report.

The pages know no other room, and a report takes half a minute or more and a few gigabytes: both are good reasons for
another process. Whoever starts the dashboard says which program that is.
"""

import json
import os
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

PROGRAM = "MODELWATCH_PROGRAM"
EXPLAIN_SECONDS = 60
# The report has a limit of ten minutes of its own.
REPORT_SECONDS = 660
# A report may take 4 GiB: one at a time.
_reporting = threading.Lock()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, in one sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a result: a sentence, and sentences under headings."""

    headline: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]


def arguments() -> list[str]:
    """The program, as whoever started the dashboard has named it; empty where nobody did."""
    given = os.environ.get(PROGRAM, "")
    return [str(part) for part in json.loads(given)] if given else []


def words_about(result_id: int) -> Words | Failure:
    """What the program says of a result."""
    answer = _run(["explain", str(result_id), "--json"], EXPLAIN_SECONDS)
    if isinstance(answer, Failure):
        return answer
    try:
        told = json.loads(answer)
        return Words(told["headline"], tuple((each["title"], tuple(each["sentences"])) for each in told["sections"]))
    except (ValueError, KeyError, TypeError):
        return Failure("the program's answer cannot be read")


def full_report(model: str, start: datetime, end: datetime, segment: str) -> bytes | Failure:
    """The page of ``modelwatch report`` on a window; ``""`` is the whole stream."""
    if not _reporting.acquire(blocking=False):
        return Failure("another report is being made: try again when it is done")
    try:
        with tempfile.TemporaryDirectory(prefix="modelwatch-report-") as folder:
            out = Path(folder) / "report.html"
            window = f"{start.isoformat()}/{end.isoformat()}"
            of_segment = [f"--segment={segment}"] if segment else []
            # After the dashes a name is a name, also one that begins with a dash.
            answer = _run(["report", f"--window={window}", f"--out={out}", *of_segment, "--", model], REPORT_SECONDS)
            return answer if isinstance(answer, Failure) else out.read_bytes()
    finally:
        _reporting.release()


def _run(asked: list[str], seconds: int) -> str | Failure:
    program = arguments()
    if not program:
        return Failure(f"the dashboard was started without the program it should ask: {PROGRAM} is not set")
    try:
        done = subprocess.run([*program, *asked], capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603 - our own command
    except subprocess.TimeoutExpired:
        return Failure(f"no answer within {seconds} seconds")
    except OSError as error:
        return Failure(f"the program cannot be started: {error.strerror}")
    if done.returncode:
        said = done.stderr.strip().splitlines()
        return Failure(said[-1].removeprefix("modelwatch: ") if said else f"it ended with status {done.returncode}")
    return done.stdout
