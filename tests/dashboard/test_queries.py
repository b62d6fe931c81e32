from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from dashboard import queries, verdict
from dashboard.activity import by_day, days, event_clock
from dashboard.facts import ModelFacts
from store.definition_reading import definition_from
from store.engine import writing
from store.models import apply_definition, channels, disable_channel
from tests.dashboard import seed, story
from tests.dashboard.story import DAY, LAST_END, NOW, result


@pytest.fixture
def told(engine: Engine) -> dict[str, ModelFacts]:
    """Facts of a small story on each database."""
    seed.judged(engine, "credit", list(story.drifting(days=30)))
    seed.receive(engine, seed.declare(engine, "fresh"), NOW - timedelta(minutes=4), n=5)
    seed.declare(engine, "blank")
    return {facts.name: facts for facts in queries.fleet(engine, NOW)}


def test_facts_are_what_was_recorded(told: dict[str, ModelFacts]) -> None:
    credit = told["credit"]
    assert [(w.monitor, w.end) for w in credit.windows] == [
        ("drift", LAST_END), ("performance", LAST_END), ("quality", LAST_END),
    ]  # fmt: skip
    assert credit.windows[0].statuses == {"ok": 6, "warning": 1, "critical": 1}
    assert credit.baseline is not None
    assert credit.baseline.origin == "file train.csv"
    assert credit.last_received == NOW - timedelta(minutes=4)
    worst = credit.firing[0]
    assert (worst.field, worst.method, worst.status) == ("income", "ks", "critical")
    assert worst.since == datetime(2026, 5, 4, tzinfo=UTC)
    assert worst.window == DAY
    assert worst.value is not None
    assert worst.value > 0.2
    assert {e.method for e in credit.firing if e.kind == "performance"} == {"accuracy", "roc_auc"}


def test_events_are_counted_by_day_from_profiles_else_from_the_log(told: dict[str, ModelFacts]) -> None:
    assert len(told["credit"].events) == 14
    assert told["credit"].events[-2:] == ((LAST_END - DAY, 1000 + 37 * 30), (LAST_END, 1000 + 37 * 31))
    assert told["fresh"].events[-1] == (LAST_END, 5)
    assert told["fresh"].n_logged == 5
    assert told["blank"].events == ()


def test_each_model_says_what_it_needs(told: dict[str, ModelFacts]) -> None:
    assert verdict.judge(told["credit"], NOW).headline.startswith(
        "credit needs you: drift in income since 3 May (KS 0.3"
    )
    assert verdict.judge(told["fresh"], NOW).command == "modelwatch baseline fresh FILE"
    assert verdict.judge(told["blank"], NOW).command == "modelwatch ingest blank FILE"


def test_results_come_back_as_they_were_recorded_never_computed_again(engine: Engine) -> None:
    seed.judged(engine, "credit", [result(value=0.123456789, threshold=0.1, status="ok", effect=7.5)])
    row = queries.results(engine, "credit", None, None).iloc[0]
    assert (row["value"], row["status"], row["effect"]) == (0.123456789, "ok", 7.5)


def test_results_are_those_of_windows_that_end_in_the_range(engine: Engine) -> None:
    seed.judged(engine, "credit", [result(end=end) for end in story.ends(10)])
    frame = queries.results(engine, "credit", LAST_END - 3 * DAY, LAST_END - DAY)
    assert sorted(frame["window_end"]) == [LAST_END - 2 * DAY, LAST_END - DAY]
    assert queries.results(engine, "nobody", None, None).empty


def test_alert_changes_and_messages_are_read_with_names(engine: Engine) -> None:
    seed.drifting(engine, "credit", story.FEATURES[:2], days=30)
    changes = queries.transitions(engine, "credit")
    fired = changes[(changes["field"] == "income") & (changes["to_state"] == "firing")]
    assert list(fired["window_end"]) == [datetime(2026, 5, 4, tzinfo=UTC)]
    sent = queries.messages(engine, "credit", NOW)
    assert list(sent["state"]) == ["✖ given up", "✓ delivered"]
    assert list(sent["answer"]) == ["503 Service Unavailable", "200"]
    assert sent["about"].iloc[1] == "drift in income since 3 May"
    assert set(sent["channel"]) == {"on-call"}
    assert not sent.astype(str).apply(lambda column: column.str.contains("secret")).any().any()
    assert queries.transitions(engine, "nobody").empty
    assert queries.messages(engine, "nobody", NOW).empty


def test_messages_given_up_and_channels_switched_off_are_told(engine: Engine) -> None:
    model = seed.drifting(engine, "credit", story.FEATURES[:2], days=30)
    with writing(engine) as conn:
        disable_channel(conn, channels(conn, model.id)[0].id, "410 Gone")
    facts = queries.fleet(engine, NOW)[0]
    assert facts.dead_messages == 1
    assert facts.disabled_channels == ("on-call",)
    assert queries.fleet(engine, NOW + queries.DEAD_IS_NEWS + DAY)[0].dead_messages == 0


def test_the_first_version_is_no_change_and_a_deploy_is(engine: Engine) -> None:
    seed.drifting(engine, "credit", story.FEATURES[:2], days=30)
    changes = queries.fleet(engine, NOW)[0].changes
    assert [(c.version, c.what) for c in changes] == [("4", "deploy"), ("4", "version")]


def test_a_model_in_another_time_zone_has_its_own_days(engine: Engine) -> None:
    with writing(engine) as conn:
        definition = definition_from({"model": "tokyo", "task": "regression", "time_zone": "Asia/Tokyo"})
        apply_definition(conn, definition, NOW)
    assert queries.fleet(engine, NOW)[0].zone.key == "Asia/Tokyo"


def test_a_replayed_history_is_shown_where_its_events_are() -> None:
    long_ago = NOW - 400 * DAY
    assert event_clock(NOW, NOW, NOW - timedelta(hours=1)) == NOW
    assert event_clock(NOW + DAY, NOW, long_ago) == long_ago + DAY


def test_days_are_local_and_silent_ones_are_zero() -> None:
    spans = days(NOW, ZoneInfo("Europe/Berlin"))
    assert len(spans) == 14
    assert spans[-1][0] <= NOW < spans[-1][1]
    counted = by_day([(NOW, 3), (NOW - timedelta(hours=1), 4), (NOW - 100 * DAY, 9)], spans)
    assert [n for _, n in counted] == [0] * 13 + [7]
