"""Fixtures for tests of the commands: a folder of their own, and a model with a baseline."""

import os
import shutil
from pathlib import Path

import pytest

from modelwatch.cli import main
from tests.modelwatch.command_line import MODEL_FILE, Answer, Command, rows


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of the test's own, where the settings are the defaults."""
    for name in [name for name in os.environ if name.startswith("MODELWATCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command(folder: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process, in that folder."""

    def run(*arguments: str) -> Answer:
        status = main(arguments)
        told = capsys.readouterr()
        return Answer(status, told.out, told.err)

    return run


@pytest.fixture
def credit(folder: Path, sqlite_template: Path, command: Command) -> Command:
    """A model with a baseline, applied."""
    Path("modelwatch-data").mkdir()
    shutil.copyfile(sqlite_template, "modelwatch-data/modelwatch.db")
    Path("credit.yaml").write_text(MODEL_FILE)
    rows(2000, "2026-01-01").to_csv("baseline.csv", index=False)
    assert command("apply", "credit.yaml").status == 0
    assert command("baseline", "credit", "baseline.csv", "--version", "3").status == 0
    return command
