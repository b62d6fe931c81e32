from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from dashboard import frames
from dashboard.charts import heatmap, palette, time_axis, timeline
from dashboard.facts import Change
from tests.dashboard import story
from tests.dashboard.build import DEPLOY
from tests.dashboard.story import DAY, HOSTILE, LAST_END, result

ZONE = ZoneInfo("UTC")
YEAR = 2026
THEMES = [palette.palette("light"), palette.palette("dark")]


def no_alerts() -> pd.DataFrame:
    return pd.DataFrame(columns=["row", "at", "what", "when"])


def no_changes() -> pd.DataFrame:
    return time_axis.changes_frame((), ZONE, (0, 1), YEAR)


def drawn(results: list[Any]) -> pd.DataFrame:
    return heatmap.cells(frames.results_frame(results), ZONE, YEAR)


def test_bands_follow_the_recorded_status_and_the_multiple_of_the_limit() -> None:
    cells = drawn(
        [
            result(field="calm", value=0.04),
            result(field="near", value=0.06),
            result(field="beyond", value=0.15, status="warning"),
            result(field="far", value=0.25, status="critical"),
            result(field="few", value=None, status="insufficient"),
            result(field="none", value=None, status="nodata"),
            result(field="broken", value=None, status="error"),
        ]
    )
    assert cells.set_index("row")["band"].to_dict() == {
        "calm": palette.CALM,
        "near": palette.NEAR,
        "beyond": palette.BEYOND,
        "far": palette.FAR,
        "few": palette.FEW,
        "none": palette.NODATA,
        "broken": palette.FAILED,
    }
    assert cells.set_index("row")["mark"].to_dict() == {
        "calm": "", "near": "", "beyond": "", "far": "", "few": "…", "none": "○", "broken": "✖",
    }  # fmt: skip


def test_a_cell_is_the_worst_of_its_field_and_window() -> None:
    cells = drawn([result(), result(kind="quality", method="missing", value=0.2, threshold=0.05, status="critical")])
    assert len(cells) == 1
    assert cells["method"].tolist() == ["missing share"]


def test_cells_touch_and_lie_on_the_wall_clock_of_the_model() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime(2026, 5, 30, 22, tzinfo=UTC)
    cells = heatmap.cells(
        frames.results_frame([result(end=midnight), result(end=midnight - DAY)]), berlin, YEAR
    ).sort_values("start")
    assert cells["end"].iloc[0] == cells["start"].iloc[1]
    assert cells["end"].iloc[1] == datetime(2026, 5, 31, tzinfo=UTC).timestamp() * 1000
    assert cells["window"].tolist() == ["29 May", "30 May"]


def test_sliding_windows_do_not_lie_on_top_of_each_other() -> None:
    cells = drawn([result(end=LAST_END - DAY * back, window=7 * DAY) for back in range(3)]).sort_values("start")
    assert (cells["end"].to_numpy()[:-1] == cells["start"].to_numpy()[1:]).all()


def test_too_many_windows_are_drawn_some_at_a_time_by_their_worst() -> None:
    hour = timedelta(hours=1)
    results = [result(end=LAST_END - hour * back, window=hour) for back in range(500)]
    results.append(result(field="income", end=LAST_END - 499 * hour, window=hour, method="psi", status="critical"))
    frame = frames.results_frame(results)
    cells = heatmap.cells(frame, ZONE, YEAR).sort_values("start")
    assert heatmap.windows_a_column(frame) == 3
    assert len(cells) <= heatmap.MOST_COLUMNS
    assert cells["band"].tolist().count(palette.FAR) == 1
    assert (cells["end"].to_numpy()[:-1] == cells["start"].to_numpy()[1:]).all()


def test_rows_are_in_the_order_of_the_last_window_then_of_what_was() -> None:
    frame = frames.results_frame(
        [
            result(field="quiet", value=0.01),
            result(field="drifted", value=0.3, status="critical"),
            result(field="was-bad", value=0.01),
            result(field="was-bad", value=0.3, status="critical", end=LAST_END - DAY),
            result(field="quiet", value=0.01, end=LAST_END - DAY),
        ]
    )
    assert heatmap.rows_worst_first(frame) == ["drifted", "was-bad", "quiet"]


@pytest.mark.parametrize("colours", THEMES, ids=["light", "dark"])
def test_the_heat_map_is_a_valid_chart_that_names_no_column_after_a_field(colours: palette.Palette) -> None:
    frame = frames.results_frame(list(story.drifting(names=(*HOSTILE, "age"))))
    inputs = frames.of_kinds(frame, "drift", "quality")
    cells = heatmap.cells(inputs, ZONE, YEAR)
    span = (int(cells["start"].min()), int(cells["end"].max()))
    changes = time_axis.changes_frame((DEPLOY,), ZONE, span, YEAR)
    transitions = pd.DataFrame(
        {
            "monitor": ["drift"], "method": ["ks"], "field": [HOSTILE[0]], "segment": [""], "to_state": ["firing"],
            "window_end": pd.DatetimeIndex([datetime(2026, 5, 4, tzinfo=UTC)], dtype="datetime64[us, UTC]"),
        }
    )  # fmt: skip
    begun = time_axis.alerts_frame(transitions, inputs, ZONE, YEAR)
    chart = heatmap.heatmap(cells, heatmap.rows_worst_first(inputs), begun, changes, colours).to_dict()
    assert begun["at"].tolist() == [datetime(2026, 5, 4, tzinfo=UTC).timestamp() * 1000]
    named = {name for layer in chart["layer"] for name in encoded_fields(layer)}
    assert named <= {
        "start", "end", "middle", "at", "row", "band", "mark", "name", "window", "state", "method", "value", "limit",
        "reason", "what", "when", "note",
    }  # fmt: skip
    order = chart["layer"][0]["encoding"]["y"]["sort"]
    assert order[0] == HOSTILE[0]
    assert set(order) == {*HOSTILE, "age", "prediction", "score"}


def encoded_fields(layer: dict[str, Any]) -> set[str]:
    channels = layer["encoding"].values()
    single = {channel["field"] for channel in channels if isinstance(channel, dict) and "field" in channel}
    return single | {item["field"] for channel in channels if isinstance(channel, list) for item in channel}


def test_both_themes_have_all_colours_and_no_band_in_common() -> None:
    light, dark = THEMES
    assert len(set(light.bands)) == len(set(dark.bands)) == len(palette.BANDS)
    assert not set(light.bands) & set(dark.bands)


@pytest.mark.parametrize("colours", THEMES, ids=["light", "dark"])
def test_farther_from_harmless_is_farther_from_the_paper(colours: palette.Palette) -> None:
    """One hue whose contrast with the page rises with the distance: the heat map reads in grey too."""
    contrasts = [abs(luminance(colours.of(band)) - luminance(colours.paper)) for band in palette.BANDS[:4]]
    assert contrasts == sorted(contrasts)


def luminance(colour: str) -> float:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_line_breaks_where_a_window_was_not_judged() -> None:
    frame = frames.results_frame([r for r in story.drifting() if r.method == "roc_auc"])
    points = timeline.points(frame, ZONE, YEAR)
    assert points["value"].isna().sum() == 11
    assert points["open"].sum() == 10
    assert points["silent"].sum() == 1
    assert points["start"].is_monotonic_increasing
    assert points[points["open"]]["reason"].iloc[0].startswith("12 labels of 1,040 rows")


def test_a_value_that_was_not_judged_is_not_drawn() -> None:
    frame = frames.results_frame([result(value=0.7, status="insufficient", reason="3 rows")])
    assert timeline.points(frame, ZONE, YEAR)["value"].isna().all()


@pytest.mark.parametrize("colours", THEMES, ids=["light", "dark"])
def test_the_timeline_is_a_valid_chart_with_limit_baseline_and_waiting_windows(colours: palette.Palette) -> None:
    frame = frames.results_frame([r for r in story.drifting() if r.method == "roc_auc"])
    points = timeline.points(frame, ZONE, YEAR)
    chart = timeline.timeline(
        points, "ROC AUC", no_changes(), colours, alerts=no_alerts(), waiting_for="labels", baseline=0.91
    ).to_dict()
    texts = [row["name"] for rows in chart["datasets"].values() for row in rows if "name" in row]
    assert sorted(texts) == ["baseline", "limit", "waiting for labels"]
    low, high = next(
        layer["encoding"]["y"]["scale"]["domain"]
        for layer in chart["layer"]
        if "scale" in layer["encoding"].get("y", {})
    )
    assert low < 0.83 < 0.91 < high


def test_the_interval_of_each_judged_window_is_a_band_as_wide_as_the_window() -> None:
    judged = replace(result(kind="performance", method="accuracy", value=0.9), interval_low=0.88, interval_high=0.915)
    waiting = replace(judged, window_end=LAST_END + DAY, window_start=LAST_END, status="insufficient")
    points = timeline.points(frames.results_frame([judged, waiting]), ZONE, YEAR)
    assert points["shown_interval"].tolist() == ["0.88 to 0.915"] * 2
    chart = timeline.timeline(
        points, "accuracy", no_changes(), THEMES[0], alerts=no_alerts(), waiting_for="labels"
    ).to_dict()
    (band,) = [layer for layer in chart["layer"] if layer["encoding"].get("y2", {}).get("field") == "high"]
    (drawn_row,) = chart["datasets"][band["data"]["name"]]
    assert (drawn_row["low"], drawn_row["high"]) == (0.88, 0.915)
    assert (band["encoding"]["x"]["field"], band["encoding"]["x2"]["field"]) == ("start", "end")


def test_a_series_without_any_value_is_still_a_chart() -> None:
    points = timeline.points(frames.results_frame([result(value=None, threshold=None, status="nodata")]), ZONE, YEAR)
    chart = timeline.timeline(
        points, "KS", no_changes(), THEMES[0], alerts=no_alerts(), waiting_for="rows", baseline=None
    )
    assert len(chart.to_dict()["layer"]) >= 2


def test_changes_outside_the_picture_are_left_out_and_a_deploy_is_shown_once() -> None:
    first_event = Change(DEPLOY.at + timedelta(hours=1), DEPLOY.version, "version")
    late = Change(LAST_END + DAY, "9", "deploy")
    span = (0, int(LAST_END.timestamp() * 1000))
    shown = time_axis.changes_frame((DEPLOY, first_event, late), ZONE, span, YEAR)
    assert shown["name"].tolist() == ["v4"]
    assert shown["when"].tolist() == ["2 May 14:00"]
