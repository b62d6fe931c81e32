"""Which windows of a model's monitors are due, put on the plan in order, from the last planned one on."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from modelwatch.baselines import LOG_ORIGIN
from modelwatch.windows import Window, WindowPlan
from store.definitions import MonitorSpec, duration
from store.monitors import monitors
from store.profiles import row_counts
from store.records import Baseline, Model, Monitor
from store.runs import PlanGap, plan_gaps, plan_runs, replan_stale

# A stream that fell silent gets this many windows that say so; then it rests until rows come again. Without the
# bound a replay of old history would plan empty windows up to today. They are counted from the last row, never from
# the last round: how often the cycle looks must change nothing.
SILENT_WINDOWS = 7
# A computed window is due again when what came into it since is this share of the rows it had seen: fewer would hardly
# move a result, and every trickle of labels would make another revision.
STALE_SHARE = 0.05
# How many windows one monitor may add in one round; the rest follow in the next.
PLAN_LIMIT = 10_000

_INSTANT = timedelta(microseconds=1)


def window_plan(model: Model, spec: MonitorSpec) -> WindowPlan:
    """How the windows of a monitor are cut."""
    return WindowPlan(duration(spec.window), duration(spec.every or spec.window), ZoneInfo(model.definition.time_zone))


def plan_model(conn: Connection, model: Model, baseline: Baseline, now: datetime) -> int:
    """Put every due window of every active monitor on the plan; how many were added or became due again."""
    counts = [count for count in row_counts(conn, baseline.binning_id) if count.n_rows > 0]
    if not counts:
        return 0
    starts = [count.start for count in counts]
    added = 0
    for monitor in monitors(conn, model.id):
        added += replan_stale(conn, monitor.id, STALE_SHARE)
        gaps = plan_gaps(conn, monitor.id)
        due = list(islice(due_windows(model, monitor, baseline, starts, gaps, now), PLAN_LIMIT))
        if due:
            added += plan_runs(conn, monitor.id, [(window.start, window.end) for window in due])
    return added


def due_windows(
    model: Model,
    monitor: Monitor,
    baseline: Baseline,
    starts: Sequence[datetime],
    gaps: Sequence[PlanGap],
    now: datetime,
) -> Iterator[Window]:
    """Windows of ``monitor`` that ended, were left open for late rows long enough, and are not planned yet.

    ``starts`` are the beginnings of the profiled hours that hold rows, in order, ``gaps`` what the plan has passed
    over: rows may have come there since.
    """
    plan = window_plan(model, monitor.spec)
    grain = duration(model.definition.grain)
    silence = SILENT_WINDOWS * plan.step
    first = _first_boundary(plan, baseline, starts[0])
    spans = [(max(first, gap.after or first), gap.next_end - _INSTANT) for gap in gaps]
    spans.append((monitor.planned_to or first, now - duration(monitor.spec.lateness)))
    for after, until in spans:
        for since, to in _stretches(starts, silence + plan.length + grain):
            for window in plan.windows(max(after, since), min(until, to)):
                allowed = window.start >= first or not _is_of_log(baseline)
                if allowed and _holds_rows(starts, window.start - silence, window.end):
                    yield window


def _stretches(starts: Sequence[datetime], reach: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Spans of time outside of which no window is due: from a first row to ``reach`` behind the last one before a
    long silence. Stepping through the silence itself would take long where one row bears a wrong date."""
    since = last = starts[0]
    for start in starts[1:]:
        if start > last + reach:
            yield since, last + reach
            since = start
        last = start
    yield since, last + reach


def _holds_rows(starts: Sequence[datetime], start: datetime, end: datetime) -> bool:
    position = bisect_left(starts, start)
    return position < len(starts) and starts[position] < end


def _first_boundary(plan: WindowPlan, baseline: Baseline, first_start: datetime) -> datetime:
    """Judging begins with the first row, but never inside rows of the log that made the baseline."""
    if _is_of_log(baseline) and baseline.end is not None:
        return plan.ceiling(baseline.end)
    return plan.floor(first_start)


def _is_of_log(baseline: Baseline) -> bool:
    return baseline.origin.startswith(LOG_ORIGIN)
