"""Evidently's full report of one window."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelwatch.commands.session import instant, model_named, open_store, put, say, settings
from modelwatch.failures import CommandError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modelwatch.row_samples import RowSample
    from modelwatch.windows import Window
    from store.records import Baseline, Model

LAST = "last"


def report(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The name of the model.", show_default=False)],
    window: Annotated[
        str,
        typer.Option(
            help="START/END, like 2026-05-01T00:00:00Z/2026-05-02T00:00:00Z, or last: the one of the newest row.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write, like report.html.", show_default=False)],
    segment: Annotated[
        str | None, typer.Option(help="Only rows of a segment, like region=north.", show_default=False)
    ] = None,
) -> None:
    """Write Evidently's report of a window against the baseline, from sampled rows of both.

    It takes from half a minute to some minutes, and needs the window's rows in the log.
    """
    if not out.parent.is_dir():
        raise CommandError(f"--out {out}: there is no folder {out.parent}")

    from modelwatch.evidently_rows.process import Failure
    from modelwatch.evidently_rows.reports import report_page

    with open_store(settings()) as engine, engine.connect() as conn:
        found = model_named(conn, model)
        span = _span(conn, found, window)
        baseline, before, now = _rows(conn, found, span, segment or "")
    title = f"{model}: {_told(span.start)} to {_told(span.end)}"
    facts = [
        ("Rows", f"{_counted(now)} of the window, {_counted(before)} of the baseline"),
        ("Baseline", f"{baseline.id}, {baseline.origin}, version {baseline.version}"),
        ("Segment", segment or "the whole stream"),
        ("Drift", "is judged by Evidently's own limits here, not by those of the monitors"),
    ]
    say(f"comparing {facts[0][1]}")
    page = report_page(before, now, title, facts)
    if isinstance(page, Failure):
        raise CommandError(f"Evidently made no report: {page.reason}")
    if page.left_out:
        say(f"left out, without a value on one side: {', '.join(page.left_out[:10])}")
    try:
        out.write_text(page.html, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"--out {out} cannot be written: {error.strerror}") from error
    put(str(out))


def _rows(
    conn: "Connection", model: "Model", span: "Window", segment: str
) -> tuple["Baseline", "RowSample", "RowSample"]:
    """The baseline in force, its sampled rows, and those of the window; an error says which of them is not there."""
    from modelwatch.scheme import Scheme
    from modelwatch.window_rows import kept_rows, window_rows
    from store.baselines import active_baseline, get_binning

    baseline = active_baseline(conn, model.id)
    if baseline is None:
        raise CommandError(f"model {model.name} has no baseline yet: modelwatch baseline sets one")
    kept = kept_rows(conn, baseline)
    if kept is None:
        raise CommandError(
            f"no rows were kept of baseline {baseline.id}, which an earlier release has set: set it again with "
            "modelwatch baseline"
        )
    binning = Scheme.from_bytes(get_binning(conn, baseline.binning_id).payload).binning
    try:
        now = window_rows(conn, baseline, kept, binning, span.start, span.end, segment)
        before = kept_rows(conn, baseline, segment) or kept
    except ValueError as error:
        raise CommandError(f"--segment: {error}") from error
    where = f" in the segment {segment}" if segment else ""
    if not now.n_rows:
        raise CommandError(f"model {model.name} has no rows from {_told(span.start)} to {_told(span.end)}{where}")
    if not before.n_rows:
        raise CommandError(f"the rows kept of baseline {baseline.id} have none{where}")
    return baseline, before, now


def _span(conn: "Connection", model: "Model", text: str) -> "Window":
    from modelwatch.windows import Window

    if text == LAST:
        return _newest(conn, model)
    first, slash, second = text.partition("/")
    start, end = instant(first, "--window"), instant(second, "--window") if slash else None
    if start is None or end is None or start >= end:
        raise CommandError(f"--window {text!r} is no span: write START/END, or last")
    return Window(start, end)


def _newest(conn: "Connection", model: "Model") -> "Window":
    """The window that holds the newest row, as long as those of the first drift monitor, or of a default one."""
    from modelwatch.cycle.planning import window_plan
    from store.column_types import from_micros
    from store.definitions import MonitorSpec, named_monitors
    from store.prediction_log import last_ts

    newest = last_ts(conn, model.id)
    if newest is None:
        raise CommandError(f"model {model.name} has no rows yet")
    drift = (spec for spec in named_monitors(model.definition) if spec.kind == "drift")
    plan = window_plan(model, next(drift, MonitorSpec(kind="drift")))
    return next(plan.windows(from_micros(newest), plan.ceiling(from_micros(newest + 1))))


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _counted(rows: "RowSample") -> str:
    return f"{rows.n_rows:,} of {rows.n_total:,} rows"
