"""What the documents tell a user to write works as written."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from modelwatch.cli import app
from store.definition_reading import definition_from
from store.definitions import named_monitors

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)\)")


def blocks(document: Path, language: str) -> list[str]:
    return [text for name, text in _BLOCK.findall(document.read_text()) if name == language]


def shell_commands(document: Path) -> list[list[str]]:
    """The words of every command in the blocks without a language, continued lines joined."""
    text = "\n".join(blocks(document, "")).replace("\\\n", " ")
    starts = ("modelwatch ", "curl ", "make")
    lines = [line.strip() for line in re.split(r"\n(?=\S)", text) if line.startswith(starts)]
    return [shlex.split(line, comments=True) for line in lines]


def test_every_model_file_in_the_documents_can_be_applied() -> None:
    files = [text for document in DOCUMENTS for text in blocks(document, "yaml") if "task:" in text]
    assert len(files) >= 2
    for text in files:
        definition = definition_from(yaml.safe_load(text))
        assert named_monitors(definition)


def test_every_command_in_the_documents_exists() -> None:
    known: Mapping[str, Any] = getattr(get_command(app), "commands")  # noqa: B009 - not every command has some
    told = [words[1:] for document in DOCUMENTS for words in shell_commands(document) if words[0] == "modelwatch"]
    assert len(told) >= 8
    for words in told:
        command = known[words[0]]
        if hasattr(command, "commands"):
            command = command.commands[words[1]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = {words[1] for document in DOCUMENTS for words in shell_commands(document) if words[0] == "make"}
    assert {"demo", "test", "setup"} <= told <= targets


def test_the_bodies_that_the_readme_posts_are_json() -> None:
    posts = [words for words in shell_commands(ROOT / "README.md") if words[0] == "curl"]
    paths = {words[words.index("POST") + 1].rpartition("/")[2]: words[words.index("-d") + 1] for words in posts}
    assert {"timestamp", "features", "prediction_id"} <= json.loads(paths["predictions"])[0].keys()
    assert {"prediction_id", "label"} <= json.loads(paths["labels"]).keys()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in _LINK.findall(document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"
