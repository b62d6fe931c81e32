"""Which windows of a model's monitors are due, put on the plan in order, from the last planned one on."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from modelwatch.baselines import LOG_ORIGIN
from modelwatch.windows import Window, WindowPlan
from store.definitions import MonitorSpec, duration
from store.monitors import monitors
from store.profiles import row_counts
from store.records import Baseline, Model, Monitor
from store.runs import plan_runs, replan_stale

# A stream that fell silent gets this many windows that say so; then it rests until rows come again. Without the
# bound a replay of old history would plan empty windows up to today.
SILENT_WINDOWS = 7
# A computed window is due again when what came into it since is this share of the rows it had seen: fewer would hardly
# move a result, and every trickle of labels would make another revision.
STALE_SHARE = 0.05
# How many windows one monitor may add in one round; the rest follow in the next.
PLAN_LIMIT = 10_000


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
        due = list(islice(due_windows(model, monitor, baseline, starts, now), PLAN_LIMIT))
        if due:
            added += plan_runs(conn, monitor.id, [(window.start, window.end) for window in due])
    return added


def due_windows(
    model: Model, monitor: Monitor, baseline: Baseline, starts: Sequence[datetime], now: datetime
) -> Iterator[Window]:
    """Windows of ``monitor`` that ended, were left open for late rows long enough, and are not planned yet.

    ``starts`` are the beginnings of the profiled hours that hold rows, in order.
    """
    plan = window_plan(model, monitor.spec)
    grain = duration(model.definition.grain)
    after = monitor.planned_to or _first_boundary(plan, baseline, starts[0])
    silence = SILENT_WINDOWS * plan.step
    until = min(now - duration(monitor.spec.lateness), starts[-1] + grain + silence + plan.length)
    silent = 0
    position = 0
    for window in plan.windows(after, until):
        while position < len(starts) and starts[position] < window.start:
            position += 1
        has_rows = position < len(starts) and starts[position] < window.end
        silent = 0 if has_rows else silent + 1
        if silent <= SILENT_WINDOWS:
            yield window


def _first_boundary(plan: WindowPlan, baseline: Baseline, first_start: datetime) -> datetime:
    """Judging begins with the first row, but never inside rows of the log that made the baseline."""
    if baseline.origin.startswith(LOG_ORIGIN) and baseline.end is not None:
        return plan.ceiling(baseline.end)
    return plan.floor(first_start)
