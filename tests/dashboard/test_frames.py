from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dashboard import frames, labels
from store.records import Result, Status
from tests.dashboard import story
from tests.dashboard.story import DAY, LAST_END, result


def test_absent_things_become_empty_text_and_nan() -> None:
    frame = frames.results_frame([result(field=None, segment=None, value=None, threshold=None, status="nodata")])
    row = frame.iloc[0]
    assert row["field"] == ""
    assert row["segment"] == ""
    assert np.isnan(row["value"])
    assert np.isnan(row["ratio"])
    assert row["id"] == -1


def test_no_results_is_a_frame_with_all_columns() -> None:
    empty, full = frames.results_frame([]), frames.results_frame([result()])
    assert list(empty.columns) == list(full.columns)
    assert (empty.dtypes == full.dtypes)[["window_end", "value", "rank", "n_current"]].all()
    assert frames.latest_windows(empty).empty
    assert frames.one_length(empty)[0].empty


def test_ratio_is_the_multiple_of_the_limit_and_never_of_a_metric() -> None:
    frame = frames.results_frame(
        [
            result(value=0.25, threshold=0.1),
            result(value=0.25, threshold=0.0),
            result(kind="performance", method="roc_auc", value=0.8, threshold=0.85),
        ]
    )
    assert frame["ratio"].iloc[0] == pytest.approx(2.5)
    assert frame["ratio"].iloc[1:].isna().all()


def test_each_monitor_has_a_last_window_of_its_own() -> None:
    frame = frames.results_frame(
        [
            result(end=LAST_END - DAY),
            result(end=LAST_END, field="age"),
            result(end=LAST_END - 3 * DAY, monitor="weekly", field="old"),
        ]
    )
    assert sorted(frames.latest_windows(frame)["field"]) == ["age", "old"]


def test_only_a_segment_that_broke_in_the_last_judged_window_is_told() -> None:
    def worst(days_ago: int, status: Status) -> Result:
        end = LAST_END - days_ago * DAY
        return result(end=end, kind="performance", monitor="performance", method="worst_segment", status=status)

    broke = frames.results_frame([worst(2, "ok"), worst(1, "warning"), worst(0, "insufficient"), result()])
    assert list(frames.broken_segments(broke)["window_end"]) == [
        frames.results_frame([worst(1, "ok")])["window_end"][0]
    ]
    over = frames.results_frame([worst(1, "warning"), worst(0, "ok")])
    assert frames.broken_segments(over).empty
    assert frames.broken_segments(over.iloc[:0]).empty


def test_an_undefined_check_hides_neither_a_passed_nor_a_failed_one() -> None:
    frame = frames.results_frame(
        [
            result(field="a", status="ok"),
            result(field="a", kind="quality", method="unseen", status="insufficient", value=None),
            result(field="b", status="insufficient", value=None),
            result(field="c", status="ok"),
            result(field="c", kind="quality", method="missing", status="warning", value=0.2),
        ]
    )
    worst = frames.one_a_field(frame, "field").set_index("field")["status"].to_dict()
    assert worst == {"a": "ok", "b": "insufficient", "c": "warning"}


def test_only_the_longest_windows_share_a_picture_and_the_others_are_named() -> None:
    hourly = [
        result(monitor="hourly", end=LAST_END - timedelta(hours=back), window=timedelta(hours=1)) for back in range(3)
    ]
    kept, left_out = frames.one_length(frames.results_frame([result(), *hourly]))
    assert set(kept["monitor"]) == {"drift"}
    assert left_out == ("hourly",)


def test_labels_are_known_to_the_last_judged_window() -> None:
    frame = frames.results_frame(list(story.drifting()))
    known = labels.known(frame)
    assert known is not None
    assert known.known_to == datetime(2026, 5, 21, tzinfo=UTC)
    assert known.waiting == 10
    assert labels.known(frames.results_frame([result()])) is None


def test_the_baselines_own_figure_follows_from_the_recorded_effect() -> None:
    series = frames.results_frame(
        [result(kind="performance", method="roc_auc", field=None, value=0.8, effect=-0.11, status="warning")]
    )
    assert frames.baseline_value(series) == pytest.approx(0.91)
    assert frames.baseline_value(series.assign(effect=np.nan)) is None
