from datetime import UTC, datetime, timedelta

import pytest

from dashboard import verdict
from dashboard.facts import Change, Labels, ModelFacts, level
from dashboard.states import Level
from tests.dashboard.build import DEPLOY, episode, facts, window
from tests.dashboard.story import DAY, HOSTILE, NOW


def said(model: ModelFacts) -> str:
    found = verdict.judge(model, NOW)
    return " ".join([found.headline, *found.details])


def test_a_healthy_model_is_said_to_be_healthy() -> None:
    found = verdict.judge(facts(), NOW)
    assert found.level == "ok"
    assert found.headline == "credit is healthy: 42 checks passed in the window of 30 May."
    assert found.details == ()
    assert found.command is None


def test_one_check_is_not_checks() -> None:
    assert "1 check passed" in said(facts(windows=(window({"ok": 1}),)))


def test_a_healthy_model_admits_what_it_could_not_judge() -> None:
    assert "2 others could not be judged" in said(facts(windows=(window({"ok": 40, "insufficient": 2}),)))


def test_drift_is_told_with_field_limit_since_and_the_deploy_before_it() -> None:
    model = facts(episodes=(episode(),), changes=(DEPLOY,))
    found = verdict.judge(model, NOW)
    assert found.level == "critical"
    assert found.headline == "credit needs you: drift in income since 3 May (KS 0.31, limit 0.1)."
    assert found.details == (
        "Last change before it: version 4 was deployed on 2 May 14:00, 10 hours earlier (retrained).",
    )


def test_since_is_the_first_bad_window_and_in_the_time_of_the_model() -> None:
    hourly = episode(since=datetime(2026, 5, 3, 15, tzinfo=UTC), window=timedelta(hours=1))
    assert "since 3 May 14:00" in said(facts(episodes=(hourly,)))


def test_the_nearest_change_before_the_first_bad_window_ended_is_named() -> None:
    changes = (
        Change(datetime(2026, 5, 3, 6, tzinfo=UTC), "5", "version"),
        DEPLOY,
        Change(datetime(2026, 5, 10, tzinfo=UTC), "6", "deploy"),
    )
    text = said(facts(episodes=(episode(),), changes=changes))
    assert "version 5 sent its first event on 3 May 06:00, within the first bad window" in text
    assert "version 6" not in text


def test_the_first_event_of_a_deployed_version_is_not_a_change_of_its_own() -> None:
    first_event = Change(datetime(2026, 5, 2, 15, tzinfo=UTC), "4", "version")
    assert "was deployed on 2 May 14:00" in said(facts(episodes=(episode(),), changes=(DEPLOY, first_event)))


def test_a_change_at_the_start_of_the_first_bad_window_is_not_zero_hours_earlier() -> None:
    change = Change(datetime(2026, 5, 3, tzinfo=UTC), "4", "deploy")
    text = said(facts(episodes=(episode(),), changes=(change,)))
    assert "version 4 was deployed on 3 May, as the first bad window began." in text


def test_shares_are_told_in_percent() -> None:
    unseen = episode(kind="quality", method="unseen", field="region", value=1.0, threshold=0.01)
    assert "unseen categories in region since 3 May (now 100\u00a0%, limit 1\u00a0%)" in said(facts(episodes=(unseen,)))


def test_a_fleet_of_one_is_told_as_that_model() -> None:
    model = facts(episodes=(episode(),))
    assert verdict.fleet_headline([model], NOW) == verdict.judge(model, NOW).headline


def test_a_change_long_before_is_no_cause() -> None:
    old = Change(datetime(2026, 4, 1, tzinfo=UTC), "4", "deploy")
    assert "Last change" not in said(facts(episodes=(episode(),), changes=(old,)))


def test_other_alerts_are_listed_by_field() -> None:
    model = facts(
        episodes=(
            episode(),
            episode(field="age", status="warning", value=0.12),
            episode(kind="quality", method="missing", field="region", monitor="quality", status="warning"),
            episode(kind="performance", method="roc_auc", field=None, monitor="performance", status="warning"),
        )
    )
    assert "Also: drift in age; missing share in region and worse ROC AUC." in said(model)


def test_a_worst_segment_is_told_in_words() -> None:
    model = facts(episodes=(episode(kind="performance", method="worst_segment", field=None, monitor="performance"),))
    assert "worse performance in one part of the stream" in said(model)


def test_no_open_alert_has_no_date() -> None:
    """A prototype wrote a date format where no alert was open."""
    model = facts()
    assert verdict.firing_since(model, NOW) == ""
    assert verdict.firing_since(facts(episodes=(episode(since=None),)), NOW) == ""
    assert "since" not in said(facts(episodes=(episode(since=None),)))
    assert "%" not in said(model)
    assert "NaT" not in said(model)


def test_an_alert_without_new_data_is_said_to_be_old() -> None:
    silent = facts(episodes=(episode(),), windows=(window({"nodata": 8}),))
    assert verdict.judge(silent, NOW).level == "critical"
    assert "No data in the window of 30 May, so the alert stays as it was." in said(silent)


def test_a_recovering_alert_still_fires_and_says_so() -> None:
    model = facts(episodes=(episode(state="recovering", status="ok"),))
    assert verdict.judge(model, NOW).level == "warning"
    assert "The last window was good" in said(model)


@pytest.mark.parametrize(
    ("model", "state", "text"),
    [
        (
            facts(windows=(window({"nodata": 8}),)),
            "nodata",
            "no rows in the window of 30 May. The last event came 4 min",
        ),
        (facts(windows=(window({"insufficient": 8}),)), "insufficient", "too few rows in the window of 30 May"),
        (facts(windows=(window({"ok": 7, "error": 1}),)), "error", "1 check failed in the window of 30 May"),
        (facts(windows=(window({"ok": 7, "warning": 1}),)), "pending", "1 check beyond a limit"),
        (facts(episodes=(episode(state="pending"),)), "pending", "waiting for another bad window: drift in income"),
    ],
)
def test_quiet_states(model: ModelFacts, state: Level, text: str) -> None:
    assert verdict.judge(model, NOW).level == state
    assert text in said(model)


@pytest.mark.parametrize(
    ("model", "text", "command"),
    [
        (
            facts(baseline=None, windows=(), last_received=None, events=()),
            "not received",
            "modelwatch ingest credit FILE",
        ),
        (facts(baseline=None, windows=()), "no baseline", "modelwatch baseline credit FILE"),
        (facts(windows=(), last_received=None, events=()), "no event yet", "modelwatch ingest credit FILE"),
        (facts(windows=()), "no window has been judged", "modelwatch cycle --once"),
    ],
)
def test_a_model_that_is_not_set_up_is_told_the_next_command(model: ModelFacts, text: str, command: str) -> None:
    found = verdict.judge(model, NOW)
    assert found.level == "waiting"
    assert text in found.headline
    assert found.command == command


def test_windows_that_wait_for_labels_are_counted_from_the_last_day_with_labels() -> None:
    model = facts(labels=Labels(datetime(2026, 5, 21, tzinfo=UTC), 10))
    assert "Labels to 20 May: 10 later windows wait for theirs." in said(model)
    assert "1 later window waits" in said(facts(labels=Labels(datetime(2026, 5, 21, tzinfo=UTC), 1)))
    assert "Labels" not in said(facts(labels=Labels(datetime(2026, 5, 31, tzinfo=UTC), 0)))
    assert "Performance is not known yet: 3 windows waiting" in said(facts(labels=Labels(None, 3)))


def test_messages_that_were_given_up_are_told() -> None:
    text = said(facts(dead_messages=2, disabled_channels=("pager",)))
    assert "2 alert messages were given up" in text
    assert "Channel switched off: pager." in text


def test_the_fleet_headline_counts_who_needs_somebody() -> None:
    models = [facts("churn"), facts("credit", episodes=(episode(),)), facts("pricing")]
    assert verdict.fleet_headline(models, NOW) == "1 of 3 models needs you: credit (drift in income, since 3 May)."
    both = [*models[:2], facts("late", windows=(window({"nodata": 3}),))]
    assert verdict.fleet_headline(both, NOW).startswith("2 of 3 models need you: credit (drift in income")
    assert "late (no data, last event 4 min ago)" in verdict.fleet_headline(both, NOW)


def test_a_fleet_without_trouble_has_a_headline_of_its_own() -> None:
    assert verdict.fleet_headline([facts(), facts("b")], NOW) == "No model needs you. 2 models watched."
    new = facts("new", baseline=None, windows=())
    assert verdict.fleet_headline([facts(), new], NOW) == "No model needs you. Not set up yet: new."
    assert verdict.fleet_headline([new], NOW) == "1 model, none of them judged yet: new."


def test_drift_alerts_that_stand_out_from_many_looks_are_named() -> None:
    sure, unsure = (facts(name, episodes=(episode(discovery=name == "a"),)) for name in "ab")
    assert verdict.fleet_discoveries([sure, unsure, facts("c")]) == (
        "1 of 2 models with drift alerts stands out from the chance of looking at the whole fleet: a. "
        "Of those that do in a quarter at most one in ten is expected to be false."
    )
    assert verdict.fleet_discoveries([unsure, facts("c")]).startswith("0 of 1 model with drift alerts stand out")
    assert verdict.fleet_discoveries([facts("c", episodes=(episode(),)), facts("d")]) == ""
    assert verdict.fleet_discoveries([sure]) == ""


def test_the_worst_model_comes_first() -> None:
    models = [
        facts("healthy"),
        facts("blank", baseline=None, windows=()),
        facts("mild", episodes=(episode(status="warning", value=0.11),)),
        facts("bad", episodes=(episode(value=0.3),)),
        facts("worse", episodes=(episode(value=0.5),)),
        facts("silent", windows=(window({"nodata": 1}),)),
        facts("broken", windows=(window({"error": 1}),)),
    ]
    names = [model.name for model in sorted(models, key=verdict.urgency)]
    assert names == ["worse", "bad", "mild", "broken", "silent", "blank", "healthy"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_comes_through_as_it_is_but_bounded(name: str) -> None:
    text = verdict.judge(facts(episodes=(episode(field=name),)), NOW).headline
    assert name[:24] in text
    assert len(text) < 140


def test_windows_of_several_lengths_are_told_by_the_last_end() -> None:
    weekly = window({"ok": 2}, monitor="weekly", start=window({}).end - 7 * DAY)
    assert "44 checks passed in the last windows, up to 30 May" in said(facts(windows=(weekly, window({"ok": 42}))))


def test_level_needs_a_baseline() -> None:
    assert level(facts(baseline=None)) == "waiting"
