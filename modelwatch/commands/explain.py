"""One result in words."""

import json
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelwatch.commands.session import open_store, put, settings
from modelwatch.commands.watch import Json, result_line

if TYPE_CHECKING:
    from modelwatch.explanation import Explanation

_WIDTH = 110


def explain(
    result: Annotated[
        int, typer.Argument(metavar="RESULT", help="The id of a result, as results --json has it.", show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Say in words what a result means, where its limit is from, and what may be behind it."""
    from modelwatch.explaining import explain as explained

    with open_store(settings()) as engine, engine.connect() as conn:
        found = explained(conn, result)
    put(explanation_line(found) if as_json else explanation_text(found))


def explanation_line(of: "Explanation") -> str:
    """An explanation as one JSON object: the sentences by what they are about, as ``sections`` too, and the result."""
    from modelwatch.explanation import sections

    values: dict[str, Any] = {name: value for name, value in asdict(of).items() if name != "result"}
    values["sections"] = [{"title": title, "sentences": sentences} for title, sentences in sections(of)]
    values["result"] = json.loads(result_line(of.result))
    return json.dumps(values, allow_nan=False)


def explanation_text(of: "Explanation") -> str:
    """An explanation for a terminal."""
    from modelwatch.explanation import sections

    lines = [_wrapped(of.headline, "")]
    for title, sentences in sections(of):
        lines += ["", title, *(_wrapped(sentence, "  ") for sentence in sentences)]
    return "\n".join(lines)


def _wrapped(sentence: str, indent: str) -> str:
    # A name may hold anything, also what would move a terminal's cursor.
    visible = "".join(letter if letter.isprintable() else " " for letter in sentence)
    return textwrap.fill(
        visible,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  " if indent else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
