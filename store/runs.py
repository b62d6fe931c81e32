"""The plan: one run for each window of each monitor, claimed with a lease, finished under its epoch.

A worker takes runs of one monitor for a while (the lease). Should it be stopped for longer, others take them over;
its epoch is then an old one, and what it still tries to commit changes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, get_args

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, func, or_, select, update

from store.column_types import Instant
from store.definitions import MonitorSpec
from store.engine import insert_into, writing
from store.records import Run, RunState
from store.schema import monitor, run

_COLUMNS = (
    run.c.id,
    run.c.monitor_id,
    run.c.window_start,
    run.c.window_end,
    run.c.state,
    run.c.revision,
    run.c.epoch,
    run.c.attempts,
)


def plan_runs(conn: Connection, monitor_id: int, windows: Sequence[tuple[datetime, datetime]]) -> int:
    """Put windows (start, end) of a monitor on the plan; how many were not on it yet.

    The monitor is then planned up to the latest end, or as far as it was already.
    """
    if not windows:
        return 0
    rows = [{"monitor_id": monitor_id, "window_start": start, "window_end": end} for start, end in windows]
    added = conn.execute(insert_into(conn, run).on_conflict_do_nothing().returning(run.c.id), rows).all()
    last = max(end for _, end in windows)
    behind = or_(monitor.c.planned_to.is_(None), monitor.c.planned_to < last)
    conn.execute(update(monitor).where(monitor.c.id == monitor_id, behind).values(planned_to=last))
    return len(added)


class PlanGap(NamedTuple):
    """Time that no planned window covers: from ``after``, the end of the window before (None: there is none), to the
    start of a window that ends at ``next_end``."""

    after: datetime | None
    next_end: datetime


def plan_gaps(conn: Connection, monitor_id: int) -> list[PlanGap]:
    """What the plan of a monitor has passed over, in order; first what lies before its first window."""
    before = func.lag(run.c.window_end, type_=Instant()).over(order_by=run.c.window_end).label("before")
    spans = select(before, run.c.window_start, run.c.window_end).where(run.c.monitor_id == monitor_id).subquery()
    query = (
        select(spans.c.before, spans.c.window_end)
        .where(or_(spans.c.before.is_(None), spans.c.before < spans.c.window_start))
        .order_by(spans.c.window_end)
    )
    return [PlanGap(*row) for row in conn.execute(query)]


def claim_runs(engine: Engine, *, limit: int, lease: timedelta, now: datetime) -> list[Run]:
    """The next runs of one active monitor, at most ``limit``, in the order of their windows; none when nothing is
    to be done. They are the caller's until ``now`` + ``lease``.

    ``now`` is wall time. While any run of a monitor is held under a lease that has not expired, nobody else gets
    another of its runs, so that its windows are judged one after the other. Monitors whose runs failed before come
    after the others, then those with the earliest window first.
    """
    with writing(engine) as conn:
        for monitor_id in _monitors_with_work(conn, now):
            if _locked(conn, monitor_id):
                claimed = _claim(conn, monitor_id, limit, now, now + lease)
                if claimed:
                    return claimed
    return []


def finish_runs(conn: Connection, runs: Sequence[tuple[Run, int]]) -> bool:
    """Mark claimed runs as done, each with the number of rows it has seen.

    False when one of them is no longer the caller's: somebody else claimed it after the lease expired, or it was
    given back. The caller must then roll the transaction back.
    """
    for each, n_seen in _in_order(runs):
        done = update(run).where(_still_held(each)).values(state="done", lease_until=None, n_seen=n_seen)
        if conn.execute(done).rowcount != 1:
            return False
    return True


def release_runs(conn: Connection, runs: Iterable[Run]) -> int:
    """Put claimed runs back on the plan, because they could not be computed; how many still were the caller's."""
    released = 0
    for each, _ in _in_order((each, 0) for each in runs):
        back = update(run).where(_still_held(each)).values(state="planned", lease_until=None)
        released += conn.execute(back).rowcount
    return released


def note_new_rows(conn: Connection, model_id: int, start: datetime, n_rows: int, n_labelled: int) -> int:
    """Note rows and labels that were counted into the hour (or other grain) at ``start`` after its windows were
    computed, or while they are; how many runs it concerns.

    New rows count for every monitor. Labels that came, changed or went, as ``n_labelled``, count for performance
    monitors only: they change nothing of what the others saw.
    """
    concerned = 0
    for monitor_id, spec in conn.execute(select(monitor.c.id, monitor.c.spec).where(monitor.c.model_id == model_id)):
        labels = n_labelled if msgspec.json.decode(spec, type=MonitorSpec).kind == "performance" else 0
        news = abs(n_rows) + abs(labels)
        if news:
            noted = (
                update(run)
                .where(
                    run.c.monitor_id == monitor_id,
                    run.c.window_end > start,
                    run.c.window_start <= start,
                    run.c.state != "planned",
                )
                .values(n_since=run.c.n_since + news)
            )
            concerned += conn.execute(noted).rowcount
    return concerned


def has_computed_runs(conn: Connection, model_id: int) -> bool:
    """Whether any window of a model has been computed, or is being computed, so that late rows matter to it."""
    begun = exists().where(
        run.c.monitor_id == monitor.c.id, monitor.c.model_id == model_id, run.c.state.in_(("claimed", "done"))
    )
    return bool(conn.execute(select(begun)).scalar_one())


def replan_stale(conn: Connection, monitor_id: int, min_share: float) -> int:
    """Put done runs back on the plan, as a new revision, when as much came into their window since as
    ``min_share`` of the rows they had seen, and at least one row; how many."""
    stale = and_(run.c.n_since >= 1, run.c.n_since >= min_share * run.c.n_seen)
    again = (
        update(run)
        .where(run.c.monitor_id == monitor_id, run.c.state == "done", stale)
        .values(state="planned", revision=run.c.revision + 1, attempts=0)
    )
    return conn.execute(again).rowcount


def list_runs(conn: Connection, monitor_id: int) -> list[Run]:
    """Every run of a monitor, in the order of windows."""
    query = select(*_COLUMNS).where(run.c.monitor_id == monitor_id).order_by(run.c.window_end)
    return [Run(*row) for row in conn.execute(query)]


def count_runs(conn: Connection) -> dict[RunState, int]:
    """How many runs of active monitors there are in each state."""
    query = (
        select(run.c.state, func.count())
        .join_from(run, monitor, monitor.c.id == run.c.monitor_id)
        .where(monitor.c.active)
        .group_by(run.c.state)
    )
    found = dict(map(tuple, conn.execute(query).all()))
    return {state: found.get(state, 0) for state in get_args(RunState)}


def _monitors_with_work(conn: Connection, now: datetime) -> list[int]:
    held = select(run.c.monitor_id).where(_held(now))
    query = (
        select(run.c.monitor_id)
        .join_from(run, monitor, monitor.c.id == run.c.monitor_id)
        .where(monitor.c.active, run.c.state.in_(("planned", "claimed")), run.c.monitor_id.not_in(held))
        .group_by(run.c.monitor_id)
        .order_by(func.max(run.c.attempts), func.min(run.c.window_end), run.c.monitor_id)
    )
    return list(conn.execute(query).scalars())


def _locked(conn: Connection, monitor_id: int) -> bool:
    """Whether nobody else is claiming runs of the monitor at this moment; they cannot until the transaction ends."""
    query = select(monitor.c.id).where(monitor.c.id == monitor_id)
    return conn.execute(query.with_for_update(skip_locked=True, key_share=True)).first() is not None


def _claim(conn: Connection, monitor_id: int, limit: int, now: datetime, until: datetime) -> list[Run]:
    """Claim the first open runs of a locked monitor; none when somebody was faster."""
    mine = run.c.monitor_id == monitor_id
    if conn.execute(select(run.c.id).where(mine, _held(now)).limit(1)).first() is not None:
        return []
    next_runs = (
        select(run.c.id)
        .where(mine, run.c.state.in_(("planned", "claimed")))
        .order_by(run.c.window_end)
        .limit(limit)
        .with_for_update()
    )
    claimed = (
        update(run)
        .where(run.c.id.in_(conn.execute(next_runs).scalars().all()))
        # What comes into the window from now on may be missed by this computation.
        .values(state="claimed", epoch=run.c.epoch + 1, attempts=run.c.attempts + 1, lease_until=until, n_since=0)
        .returning(*_COLUMNS)
    )
    return sorted((Run(*row) for row in conn.execute(claimed)), key=lambda each: each.window_end)


def _held(now: datetime) -> ColumnElement[bool]:
    return and_(run.c.state == "claimed", run.c.lease_until > now)


def _still_held(each: Run) -> ColumnElement[bool]:
    return and_(run.c.id == each.id, run.c.state == "claimed", run.c.epoch == each.epoch)


def _in_order(runs: Iterable[tuple[Run, int]]) -> list[tuple[Run, int]]:
    """In the order in which claims lock them, so that neither waits for the other for ever."""
    return sorted(runs, key=lambda pair: pair[0].window_end)
