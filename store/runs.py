"""The plan: one row for each window of each monitor, claimed with a lease and finished behind a fence.

A claim raises the epoch of a run. Whoever commits must still hold that epoch, so a worker that slept past its lease
changes nothing. Windows of one monitor are claimed in order and by one worker at a time, for alerts are stepped in
that order.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, or_, select, update

from store.engine import insert_into, writing
from store.records import Run
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


class SeenRun(NamedTuple):
    """A computed window, and how many rows (labelled ones for performance) it had seen then."""

    id: int
    window_start: datetime
    window_end: datetime
    n_seen: int


def plan_runs(conn: Connection, monitor_id: int, windows: Sequence[tuple[datetime, datetime]]) -> int:
    """Put windows (start, end) on the plan of a monitor, in order; how many were not there yet.

    The monitor counts as planned up to the end of the last one.
    """
    if not windows:
        return 0
    known = set(
        conn.execute(
            select(run.c.window_end).where(
                run.c.monitor_id == monitor_id, run.c.window_end.between(windows[0][1], windows[-1][1])
            )
        ).scalars()
    )
    new = [
        {"monitor_id": monitor_id, "window_start": start, "window_end": end}
        for start, end in windows
        if end not in known
    ]
    if new:
        conn.execute(insert_into(conn, run).on_conflict_do_nothing(), new)
    conn.execute(update(monitor).where(monitor.c.id == monitor_id).values(planned_to=windows[-1][1]))
    return len(new)


def claim_runs(engine: Engine, *, limit: int, lease: timedelta, now: datetime) -> list[Run]:
    """The next windows of one monitor, in order, leased to the caller until ``now + lease``; none when nothing is due.

    Free are planned windows and those whose lease has run out, of active monitors of which nobody else holds a
    window. ``now`` is wall time.
    """
    with writing(engine) as conn:
        candidates = conn.execute(
            select(monitor.c.id)
            .where(monitor.c.active, exists().where(_free(now)), ~exists().where(_held(now)))
            .order_by(monitor.c.id)
        ).scalars()
        for monitor_id in candidates.all():
            found = _claim(conn, monitor_id, limit, lease, now)
            if found:
                return found
    return []


def finish_runs(conn: Connection, runs: Sequence[tuple[Run, int]]) -> bool:
    """Mark claimed runs as done, with how many rows each has seen.

    False when the claim on any of them is no longer ours: the caller must then roll back what it has written.
    """
    for each, n_seen in runs:
        finished = conn.execute(
            update(run)
            .where(run.c.id == each.id, run.c.epoch == each.epoch, run.c.state == "claimed")
            .values(state="done", lease_until=None, n_seen=n_seen)
        )
        if finished.rowcount != 1:
            return False
    return True


def release_runs(conn: Connection, runs: Sequence[Run]) -> None:
    """Give claimed runs back before their lease ends; those that are no longer ours stay as they are."""
    for each in runs:
        conn.execute(
            update(run)
            .where(run.c.id == each.id, run.c.epoch == each.epoch, run.c.state == "claimed")
            .values(state="planned", lease_until=None)
        )


def seen_runs(conn: Connection, monitor_id: int, limit: int) -> list[SeenRun]:
    """The last ``limit`` computed windows of a monitor, the newest first."""
    query = (
        select(run.c.id, run.c.window_start, run.c.window_end, run.c.n_seen)
        .where(run.c.monitor_id == monitor_id, run.c.state == "done")
        .order_by(run.c.window_end.desc())
        .limit(limit)
    )
    return [SeenRun(*row) for row in conn.execute(query)]


def replan_runs(conn: Connection, run_ids: Sequence[int]) -> int:
    """Put computed windows back on the plan; each will be computed as its next revision. How many were put back."""
    replanned = 0
    for run_id in run_ids:
        changed = conn.execute(
            update(run)
            .where(run.c.id == run_id, run.c.state == "done")
            .values(state="planned", revision=run.c.revision + 1, attempts=0)
        )
        replanned += changed.rowcount
    return replanned


def _claim(conn: Connection, monitor_id: int, limit: int, lease: timedelta, now: datetime) -> list[Run]:
    # On PostgreSQL two workers may have seen the monitor free at the same instant. The lock lets one of them go on,
    # and what it sees from here on is what was committed before it got the lock.
    locked = conn.execute(
        select(monitor.c.id).where(monitor.c.id == monitor_id).with_for_update(skip_locked=True)
    ).one_or_none()
    if locked is None or conn.execute(select(exists().where(_held(now, monitor_id)))).scalar_one():
        return []
    free = conn.execute(select(*_COLUMNS).where(_free(now, monitor_id)).order_by(run.c.window_end).limit(limit)).all()
    for row in free:
        conn.execute(
            update(run)
            .where(run.c.id == row.id)
            .values(state="claimed", epoch=row.epoch + 1, attempts=row.attempts + 1, lease_until=now + lease)
        )
    return [
        Run(
            id=row.id,
            monitor_id=row.monitor_id,
            window_start=row.window_start,
            window_end=row.window_end,
            state="claimed",
            revision=row.revision,
            epoch=row.epoch + 1,
            attempts=row.attempts + 1,
        )
        for row in free
    ]


def _free(now: datetime, monitor_id: int | None = None) -> ColumnElement[bool]:
    expired = and_(run.c.state == "claimed", run.c.lease_until <= now)
    return and_(_of(monitor_id), or_(run.c.state == "planned", expired))


def _held(now: datetime, monitor_id: int | None = None) -> ColumnElement[bool]:
    return and_(_of(monitor_id), run.c.state == "claimed", run.c.lease_until > now)


def _of(monitor_id: int | None) -> ColumnElement[bool]:
    return run.c.monitor_id == (monitor.c.id if monitor_id is None else monitor_id)
