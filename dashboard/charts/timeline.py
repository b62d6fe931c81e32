"""One figure over time: a metric or one field's distance, with its limit, and the windows still open."""

from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard import frames, states, words
from dashboard.charts import palette, time_axis
from dashboard.charts.palette import Palette

HEIGHT = 280
_JUDGED = ("ok", "warning", "critical")


def points(frame: pd.DataFrame, where: ZoneInfo, this_year: int) -> pd.DataFrame:
    """One row a window of one method and field, oldest first.

    Columns: start, end, middle (wall clock milliseconds), value and limit (NaN where none), low and high (the ends of
    the value's interval, NaN where it has none), judged, bad, open (has rows, but too few to judge), silent (no rows),
    and the texts of the tooltip: window, state, shown, shown_interval, shown_limit, rows, reason.
    """
    ordered = frame.sort_values("window_end")
    start = time_axis.wall_clock(ordered["window_start"], where)
    end = time_axis.wall_clock(ordered["window_end"], where)
    judged = ordered["status"].isin(_JUDGED) & ordered["value"].notna()
    return pd.DataFrame(
        {
            "start": start,
            "end": end,
            "middle": (start + end) / 2,
            "value": ordered["value"].where(judged),
            "limit": ordered["threshold"],
            "low": ordered["interval_low"].where(judged),
            "high": ordered["interval_high"].where(judged),
            "judged": judged,
            "bad": ordered["status"].isin(["warning", "critical"]),
            "open": ordered["status"] == "insufficient",
            "silent": ordered["status"] == "nodata",
            "window": time_axis.window_names(ordered, where, this_year),
            "state": [states.status(status).label for status in ordered["status"]],
            "shown": [words.amount(row.method, row.value) for row in frames.each(ordered)],
            "shown_interval": [
                _interval(row.method, row.interval_low, row.interval_high) for row in frames.each(ordered)
            ],
            "shown_limit": [words.amount(row.method, row.threshold) for row in frames.each(ordered)],
            "rows": [f"{n:,}" for n in ordered["n_current"]],
            "reason": [words.shorten(text, 120) for text in ordered["reason"]],
        }
    ).reset_index(drop=True)


def timeline(
    drawn: pd.DataFrame,
    title: str,
    changes: pd.DataFrame,
    colours: Palette,
    *,
    alerts: pd.DataFrame,
    waiting_for: str,
    baseline: float | None = None,
) -> alt.LayerChart | alt.FacetChart:
    """The chart of ``points``.

    A solid line joins judged windows, and breaks where a window was not; the pale band is the interval of each value,
    the dashed line is the limit, the dotted one the baseline's own value. Triangles are windows beyond the limit;
    ``alerts`` (a frame of ``time_axis.alerts_frame``) are marked on the upper edge. Windows that are ``open`` are
    shaded and called "waiting for ``waiting_for``"; those without rows are shaded darker.
    """
    span = (int(drawn["start"].min()), int(drawn["end"].max()))
    y = alt.Y(
        "value:Q",
        title=title,
        scale=alt.Scale(domain=_reach(drawn, baseline), nice=False, zero=False),
        axis=alt.Axis(tickCount=5, titleLimit=240),
    )
    layers: list[alt.Chart | alt.LayerChart] = []
    waiting = drawn[drawn["open"]]
    if len(waiting):
        layers += _waiting(waiting, f"waiting for {waiting_for}", span, colours)
    silent = drawn[drawn["silent"]]
    layers += [_shade(silent, colours.of(palette.NODATA), span)] if len(silent) else []
    known = drawn[drawn["low"].notna() & drawn["high"].notna()]
    layers += [_band(known, span, colours)] if len(known) else []
    limits = drawn[drawn["limit"].notna()]
    if len(limits):
        layers += _limit(limits, span, colours)
    if baseline is not None:
        layers += _baseline(baseline, colours)
    chart = alt.Chart(drawn)
    line = chart.mark_line(color=colours.line, strokeWidth=2, invalid="break-paths-show-domains")
    layers.append(line.encode(x=time_axis.x_axis("middle", span), y=y))
    judged = drawn[drawn["judged"]]
    good, bad = judged[~judged["bad"]], judged[judged["bad"]]
    layers += [_dots(good, "circle", colours.line, 30, y, span)] if len(good) else []
    layers += [_dots(bad, "triangle-up", colours.bad, 110, y, span)] if len(bad) else []
    layers.append(_targets(drawn, span))
    begun = alerts[alerts["at"].between(*span)]
    layers += [time_axis.alert_marks(begun, span, colours).encode(y=alt.value(7))] if len(begun) else []
    layers += time_axis.change_marks(changes, span, colours)
    return alt.layer(*layers).properties(height=HEIGHT, padding=time_axis.PADDING)


_TOOLTIP = [
    alt.Tooltip("window:N", title="Window"),
    alt.Tooltip("state:N", title="State"),
    alt.Tooltip("shown:N", title="Value"),
    alt.Tooltip("shown_interval:N", title="95 % interval"),
    alt.Tooltip("shown_limit:N", title="Limit"),
    alt.Tooltip("rows:N", title="Rows"),
    alt.Tooltip("reason:N", title="Reason"),
]


def _reach(drawn: pd.DataFrame, baseline: float | None) -> list[float]:
    """The values that must be in sight, with a little room: figures, intervals, limits and the baseline's value."""
    figures = [drawn[name] for name in ("value", "limit", "low", "high")]
    seen = pd.concat([*figures, pd.Series([baseline], dtype=float)]).dropna()
    if seen.empty:
        return [0.0, 1.0]
    low, high = float(seen.min()), float(seen.max())
    room = (high - low) * 0.15 or abs(high) * 0.1 or 0.5
    return [low - room if low < 0 or low - room > 0 else 0.0, high + room]


def _targets(drawn: pd.DataFrame, span: tuple[int, int]) -> alt.Chart:
    """Invisible columns, so that pointing anywhere in a window tells about it; they also keep every window in sight."""
    targets = alt.Chart(drawn).mark_rect(opacity=0)
    encoded: alt.Chart = targets.encode(x=time_axis.x_axis("start", span), x2="end:T", tooltip=_TOOLTIP)
    return encoded


def _dots(judged: pd.DataFrame, shape: str, colour: str, size: int, y: alt.Y, span: tuple[int, int]) -> alt.Chart:
    dots = alt.Chart(judged).mark_point(shape=shape, filled=True, size=size, color=colour, opacity=1)
    encoded: alt.Chart = dots.encode(x=time_axis.x_axis("middle", span), y=y, tooltip=_TOOLTIP)
    return encoded


def _band(known: pd.DataFrame, span: tuple[int, int], colours: Palette) -> alt.Chart:
    """The interval of each window's value, as wide as the window: nothing is drawn between windows that have none."""
    band = alt.Chart(known).mark_rect(color=colours.line, opacity=0.15, clip=True)
    encoded: alt.Chart = band.encode(x=time_axis.x_axis("start", span), x2="end:T", y="low:Q", y2="high:Q")
    return encoded


def _interval(method: str, low: float, high: float) -> str:
    return "–" if pd.isna(low) or pd.isna(high) else f"{words.amount(method, low)} to {words.amount(method, high)}"


def _limit(limits: pd.DataFrame, span: tuple[int, int], colours: Palette) -> list[alt.Chart | alt.LayerChart]:
    line = alt.Chart(limits).mark_line(
        interpolate="step", color=colours.limit, strokeDash=[6, 4], strokeWidth=1.5, clip=True
    )
    name = alt.Chart(limits.tail(1).assign(name="limit")).mark_text(
        color=colours.limit, align="right", baseline="bottom", dy=-3, fontSize=11
    )
    return [
        line.encode(x=time_axis.x_axis("middle", span), y="limit:Q"),
        name.encode(x=time_axis.x_axis("end", span), y="limit:Q", text="name:N"),
    ]


def _baseline(value: float, colours: Palette) -> list[alt.Chart | alt.LayerChart]:
    frame = pd.DataFrame({"value": [value], "name": ["baseline"]})
    rule = alt.Chart(frame).mark_rule(color=colours.quiet, strokeDash=[1, 3], strokeWidth=1.5).encode(y="value:Q")
    name = (
        alt.Chart(frame)
        .mark_text(color=colours.quiet, align="left", baseline="bottom", dx=3, dy=-3, fontSize=11)
        .encode(x=alt.value(0), y="value:Q", text="name:N")
    )
    return [rule, name]


def _waiting(
    waiting: pd.DataFrame, words_for_it: str, span: tuple[int, int], colours: Palette
) -> list[alt.Chart | alt.LayerChart]:
    name = alt.Chart(waiting.tail(1).assign(name=words_for_it)).mark_text(
        color=colours.ink, align="right", baseline="bottom", dx=-4, fontSize=11
    )
    return [
        _shade(waiting, colours.waiting, span),
        name.encode(x=time_axis.x_axis("end", span), y=alt.value(16), text="name:N"),
    ]


def _shade(windows: pd.DataFrame, colour: str, span: tuple[int, int]) -> alt.Chart:
    shade = alt.Chart(windows).mark_rect(color=colour, opacity=0.8)
    encoded: alt.Chart = shade.encode(x=time_axis.x_axis("start", span), x2="end:T")
    return encoded
