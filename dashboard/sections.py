"""The parts of the model page, each drawn from the results that were chosen above it."""

from dataclasses import dataclass
from datetime import datetime

import altair as alt
import pandas as pd
import streamlit as st

from dashboard import choices, frames, show, tables, words
from dashboard.charts import heatmap, time_axis, timeline
from dashboard.charts.palette import Palette
from dashboard.facts import ModelFacts

ROWS_AT_FIRST = 25
_JUDGED = ["ok", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Picture:
    """What every part is drawn with: the model, the present instant, and the colours of the page's theme."""

    facts: ModelFacts
    now: datetime
    colours: Palette

    @property
    def year(self) -> int:
        return self.now.year


def fields_over_time(inputs: pd.DataFrame, transitions: pd.DataFrame, picture: Picture) -> None:
    """The heat map of fields against time."""
    show.section("Fields over time")
    drawn_from, left_out = frames.one_length(inputs[inputs["field"] != ""])
    if drawn_from.empty:
        show.note("No field was judged in this time range, monitor and segment.")
        return
    rows = heatmap.rows_worst_first(drawn_from)
    shown = rows
    if len(rows) > ROWS_AT_FIRST and not st.toggle(f"Show all {len(rows)} fields", key="all_fields"):
        shown = rows[:ROWS_AT_FIRST]
    where = picture.facts.zone
    cells = heatmap.cells(drawn_from, where, picture.year)
    span = (int(cells["start"].min()), int(cells["end"].max()))
    changes = time_axis.changes_frame(picture.facts.changes, where, span, picture.year)
    begun = time_axis.alerts_frame(transitions, drawn_from, where, picture.year)
    _chart(heatmap.heatmap(cells, shown, begun, changes, picture.colours), "Fields over time, the worst on top")
    show.note(_heatmap_note(drawn_from, left_out, len(begun) > 0, len(changes) > 0))


def drift_as_a_whole(inputs: pd.DataFrame, picture: Picture) -> None:
    """What the last window shows over all fields, how much it may hurt, and in which segment it is worst."""
    _reasons(frames.latest_windows(frames.whole_windows(inputs)), picture)
    _reasons(frames.broken_segments(inputs), picture)


def fields_table(inputs: pd.DataFrame, picture: Picture) -> None:
    """The fields of the last window, the worst first."""
    rows = tables.fields(inputs, picture.facts.episodes, picture.facts, picture.now)
    if rows.empty:
        return
    show.section("Fields in the last window, worst first")
    st.dataframe(
        rows,
        hide_index=True,
        height=min(38 + 35 * len(rows), 460),
        placeholder="",
        alt="Fields in the last window, the worst first",
        column_order=_told(rows),
        column_config={
            "field": st.column_config.TextColumn("Field", pinned=True, width=190),
            "state": st.column_config.TextColumn("State", width=110),
            "method": st.column_config.TextColumn("Measured by", width=130),
            "value": st.column_config.TextColumn("Value", width=70),
            "limit": st.column_config.TextColumn("Limit", width=70),
            "times_limit": st.column_config.NumberColumn(
                "Value / limit", format="%.2f", width=95, help="Above 1 the value is beyond its limit."
            ),
            "effect": st.column_config.TextColumn("Effect size", width=90),
            "since": st.column_config.TextColumn("Alert since", width=95),
            "trend": st.column_config.BarChartColumn(
                "Value / limit over time",
                width=190,
                y_min=0,
                y_max=2,
                help="Half height is the limit. Windows that could not be judged are left out.",
            ),
            "reason": st.column_config.TextColumn("Reason", width=260),
        },
    )


def one_field(inputs: pd.DataFrame, transitions: pd.DataFrame, picture: Picture) -> None:
    """One field over time, with its limit."""
    named = inputs[inputs["field"] != ""]
    if named.empty:
        return
    show.section("One field over time")
    names = list(frames.worst_first(frames.one_a_field(frames.latest_windows(named), "field"))["field"])
    names += sorted(set(named["field"]) - set(names))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        field = choices.field(names)
        of_field = named[named["field"] == field]
        latest = frames.worst_first(frames.latest_windows(of_field))
        measures = list(dict.fromkeys(zip(latest["monitor"], latest["method"], strict=True)))
        monitor, method = choices.measure(measures)
    series = of_field[(of_field["monitor"] == monitor) & (of_field["method"] == method)]
    _timeline(series, transitions, words.method(method), picture, "rows", None)


def performance(measured: pd.DataFrame, transitions: pd.DataFrame, picture: Picture) -> None:
    """One metric over time, with its limit, the baseline's own figure and the windows that wait for labels."""
    if measured.empty:
        return
    show.section("Performance over time")
    whole = measured[(measured["field"] == "") & (measured["method"] != frames.WORST_SEGMENT)]
    judged = whole[whole["status"].isin(_JUDGED)]
    now = frames.latest_windows(judged)
    # What is bad now comes first, then what was bad at its worst.
    bad_now = frames.worst_first(now[now["status"] != "ok"])["method"]
    metrics = list(dict.fromkeys([*bad_now, *frames.worst_first(judged)["method"], *sorted(whole["method"].unique())]))
    _reasons(frames.broken_segments(measured), picture)
    metric = choices.metric(metrics)
    series, _ = frames.one_length(whole[whole["method"] == metric])
    _timeline(series, transitions, words.method(metric), picture, "labels", frames.baseline_value(series))


def quality(chosen: pd.DataFrame, picture: Picture) -> None:
    """What the last window's quality checks found."""
    checks = frames.latest_windows(frames.of_kinds(chosen, "quality"))
    if checks.empty:
        return
    show.section("Data quality in the last window")
    rows = tables.quality(checks, picture.facts, picture.now)
    passed = int((checks["status"] == "ok").sum())
    show.note(f"{words.count(passed, 'check')} passed, {len(rows)} did not." if len(rows) else f"All {passed} passed.")
    if rows.empty:
        return
    st.dataframe(
        rows,
        hide_index=True,
        height=min(38 + 35 * len(rows), 320),
        placeholder="",
        alt="Quality checks that did not pass",
        column_order=_told(rows),
        column_config={
            "state": st.column_config.TextColumn("State", width=110),
            "check": st.column_config.TextColumn("Check", width=140),
            "field": st.column_config.TextColumn("Field", width=190),
            "value": st.column_config.TextColumn("Value", width=70),
            "limit": st.column_config.TextColumn("Limit", width=70),
            "rows": st.column_config.NumberColumn("Rows", format="localized", width=80),
            "window": st.column_config.TextColumn("Window", width=130),
            "reason": st.column_config.TextColumn("Reason", width=320),
        },
    )


def messages(sent: pd.DataFrame) -> None:
    """The last messages and whether they arrived."""
    show.section("Last alert messages")
    if sent.empty:
        show.note("No message has been sent about this model.")
        return
    st.dataframe(
        sent,
        hide_index=True,
        height=min(38 + 35 * len(sent), 320),
        placeholder="",
        alt="The last alert messages",
        column_config={
            "written": st.column_config.TextColumn("Written", width=100),
            "state": st.column_config.TextColumn("Delivery", width=110),
            "type": st.column_config.TextColumn("Message", width=75),
            "about": st.column_config.TextColumn("About", width=520),
            "channel": st.column_config.TextColumn("Channel", width=90),
            "attempts": st.column_config.NumberColumn("Attempts", width=85),
            "answer": st.column_config.TextColumn("Last answer", width=190),
        },
    )


def _reasons(results: pd.DataFrame, picture: Picture) -> None:
    """What these results say, a sentence for each with its window."""
    columns = (results[name] for name in ("window_start", "window_end", "reason"))
    for start, end, reason in zip(*columns, strict=True):
        show.sentence(f"{words.window(start, end, picture.facts.zone, picture.year)}: {reason}.")


def _told(rows: pd.DataFrame) -> list[str]:
    """The columns to show: all, but an optional one only where it says something in some row."""
    silent = {"reason", "since", "effect"} & {name for name in rows if rows[name].isin(["", "–"]).all()}
    return [str(name) for name in rows if name not in silent]


def _timeline(
    series: pd.DataFrame,
    transitions: pd.DataFrame,
    title: str,
    picture: Picture,
    waiting_for: str,
    baseline: float | None,
) -> None:
    where = picture.facts.zone
    points = timeline.points(series, where, picture.year)
    span = (int(points["start"].min()), int(points["end"].max()))
    changes = time_axis.changes_frame(picture.facts.changes, where, span, picture.year)
    begun = time_axis.alerts_frame(transitions, series, where, picture.year)
    chart = timeline.timeline(
        points, title, changes, picture.colours, alerts=begun, waiting_for=waiting_for, baseline=baseline
    )
    _chart(chart, f"{title} over time")
    said = {
        "pale band: 95 % interval": points["low"].notna().any(),
        "▲ a window beyond the limit": points["bad"].any(),
        "▶ an alert began": begun["at"].between(*span).any(),
        "dashed line: a deploy or a new version": len(changes) > 0,
        "tan column: no rows came": points["silent"].any(),
    }
    show.note(" · ".join(text for text, holds in said.items() if holds))


def _heatmap_note(drawn: pd.DataFrame, left_out: tuple[str, ...], alerts: bool, changes: bool) -> str:
    parts = []
    together = heatmap.windows_a_column(drawn)
    if together > 1:
        parts.append(f"Each column is the worst of {together} windows")
    if alerts:
        parts.append("▶ an alert began")
    if changes:
        parts.append("dashed line: a deploy or a new version")
    if left_out:
        names = words.listed([words.shorten(name) for name in left_out])
        parts.append(f"windows of another length are not drawn: choose monitor {names} to see them")
    return " · ".join(parts)


def _chart(chart: alt.LayerChart | alt.FacetChart, name: str) -> None:
    st.altair_chart(chart, width="stretch", alt=name)
