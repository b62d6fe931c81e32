"""The time axis all charts share: the model's wall clock, and the changes of the model marked on it."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard import words
from dashboard.charts.palette import Palette
from dashboard.facts import Change

# More names than this would lie on top of each other; the rules stay, the names are in the tooltips.
MOST_NAMES = 12


def x_axis(column: str, domain: tuple[int, int]) -> alt.X:
    """The axis of ``column``, which holds wall clock milliseconds; drawn on a UTC scale, so no browser shifts it."""
    return alt.X(
        f"{column}:T",
        scale=alt.Scale(type="utc", domain=list(domain), nice=False),
        axis=alt.Axis(title=None, grid=False, labelOverlap="greedy", labelFlush=True, tickCount=8),
    )


def domain(frame: pd.DataFrame, where: ZoneInfo) -> tuple[int, int]:
    """From the start of the first window to the end of the last, in wall clock milliseconds."""
    return (
        words.wall_clock_millis(frame["window_start"].min(), where),
        words.wall_clock_millis(frame["window_end"].max(), where),
    )


def wall_clock(instants: pd.Series, where: ZoneInfo) -> pd.Series:
    """Wall clock milliseconds of a column of instants."""
    local = instants.dt.tz_convert(where).dt.tz_localize(None)
    # Floats: a browser would read 64-bit integers as another type of number.
    return pd.Series(local.astype("datetime64[ms]").astype("int64").to_numpy(dtype=float), index=instants.index)


def changes_frame(changes: Sequence[Change], where: ZoneInfo, within: tuple[int, int], this_year: int) -> pd.DataFrame:
    """Deploys and new versions inside ``within``; columns at (milliseconds), name, what, when, note.

    The first event of a version that was announced by a deploy is the same change, and is shown once.
    """
    announced = {change.version for change in changes if change.what == "deploy"}
    shown = [c for c in changes if c.what == "deploy" or c.version not in announced]
    rows = [
        {
            "at": float(at),
            "name": words.shorten(f"v{change.version}", 14),
            "what": "deploy" if change.what == "deploy" else "first event of this version",
            "when": words.moment(change.at, where, this_year),
            "note": words.shorten(change.note, 80),
        }
        for change in shown
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


def window_names(frame: pd.DataFrame, where: ZoneInfo, this_year: int) -> list[str]:
    """What each row's window is called."""
    known: dict[tuple[datetime, datetime], str] = {}
    names = []
    for pair in zip(frame["window_start"], frame["window_end"], strict=True):
        if pair not in known:
            known[pair] = words.window(*pair, where, this_year)
        names.append(known[pair])
    return names
