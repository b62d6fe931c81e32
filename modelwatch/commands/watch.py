"""The cycle by hand, and what it found."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields as fields_of
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from modelwatch.commands.roles import cycle_settings
from modelwatch.commands.session import instant, model_named, now, open_store, put, say, settings
from modelwatch.failures import CommandError

if TYPE_CHECKING:
    from store.records import AlertRow, Result

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

# In the order of the documented contract.
RESULT_KEYS = (
    "model",
    "version",
    "monitor",
    "kind",
    "method",
    "field",
    "segment",
    "window_start",
    "window_end",
    "n_baseline",
    "n_current",
    "value",
    "threshold",
    "threshold_source",
    "p_value",
    "effect",
    "severity",
    "severity_score",
    "confidence",
    "status",
    "reason",
    "baseline",
    "computed_at",
    "interval_low",
    "interval_high",
    "id",
)


def cycle(
    once: Annotated[bool, typer.Option("--once", help="One round: everything that is due, to completion.")] = False,
    now_is: Annotated[
        str | None, typer.Option("--now", help="The instant to judge by, like 2026-05-01T00:00:00Z.")
    ] = None,
) -> None:
    """Do what is due, and answer in JSON.

    New rows are profiled, windows that ended are judged, alerts are stepped and messages delivered.
    """
    if not once:
        raise CommandError("say --once for one round; modelwatch scheduler runs them one after another")
    at = instant(now_is, "--now") or now()
    found = settings()

    from modelwatch.cycle import run

    with open_store(found) as engine:
        summary = run(engine, at, cycle_settings(found))
    put(json.dumps(summary.as_dict()))
    for error in summary.errors:
        say(error.splitlines()[0])
    if summary.errors:
        raise typer.Exit(1)


def results(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The name of the model.", show_default=False)],
    as_json: Json = False,
    since: Annotated[str | None, typer.Option(help="Only windows that end after this instant.")] = None,
    until: Annotated[str | None, typer.Option(help="Only windows that end at this instant or before.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only drift, quality, performance or estimate.")] = None,
    bad: Annotated[bool, typer.Option("--bad", help="Only warning and critical.")] = False,
    status: Annotated[list[str] | None, typer.Option(help="Only of this status; may be repeated.")] = None,
    monitor: Annotated[list[str] | None, typer.Option(help="Only of this monitor; may be repeated.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Only of this field; may be repeated.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="As it was known at this instant, before later labels and corrections."),
    ] = None,
) -> None:
    """List what the monitors of a model found."""
    from store.records import BAD, ResultKind, Status

    _check_known("--kind", () if kind is None else (kind,), get_args(ResultKind))
    _check_known("--status", status or (), get_args(Status))
    if bad and status:
        raise CommandError("--bad is short for --status warning --status critical: give one of the two")
    first, last, known_at = instant(since, "--since"), instant(until, "--until"), instant(as_of, "--as-of")

    from store.monitors import monitors
    from store.results import results as read_results

    with open_store(settings()) as engine, engine.connect() as conn:
        known = monitors(conn, model_named(conn, model).id, active_only=False)
        _check_known("--monitor", monitor or (), [each.name for each in known])
        found = read_results(
            conn,
            model=model,
            since=first,
            until=last,
            kind=kind,  # type: ignore[arg-type]
            statuses=BAD if bad else status or None,  # type: ignore[arg-type]
            monitors=monitor or None,
            fields=field or None,
            as_of=known_at,
        )
    if as_json:
        for result in found:
            put(result_line(result))
    elif found:
        _table(
            ("window end", "monitor", "method", "field", "segment", "value", "limit", "status", "reason"),
            [_result_row(result) for result in found],
        )
    elif bad or any((since, until, kind, status, monitor, field, as_of)):
        say(f"no result of model {model} is like that: modelwatch results {model} lists all there are")
    else:
        say(f"model {model} has no results yet: they come with modelwatch cycle --once or the scheduler")


def _check_known(flag: str, given: Iterable[str], known: Sequence[str]) -> None:
    for each in given:
        if each not in known:
            raise CommandError(f"{flag} {each!r} is not known: use {', '.join(known)}")


def alerts(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="Only of this model.")] = None,
    as_json: Json = False,
    everything: Annotated[bool, typer.Option("--all", help="Also inactive ones, as --json does anyway.")] = False,
) -> None:
    """List alerts and the state each is in."""
    from store.alerts import alert_rows

    with open_store(settings()) as engine, engine.connect() as conn:
        if model is not None:
            model_named(conn, model)
        found = alert_rows(conn, model=model)
    if as_json:
        for alert in found:
            put(_line({field.name: getattr(alert, field.name) for field in fields_of(alert)}))
    else:
        _tell_alerts(found, [alert for alert in found if everything or alert.state != "inactive"])


def _tell_alerts(found: Sequence["AlertRow"], shown: Sequence["AlertRow"]) -> None:
    if shown:
        _table(
            ("model", "monitor", "method", "field", "segment", "state", "since", "reason"),
            [_alert_row(alert) for alert in shown],
        )
    if not found:
        say("there are no alerts")
    elif len(shown) < len(found):
        say(f"{len(found) - len(shown):,} {'more are' if shown else 'alerts, all'} inactive: --all lists them")


def result_line(result: "Result") -> str:
    """A result as one line of JSON, with the keys of the documented contract."""
    return _line({key: getattr(result, key) for key in RESULT_KEYS})


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, default=_instant_text, allow_nan=False)


def _instant_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _result_row(result: "Result") -> tuple[str, ...]:
    return (
        f"{result.window_end:%Y-%m-%d %H:%M}",
        result.monitor,
        result.method,
        result.field or "",
        result.segment or "",
        _number(result.value),
        _number(result.threshold),
        result.status,
        result.reason,
    )


def _alert_row(alert: "AlertRow") -> tuple[str, ...]:
    return (
        alert.model,
        alert.monitor,
        alert.method,
        alert.field or "",
        alert.segment or "",
        alert.state,
        "" if alert.since is None else f"{alert.since:%Y-%m-%d %H:%M}",
        alert.reason or "",
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell, the last one as it is; a cell keeps to its line."""
    lines = [[_printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in lines) for column in range(len(heads) - 1)]
    for row in lines:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        put("  ".join([*padded, row[-1]]).rstrip())


def _printable(cell: str) -> str:
    # A name may hold anything, also what would move a terminal's cursor.
    return "".join(letter if letter.isprintable() else " " for letter in cell)
