"""Fields against time: how far each field was from its limit in each window, worst fields on top."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import altair as alt
import numpy as np
import pandas as pd

from dashboard import frames, states, words
from dashboard.charts import palette as shades
from dashboard.charts import time_axis
from dashboard.charts.palette import Palette

# A cell narrower than about four pixels cannot be read or pointed at: more windows are drawn some at a time.
MOST_COLUMNS = 200
ROW_PIXELS = 24
_AROUND_PIXELS = 110  # axis, legend and the names of changes: Altair's height includes them


def cells(frame: pd.DataFrame, where: ZoneInfo, this_year: int) -> pd.DataFrame:
    """One row a field and window (or run of windows, where there are too many): the worst result in it.

    ``frame`` holds results of one segment with a field, windows of one length. Columns: row (the field), start and
    end (wall clock milliseconds), band, mark (what stands in a cell that could not be judged), and the texts of the
    tooltip: window, state, method, value, limit, reason.
    """
    named = frame[frame["field"] != ""]
    columns = ["row", "start", "end", "band", "mark", "window", "state", "method", "value", "limit", "reason"]
    if named.empty:
        return pd.DataFrame(columns=columns)
    placed = _place(named)
    worst = frames.one_a_field(placed, "field", "column")
    bands = [_band(row.status, row.ratio) for row in frames.each(worst)]
    return pd.DataFrame(
        {
            "row": worst["field"].map(words.one_line).to_numpy(),
            "start": time_axis.wall_clock(worst["drawn_from"], where).to_numpy(),
            "end": time_axis.wall_clock(worst["drawn_to"], where).to_numpy(),
            "band": bands,
            "mark": [band[0] if band in shades.UNJUDGED else "" for band in bands],
            "window": time_axis.window_names(worst, where, this_year),
            "state": [states.status(status).label for status in worst["status"]],
            "method": worst["method"].map(words.method).to_numpy(),
            "value": [words.amount(row.method, row.value) for row in frames.each(worst)],
            "limit": [words.amount(row.method, row.threshold) for row in frames.each(worst)],
            "reason": worst["reason"].map(lambda text: words.shorten(text, 120)).to_numpy(),
        },
        columns=columns,
    )


def rows_worst_first(frame: pd.DataFrame) -> list[str]:
    """Field names by their last window, then by how often and how far they were beyond the limit before."""
    named = frame[frame["field"] != ""]
    if named.empty:
        return []
    last = frames.one_a_field(frames.latest_windows(named), "field").set_index("field")
    history = named.assign(ratio=named["ratio"].clip(upper=3)).groupby("field")["ratio"].mean()
    order = pd.DataFrame({"history": history})
    order["rank"] = last["rank"].reindex(order.index).fillna(9)
    order["ratio"] = last["ratio"].reindex(order.index)
    order["name"] = order.index
    ordered = order.sort_values(
        ["rank", "ratio", "history", "name"], ascending=[True, False, False, True], na_position="last"
    )
    return [words.one_line(str(name)) for name in ordered.index]


def windows_a_column(frame: pd.DataFrame) -> int:
    """How many windows one column of the heat map stands for: 1 unless there are more than MOST_COLUMNS."""
    return max(1, -(-frame["window_end"].nunique() // MOST_COLUMNS))


def heatmap(
    drawn: pd.DataFrame,
    rows: Sequence[str],
    alerts: pd.DataFrame,
    changes: pd.DataFrame,
    colours: Palette,
) -> alt.LayerChart | alt.FacetChart:
    """The chart of ``cells`` for these rows, in this order.

    ``alerts`` is a frame of ``time_axis.alerts_frame`` and ``changes`` one of ``time_axis.changes_frame``.
    """
    span = (int(drawn["start"].min()), int(drawn["end"].max()))
    shown = drawn[drawn["row"].isin(list(rows))]
    x = time_axis.x_axis("start", span)
    y = alt.Y(
        "row:N",
        sort=list(rows),
        title=None,
        axis=alt.Axis(labelLimit=190, labelOverlap=False, ticks=False, domain=False),
    )
    base = alt.Chart(shown).encode(x=x, y=y, tooltip=_TOOLTIP)
    bands = [band for band in shades.BANDS if band not in shades.UNJUDGED or band in set(shown["band"])]
    rectangles = base.mark_rect(stroke=colours.paper, strokeWidth=1).encode(
        x2="end:T",
        color=alt.Color(
            "band:N",
            scale=alt.Scale(domain=bands, range=[colours.of(band) for band in bands]),
            legend=alt.Legend(
                title=None,
                orient="bottom",
                columns=len(bands),
                symbolType="square",
                symbolSize=130,
                symbolStrokeWidth=1,
                symbolStrokeColor=colours.quiet,
                labelLimit=220,
            ),
        ),
    )
    layers: list[alt.Chart | alt.LayerChart] = [rectangles]
    unjudged = shown[shown["mark"] != ""].assign(middle=lambda f: (f["start"] + f["end"]) / 2)
    if len(unjudged):
        marks = alt.Chart(unjudged).mark_text(color=colours.ink, opacity=0.75, fontSize=10)
        layers.append(marks.encode(x=time_axis.x_axis("middle", span), y=y, text="mark:N", tooltip=_TOOLTIP))
    begun = alerts[alerts["row"].isin(list(rows)) & alerts["at"].between(*span)]
    if len(begun):
        layers.append(time_axis.alert_marks(begun, span, colours).encode(y=y))
    layers += time_axis.change_marks(changes, span, colours)
    return alt.layer(*layers).properties(height=len(rows) * ROW_PIXELS + _AROUND_PIXELS, padding=time_axis.PADDING)


_TOOLTIP = [
    alt.Tooltip("row:N", title="Field"),
    alt.Tooltip("window:N", title="Window"),
    alt.Tooltip("state:N", title="State"),
    alt.Tooltip("method:N", title="Method"),
    alt.Tooltip("value:N", title="Value"),
    alt.Tooltip("limit:N", title="Limit"),
    alt.Tooltip("reason:N", title="Reason"),
]


def _place(named: pd.DataFrame) -> pd.DataFrame:
    """Where each result is drawn: sliding windows overlap, so a cell begins where the one before it ended."""
    ends = np.sort(named["window_end"].unique())
    together = windows_a_column(named)
    column_of = {end: position // together for position, end in enumerate(ends)}
    placed = named.assign(column=named["window_end"].map(column_of))
    previous = dict(zip(ends[1:], ends[:-1], strict=True))
    before = placed["window_end"].map(previous).astype(placed["window_end"].dtype)
    begins = placed["window_start"].where(before.isna() | (before < placed["window_start"]), before)
    placed = placed.assign(begins=begins)
    groups = placed.groupby("column")
    return placed.assign(
        drawn_from=groups["begins"].transform("min"), drawn_to=groups["window_end"].transform("max")
    ).drop(columns="begins")


def _band(status: str, ratio: float) -> str:
    if status == "ok":
        return shades.NEAR if ratio >= 0.5 else shades.CALM
    return {
        "warning": shades.BEYOND,
        "critical": shades.FAR,
        "insufficient": shades.FEW,
        "nodata": shades.NODATA,
        "error": shades.FAILED,
    }[status]
