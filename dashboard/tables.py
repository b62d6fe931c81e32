"""Rows for the tables of the pages: text and figures ready to be shown, the worst first."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from dashboard import facts as recorded
from dashboard import frames, states, verdict, words
from dashboard.facts import Episode, ModelFacts

TREND_WINDOWS = 60
# Twice the limit is where a result is critical; a trend that goes on above it says nothing more.
TREND_TOP = 3.0


def fleet(models: Sequence[ModelFacts], now: datetime) -> pd.DataFrame:
    """One row a model, the one that needs somebody most first.

    Columns: model, state, why, since, last_event, events (a list: the sparkline), last_window, baseline,
    deliveries, owner.
    """
    rows = [_fleet_row(facts, now) for facts in sorted(models, key=verdict.urgency)]
    return pd.DataFrame(
        rows,
        columns=[
            "model", "state", "why", "since", "last_event", "events", "last_window", "baseline", "deliveries",
            "owner",
        ],
    )  # fmt: skip


def fields(frame: pd.DataFrame, episodes: Sequence[Episode], facts: ModelFacts, now: datetime) -> pd.DataFrame:
    """One row a field: the worst of its results in the last window of each monitor, and its way there.

    ``frame`` holds results of drift and quality of one segment. Columns: field, state, method, value, limit,
    times_limit, effect, since, trend (multiples of the limit, oldest first), reason.
    """
    named = frame[frame["field"] != ""]
    latest = frames.worst_first(frames.one_a_field(frames.latest_windows(named), "field"))
    since = _since_by_key(episodes, facts, now)
    trends = _trends(named)
    rows = [
        {
            "field": words.one_line(row.field),
            "state": states.status(row.status).label,
            "method": words.method(row.method),
            "value": words.amount(row.method, row.value),
            "limit": words.amount(row.method, row.threshold),
            "times_limit": row.ratio,
            "effect": words.amount(row.method, row.effect),
            "since": since.get((row.monitor, row.method, row.field, row.segment), ""),
            "trend": trends.get((row.monitor, row.method, row.field), []),
            "reason": words.one_line(row.reason),
        }
        for row in frames.each(latest)
    ]
    return pd.DataFrame(
        rows,
        columns=["field", "state", "method", "value", "limit", "times_limit", "effect", "since", "trend", "reason"],
    )


def quality(frame: pd.DataFrame, facts: ModelFacts, now: datetime) -> pd.DataFrame:
    """Quality results of the last windows that are not ok, the worst first.

    Columns: state, check, field, value, limit, rows, window, reason.
    """
    latest = frames.worst_first(frames.latest_windows(frames.of_kinds(frame, "quality")))
    rows = [
        {
            "state": states.status(row.status).label,
            "check": words.method(row.method),
            "field": words.one_line(row.field) or "(whole model)",
            "value": words.amount(row.method, row.value),
            "limit": words.amount(row.method, row.threshold),
            "rows": int(row.n_current),
            "window": words.window(row.window_start, row.window_end, facts.zone, now.year),
            "reason": words.one_line(row.reason),
        }
        for row in frames.each(latest[latest["status"] != "ok"])
    ]
    return pd.DataFrame(rows, columns=["state", "check", "field", "value", "limit", "rows", "window", "reason"])


def _fleet_row(facts: ModelFacts, now: datetime) -> dict[str, object]:
    last = facts.last_judged
    return {
        "model": facts.name,
        "state": states.level(recorded.level(facts)).label,
        "why": verdict.in_brief(facts, now),
        "since": verdict.firing_since(facts, now),
        "last_event": words.age(facts.last_received, now) if facts.last_received else "never",
        "events": [n for _, n in facts.events],
        "last_window": words.window(last.start, last.end, facts.zone, now.year) if last else "none yet",
        "baseline": _baseline(facts, now),
        "deliveries": _deliveries(facts),
        "owner": words.one_line(facts.owner),
    }


def _baseline(facts: ModelFacts, now: datetime) -> str:
    baseline = facts.baseline
    if baseline is None:
        return "none yet"
    # The origin comes last, for it is what may be long.
    rows, made = words.count(baseline.n_rows, "row"), words.age(baseline.created_at, now)
    return f"{rows}, {made}, {words.shorten(baseline.origin, 80)}"


def _deliveries(facts: ModelFacts) -> str:
    if facts.dead_messages:
        return f"{states.delivery('dead').symbol} {facts.dead_messages} given up"
    return "✖ channel off" if facts.disabled_channels else ""


def _since_by_key(
    episodes: Sequence[Episode], facts: ModelFacts, now: datetime
) -> dict[tuple[str, str, str, str], str]:
    """When each alert began, by (monitor, method, field, segment)."""
    begun = {}
    for episode in episodes:
        start = verdict.begin(episode, facts)
        if start is not None:
            key = (episode.monitor, episode.method, episode.field or "", episode.segment or "")
            begun[key] = words.moment(start, facts.zone, now.year)
    return begun


def _trends(named: pd.DataFrame) -> dict[tuple[str, str, str], list[float]]:
    """The last multiples of the limit by (monitor, method, field); windows without a value are left out."""
    judged = named[named["ratio"].notna()].sort_values("window_end")
    capped = judged.assign(ratio=judged["ratio"].clip(upper=TREND_TOP))
    trends: dict[tuple[str, str, str], list[float]] = {}
    for row in frames.each(capped):
        trends.setdefault((row.monitor, row.method, row.field), []).append(round(row.ratio, 3))
    return {key: values[-TREND_WINDOWS:] for key, values in trends.items()}
