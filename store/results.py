"""Results: what every method said about every field in every window, kept for each revision of the window."""

import math
from collections.abc import Collection, Sequence
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, func, insert, select, update

from store.append import text_flaw
from store.records import Result, ResultKind, Status
from store.schema import model, monitor, result, run

_NUMBERS = ("value", "threshold", "p_value", "effect", "severity_score", "interval_low", "interval_high")
_AS_THEY_ARE = (
    "revision",
    "version",
    "kind",
    "method",
    "window_start",
    "window_end",
    "n_baseline",
    "n_current",
    "threshold_source",
    "severity",
    "confidence",
    "status",
    "baseline",
    "computed_at",
)


def add_results(conn: Connection, model_id: int, monitor_id: int, run_id: int, results: Sequence[Result]) -> list[int]:
    """Keep the results of one revision of a run, which from now on are its latest; earlier revisions stay.

    Returns their ids, rising, in the order given. A number that is not finite is kept as None, and the reason says
    so. Called inside ``store.engine.writing``. Raises ValueError when the results are of several revisions.
    """
    if not results:
        return []
    revisions = {each.revision for each in results}
    if len(revisions) > 1:
        raise ValueError(f"revision: the results of a run are kept one revision at a time, not {sorted(revisions)}")
    earlier = (result.c.run_id == run_id, result.c.latest, result.c.revision < revisions.pop())
    conn.execute(update(result).where(*earlier).values(latest=False))
    owner = {"model_id": model_id, "monitor_id": monitor_id, "run_id": run_id, "latest": True}
    statement = insert(result).returning(result.c.id, sort_by_parameter_order=True)
    return list(conn.execute(statement, [owner | _values(each) for each in results]).scalars())


def results(
    conn: Connection,
    *,
    model: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: ResultKind | None = None,
    statuses: Collection[Status] | None = None,
    monitors: Collection[str] | None = None,
    fields: Collection[str] | None = None,
    latest_only: bool = True,
    as_of: datetime | None = None,
    limit: int | None = None,
) -> list[Result]:
    """Results of windows that end in (since, until], so of what lies between the two instants.

    None leaves a side open, or takes results of every model, kind, status, monitor or field; the empty
    field is that of results on the whole model. ``as_of`` gives what was known at an
    instant: of every window the last revision that was computed by then, whatever became of it since. Ordered by window
    end, then by model, monitor, method, field, segment and revision. Of more than ``limit`` results those of the newest
    windows are given.
    """
    query = _named_results(model)
    if since is not None:
        query = query.where(result.c.window_end > since)
    if until is not None:
        query = query.where(result.c.window_end <= until)
    if kind is not None:
        query = query.where(result.c.kind == kind)
    for column, wanted in ((result.c.status, statuses), (monitor.c.name, monitors), (result.c.field, fields)):
        if wanted is not None:
            query = query.where(column.in_([text for text in wanted if text_flaw(text) is None]))
    if as_of is not None:
        query = _known_at(query, as_of)
    elif latest_only:
        query = query.where(result.c.latest)
    if limit is not None:
        query = query.order_by(result.c.window_end.desc(), result.c.id.desc()).limit(limit)
    return _read(conn, query)


def get_result(conn: Connection, result_id: int) -> Result | None:
    """The result with that id, of whichever revision; None where there is none."""
    row = conn.execute(_named_results(None).where(result.c.id == result_id)).one_or_none()
    return None if row is None else Result(*row)


def revisions_of(conn: Connection, of: Result) -> list[Result]:
    """What was said of the same window by the same method, field and segment, the oldest revision first."""
    query = _named_results(of.model).where(
        monitor.c.name == of.monitor,
        result.c.window_start == of.window_start,
        result.c.window_end == of.window_end,
        result.c.method == of.method,
        result.c.field == (of.field or ""),
        result.c.segment == (of.segment or ""),
    )
    return _read(conn, query)


def latest_window_results(conn: Connection, model: str | None = None) -> list[Result]:
    """The latest results of the last window that each monitor has judged, of monitors that are in force.

    Ordered like ``results``.
    """
    judged = select(result.c.id).where(result.c.run_id == run.c.id).exists()
    last_run = (
        select(run.c.id)
        .where(run.c.monitor_id == monitor.c.id, judged)
        .order_by(run.c.window_end.desc())
        .limit(1)
        .correlate(monitor)
        .scalar_subquery()
    )
    last_runs = select(last_run).select_from(monitor).where(monitor.c.active)
    return _read(conn, _named_results(model).where(result.c.run_id.in_(last_runs), result.c.latest))


def _named_results(model_name: str | None) -> Select[Any]:
    # By name, for the order of a record's fields is nobody's business here.
    columns = {column.name: column for column in result.c} | {
        "model": model.c.name,
        "monitor": monitor.c.name,
        "field": _none_if_empty(result.c.field),
        "segment": _none_if_empty(result.c.segment),
    }
    query = (
        select(*(columns[field.name].label(field.name) for field in fields_of(Result)))
        .join_from(result, model, model.c.id == result.c.model_id)
        .join(monitor, monitor.c.id == result.c.monitor_id)
    )
    return query if model_name is None else query.where(model.c.name == model_name)


def _known_at(query: Select[Any], instant: datetime) -> Select[Any]:
    """Only the last revision of every run that was computed by an instant."""
    known = (
        select(result.c.run_id, func.max(result.c.revision).label("revision"))
        .where(result.c.computed_at <= instant)
        .group_by(result.c.run_id)
        .subquery()
    )
    return query.join(known, (known.c.run_id == result.c.run_id) & (known.c.revision == result.c.revision))


def _none_if_empty(column: ColumnElement[str]) -> ColumnElement[Any]:
    return func.nullif(column, "", type_=Text())


def _read(conn: Connection, query: Select[Any]) -> list[Result]:
    # Sorted here, for two databases may sort names in two ways.
    return sorted((Result(*row) for row in conn.execute(query)), key=_position)


def _position(of: Result) -> tuple[Any, ...]:
    return of.window_end, of.model, of.monitor, of.method, of.field or "", of.segment or "", of.revision


def _values(of: Result) -> dict[str, Any]:
    numbers = {name: _finite(getattr(of, name)) for name in _NUMBERS}
    return (
        {name: getattr(of, name) for name in _AS_THEY_ARE}
        | numbers
        | {"field": of.field or "", "segment": of.segment or "", "reason": _reason(of, numbers)}
    )


def _finite(number: float | None) -> float | None:
    return None if number is None or not math.isfinite(number) else float(number)


def _reason(of: Result, kept: dict[str, float | None]) -> str:
    """The reason as both databases can keep it, and what was not a number named in it."""
    lost = [name for name, number in kept.items() if number is None and getattr(of, name) is not None]
    said = [of.reason] if of.reason else []
    if lost:
        said.append(f"not a finite number: {', '.join(lost)}")
    return "; ".join(said).replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
