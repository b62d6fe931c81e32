"""Two files side by side, without a server or a store."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelwatch.commands.session import put, say
from modelwatch.failures import CommandError

if TYPE_CHECKING:
    from modelwatch.comparison import Comparison
    from modelwatch.tabular import Mapped


def check(
    reference: Annotated[Path, typer.Option(help="The file to compare with.", show_default=False)],
    current: Annotated[Path, typer.Option(help="The file to look at.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")] = False,
    model_file: Annotated[
        Path | None, typer.Option(help="A model file that says what the columns are.", show_default=False)
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="A column to leave out; may be given again.", show_default=False)
    ] = None,
) -> None:
    """Compare two files, without a store.

    The exit status is 0 when the data did not change, 1 when it did, and 2 when that cannot be said.
    """
    from modelwatch.comparison import compare

    found = compare(reference, current, _mapped(model_file, ignore or []))
    for notice in found.notices:
        say(notice)
    if not found.judged:
        reason = next((each.reason for each in found.findings if each.kind == "drift"), "")
        raise CommandError(f"there are too few rows to compare: {reason}")
    if as_json:
        put(_as_json(found))
    else:
        _tell(found)
    raise typer.Exit(1 if found.changed else 0)


def _mapped(model_file: Path | None, ignore: list[str]) -> "Mapped":
    from dataclasses import replace

    import msgspec

    from modelwatch.model_file import read_model_file
    from modelwatch.tabular import Mapped, mapping_of

    mapped = Mapped() if model_file is None else mapping_of(read_model_file(model_file))
    columns = msgspec.structs.replace(mapped.columns, ignore=(*mapped.columns.ignore, *ignore))
    return replace(mapped, columns=columns)


def _as_json(found: "Comparison") -> str:
    findings = [{**asdict(each), "severity": each.severity} for each in found.findings]
    return json.dumps(
        {
            "drift": bool(found.changed),
            "n_reference": found.n_reference,
            "n_current": found.n_current,
            "changed_fields": sorted({each.field for each in found.changed if each.field is not None}),
            "findings": findings,
        },
        allow_nan=False,
    )


def _tell(found: "Comparison") -> None:
    for each in found.changed:
        limit = "" if each.threshold is None else f" (limit {each.threshold:.3g})"
        value = "" if each.value is None else f"{each.value:.3g}"
        put(f"{each.status:8}  {each.field}  {each.method} {value}{limit}: {each.reason}")
    n_fields = len({each.field for each in found.findings})
    n_changed = len({each.field for each in found.changed})
    verdict = f"{n_changed} of {n_fields} fields changed" if n_changed else f"none of {n_fields} fields changed"
    put(f"{verdict} ({found.n_reference:,} rows of reference, {found.n_current:,} current)")
