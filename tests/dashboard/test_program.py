"""What the pages ask the program for: its answer, or one sentence about why there is none."""

import json
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard import program
from dashboard.program import PROGRAM, Failure, Words

Ask = Callable[[str], None]
START, END = datetime(2026, 5, 3, tzinfo=UTC), datetime(2026, 5, 4, tzinfo=UTC)
ECHO = """
import json, sys
sections = [{"title": "asked", "sentences": sys.argv[1:]}]
print(json.dumps({"headline": "as asked", "sections": sections}))
"""
WRITE = """
import pathlib, sys
out = next(each.partition("=")[2] for each in sys.argv if each.startswith("--out="))
pathlib.Path(out).write_text(repr([each for each in sys.argv[1:] if not each.startswith("--out=")]))
"""


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Sets a small script in the place of the program."""

    def use(text: str) -> None:
        script = tmp_path / "script.py"
        script.write_text(text)
        monkeypatch.setenv(PROGRAM, json.dumps([sys.executable, str(script)]))

    return use


def test_words_are_asked_for_by_the_results_id(ask: Ask) -> None:
    ask(ECHO)
    assert program.words_about(4711) == Words("as asked", (("asked", ("explain", "4711", "--json")),))


def test_a_report_is_asked_for_by_names_that_cannot_be_taken_for_options(ask: Ask) -> None:
    ask(WRITE)
    made = program.full_report("--help", START, END, "region=--out=x")
    assert (
        made
        == repr(
            [
                "report",
                "--window=2026-05-03T00:00:00+00:00/2026-05-04T00:00:00+00:00",
                "--segment=region=--out=x",
                "--",
                "--help",
            ]
        ).encode()
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("print('[]')", "the program's answer cannot be read"),
        ("print('words')", "the program's answer cannot be read"),
        ("import sys; print('modelwatch: there is no result 7', file=sys.stderr); sys.exit(2)", "there is no result 7"),
        ("import sys; sys.exit(3)", "it ended with status 3"),
    ],
)
def test_a_program_that_fails_is_told_in_its_own_last_words(ask: Ask, script: str, reason: str) -> None:
    ask(script)
    assert program.words_about(7) == Failure(reason)


def test_a_program_that_hangs_is_ended(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("import threading; threading.Event().wait()")
    monkeypatch.setattr(program, "EXPLAIN_SECONDS", 1)
    assert program.words_about(7) == Failure("no answer within 1 seconds")


def test_a_program_that_is_not_there_and_none_at_all_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAM, json.dumps(["/no/such/program"]))
    assert program.words_about(7) == Failure("the program cannot be started: No such file or directory")
    monkeypatch.delenv(PROGRAM)
    assert isinstance(program.words_about(7), Failure)
    assert program.arguments() == []


def test_one_report_is_made_at_a_time(ask: Ask, tmp_path: Path) -> None:
    """The first one waits for a line in a pipe; the second is turned away meanwhile."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    started = tmp_path / "started"
    os.mkfifo(started)
    ask(f"open({str(started)!r}, 'w').close()\nopen({str(gate)!r}).read()\n{WRITE}")
    first = threading.Thread(target=program.full_report, args=("credit", START, END, ""))
    first.start()
    started.read_text()
    assert program.full_report("credit", START, END, "") == Failure(
        "another report is being made: try again when it is done"
    )
    gate.write_text("go on")
    first.join()
