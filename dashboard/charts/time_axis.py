"""The time axis all charts share: the model's wall clock, and the changes of the model marked on it."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard import words
from dashboard.charts.palette import Palette
from dashboard.facts import Change, distinct_changes

# More names than this would lie on top of each other; the rules stay, the names are in the tooltips.
MOST_NAMES = 12
# Room on top for the names of changes.
PADDING = {"top": 20, "bottom": 2, "left": 2, "right": 8}


def x_axis(column: str, span: tuple[int, int]) -> alt.X:
    """The axis of ``column``, which holds wall clock milliseconds; drawn on a UTC scale, so no browser shifts it.

    ``span`` is what the chart covers; under three days the axis shows hours, else days. No domain is set: Vega
    reads one given in numbers differently for rectangles and for points.
    """
    days = (span[1] - span[0]) / 86_400_000
    form = "%-d %b %H:%M" if days < 3 else "%-d %b" if days < 300 else "%b %Y"
    return alt.X(
        f"{column}:T",
        scale=alt.Scale(type="utc", nice=False),
        axis=alt.Axis(title=None, grid=False, format=form, labelOverlap="greedy", labelFlush=True, tickCount=8),
    )


def wall_clock(instants: pd.Series, where: ZoneInfo) -> pd.Series:
    """Wall clock milliseconds of a column of instants."""
    local = instants.dt.tz_convert(where).dt.tz_localize(None)
    # Floats: a browser would read 64-bit integers as another type of number.
    return pd.Series(local.astype("datetime64[ms]").astype("int64").to_numpy(dtype=float), index=instants.index)


def changes_frame(changes: Sequence[Change], where: ZoneInfo, within: tuple[int, int], this_year: int) -> pd.DataFrame:
    """Deploys and new versions inside ``within``; columns at (milliseconds), name, what, when, note."""
    rows = [
        {
            "at": float(at),
            "name": words.shorten(f"v{change.version}", 14),
            "what": "deploy" if change.what == "deploy" else "first event of this version",
            "when": words.moment(change.at, where, this_year),
            "note": words.shorten(change.note, 80),
        }
        for change in distinct_changes(tuple(changes))
        if within[0] <= (at := words.wall_clock_millis(change.at, where)) <= within[1]
    ]
    return pd.DataFrame(rows, columns=["at", "name", "what", "when", "note"])


def change_marks(changes: pd.DataFrame, span: tuple[int, int], colours: Palette) -> list[alt.Chart | alt.LayerChart]:
    """Dashed rules at changes, named on top; empty when there are none."""
    if changes.empty:
        return []
    marked = alt.Chart(changes).encode(
        x=x_axis("at", span),
        tooltip=[
            alt.Tooltip("name:N", title="Version"),
            alt.Tooltip("what:N", title="Change"),
            alt.Tooltip("when:N", title="At"),
            alt.Tooltip("note:N", title="Note"),
        ],
    )
    rules = marked.mark_rule(color=colours.ink, strokeDash=[4, 3], strokeWidth=1.5, opacity=0.8)
    if len(changes) > MOST_NAMES:
        return [rules]
    names = marked.mark_text(color=colours.ink, align="left", dx=3, dy=-7, baseline="bottom", fontSize=11).encode(
        y=alt.value(4), text="name:N"
    )
    return [rules, names]


def alerts_frame(transitions: pd.DataFrame, drawn: pd.DataFrame, where: ZoneInfo, this_year: int) -> pd.DataFrame:
    """Where alerts on the drawn results began to fire: at the end of the window that fired them.

    ``transitions`` has the columns monitor, method, field, segment, to_state and window_end; ``drawn`` are results.
    Columns: row (the field), at (milliseconds), what, when.
    """
    keys = ["monitor", "method", "field", "segment"]
    begun = transitions[transitions["to_state"] == "firing"].merge(drawn[keys].drop_duplicates(), on=keys)
    what = [
        f"{words.method(method)} ({monitor})" for method, monitor in zip(begun["method"], begun["monitor"], strict=True)
    ]
    return pd.DataFrame(
        {
            "row": begun["field"].map(words.one_line).to_numpy(),
            "at": wall_clock(begun["window_end"], where).to_numpy(),
            "what": what,
            "when": [f"with the window ending {words.moment(end, where, this_year)}" for end in begun["window_end"]],
        }
    )


def alert_marks(begun: pd.DataFrame, span: tuple[int, int], colours: Palette) -> alt.Chart:
    """A mark where each alert of ``alerts_frame`` began; the vertical place is for the caller to encode."""
    marks = alt.Chart(begun).mark_point(
        shape="triangle-right", filled=True, size=130, color=colours.bad, stroke=colours.paper, opacity=1
    )
    tooltip = [
        alt.Tooltip("row:N", title="Field"),
        alt.Tooltip("what:N", title="Alert"),
        alt.Tooltip("when:N", title="Began"),
    ]
    encoded: alt.Chart = marks.encode(x=x_axis("at", span), tooltip=tooltip)
    return encoded


def window_names(frame: pd.DataFrame, where: ZoneInfo, this_year: int) -> list[str]:
    """What each row's window is called."""
    known: dict[tuple[datetime, datetime], str] = {}
    names = []
    for pair in zip(frame["window_start"], frame["window_end"], strict=True):
        if pair not in known:
            known[pair] = words.window(*pair, where, this_year)
        names.append(known[pair])
    return names
