from datetime import UTC, datetime

import pytest

from dashboard import frames, tables
from tests.dashboard import story
from tests.dashboard.build import DEPLOY, episode, facts
from tests.dashboard.story import HOSTILE, LAST_END, NOW, result


def test_fields_come_worst_first_with_what_judged_them() -> None:
    frame = frames.results_frame(list(story.drifting()))
    rows = tables.fields(frames.of_kinds(frame, "drift", "quality"), (episode(),), facts(), NOW)
    assert list(rows["field"][:3]) == ["income", "region", "age"]
    assert list(rows["state"][:4]) == ["● critical", "▲ warning", "▲ warning", "✓ ok"]
    assert list(rows["method"][:3]) == ["KS", "missing share", "KS"]
    assert rows["since"].iloc[0] == "3 May"
    assert (rows["since"].iloc[1:] == "").all()


def test_a_trend_is_in_multiples_of_the_limit_oldest_first_and_bounded() -> None:
    frame = frames.results_frame(
        [
            result(value=9.0, end=LAST_END),
            result(value=0.05, end=LAST_END - 2 * story.DAY),
            result(value=None, status="nodata", end=LAST_END - story.DAY),
        ]
    )
    assert tables.fields(frame, (), facts(), NOW)["trend"].iloc[0] == [0.5, tables.TREND_TOP]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_the_text_it_is(name: str) -> None:
    rows = tables.fields(frames.results_frame([result(field=name)]), (), facts(), NOW)
    assert rows["field"].tolist() == [name]


def test_quality_lists_what_did_not_pass_and_nothing_else() -> None:
    frame = frames.results_frame(list(story.drifting()))
    rows = tables.quality(frame, facts(), NOW)
    assert list(zip(rows["check"], rows["field"], rows["window"], strict=True)) == [
        ("missing share", "region", "30 May")
    ]
    assert tables.quality(frames.results_frame(list(story.healthy("a"))), facts(), NOW).empty


def test_a_check_of_the_whole_model_says_so() -> None:
    frame = frames.results_frame([result(kind="quality", method="volume", field=None, status="critical", value=0.0)])
    assert tables.quality(frame, facts(), NOW)["field"].tolist() == ["(whole model)"]


def test_the_fleet_has_a_row_a_model_worst_first() -> None:
    blank = facts("blank", baseline=None, windows=(), last_received=None, events=())
    bad = facts("credit", episodes=(episode(),), changes=(DEPLOY,), dead_messages=1)
    rows = tables.fleet([facts("churn"), blank, bad], NOW).set_index("model")
    assert list(rows.index) == ["credit", "blank", "churn"]
    assert rows.loc["credit", "state"] == "● critical"
    assert rows.loc["credit", "why"] == "drift in income"
    assert rows.loc["credit", "since"] == "3 May"
    assert rows.loc["credit", "deliveries"] == "✖ 1 given up"
    assert rows.loc["churn", "last_event"] == "4 min ago"
    assert rows.loc["churn", "events"] == [1000]
    assert rows.loc["churn", "last_window"] == "30 May"
    assert rows.loc["churn", "baseline"] == "10,000 rows, 62 days ago, file train.csv"
    assert rows.loc["blank", "last_event"] == "never"
    assert rows.loc["blank", "why"] == "no event yet"
    assert tables.fleet([], datetime(2026, 1, 1, tzinfo=UTC)).empty
