"""From changed alerts to messages: one page for one cause, small, documented and readable."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.body import SuspectFacts
from alerts.lifecycle import Change, step
from alerts.messages import MAX_BODY_BYTES, MAX_SUSPECTS, Changed, Context, messages_for, to_outbox
from store.definitions import ChannelSpec, MonitorSpec
from store.records import AlertState, Channel, Result, Status
from tests.alerts.examples import BASELINE, CAUSE, DEPLOYS, DRIFT, MODEL, MONITOR, NOW, START, SUSPECTS, result
from tests.alerts.webhook_schema import strict_validator

CONTEXT = Context(MODEL, MONITOR, BASELINE, DEPLOYS, "https://modelwatch.example.org/?model=credit", n_firing=3)
VALIDATOR = strict_validator()
# Anything Unicode can hold, also what JSON and sentences cannot.
anything = st.text(st.characters(), max_size=300)
names = st.text(st.characters(), min_size=1, max_size=256)
numbers = st.none() | st.floats()


def fired(of: Result) -> Changed:
    alert, change = step(None, of, DRIFT, model_id=1, monitor_id=3)
    assert alert is not None
    assert change is not None
    return Changed(alert, change, of)


def resolved(of: Result) -> Changed:
    before = fired(replace(of, window_end=of.window_start, status="critical")).alert
    alert, change = step(before, of, DRIFT, model_id=1, monitor_id=3)
    assert alert is not None
    assert change is not None
    return Changed(alert, change, of)


def data_of(changed: Sequence[Changed], context: Context = CONTEXT) -> dict[str, Any]:
    (message,) = messages_for(changed, context, NOW)
    body = json.loads(message.body)
    VALIDATOR.validate(body)
    data: dict[str, Any] = body["data"]
    return data


def test_what_adds_up_over_windows_is_told_after_what_the_window_shows() -> None:
    def performance(method: str, value: float, threshold: float) -> Result:
        found = result(field=None, method=method, value=value, threshold=threshold, reason="a sentence of its own " * 6)
        return replace(found, kind="performance")

    accuracy = fired(performance("accuracy", 0.80, 0.87))
    both = [fired(performance("running_risk", 0.3, 0.1)), accuracy]
    data, alone = data_of(both), data_of([accuracy])
    assert [each["method"] for each in data["alerts"]] == ["accuracy", "running_risk"]
    assert data["summary"].startswith("credit: performance drop in accuracy and 1 more metric since ")
    # One sentence, about the worst.
    assert len(data["summary"]) <= len(alone["summary"]) + len(" and 1 more metric")


def test_a_run_gives_one_message_about_what_fired_and_one_about_what_resolved() -> None:
    changed = [fired(result(field=name)) for name in "abc"] + [resolved(result(0, "ok", field=name)) for name in "xy"]
    messages = messages_for(changed, CONTEXT, NOW)
    assert [message.type for message in messages] == ["alert.firing", "alert.resolved"]
    listed = [[alert["field"] for alert in json.loads(message.body)["data"]["alerts"]] for message in messages]
    assert listed == [["a", "b", "c"], ["x", "y"]]
    assert {message.ordering_key for message in messages} == {"monitor:3"}


@pytest.mark.parametrize(
    ("before", "after"), [("inactive", "pending"), ("pending", "inactive"), ("firing", "recovering")]
)
def test_what_is_not_announced_makes_no_message(before: AlertState, after: AlertState) -> None:
    changed = replace(fired(result()), change=Change(before, after))
    assert messages_for([changed], CONTEXT, NOW) == []
    assert messages_for([], CONTEXT, NOW) == []


def test_results_of_two_windows_are_not_one_run() -> None:
    with pytest.raises(ValueError, match="several windows"):
        messages_for([fired(result(0)), fired(result(1, field="age"))], CONTEXT, NOW)


def test_the_worst_come_first_whichever_side_of_the_limit_is_bad() -> None:
    changed = [
        fired(result(method="accuracy", field=None, value=0.7, threshold=0.8, status="warning")),
        fired(result(method="recall", field=None, value=0.2, threshold=0.8)),
        fired(result(method="log_loss", field=None, value=1.5, threshold=0.5)),
        fired(result(method="volume", field=None, value=0.0, threshold=500.0)),
        fired(result(method="mae", field=None, value=None, threshold=500.0)),
        fired(result(method="rmse", field=None, value=math.inf, threshold=500.0, status="warning")),
    ]
    alerts = data_of(changed)["alerts"]
    assert [alert["method"] for alert in alerts] == ["volume", "recall", "log_loss", "mae", "rmse", "accuracy"]
    assert alerts[4]["value"] is None


def test_of_many_alerts_the_worst_twenty_are_listed_and_all_are_counted() -> None:
    data = data_of([fired(result(field=f"f{n:02}", value=0.2 + n / 100)) for n in range(51)])
    assert (data["n_alerts"], data["n_omitted"], len(data["alerts"])) == (51, 31, 20)
    assert [alert["field"] for alert in data["alerts"]] == [f"f{n}" for n in range(50, 30, -1)]
    assert data["summary"].startswith("credit: drift in f50 and 50 more fields since 2026-05-03; worst: f50 KS 0.700 ")


@settings(max_examples=50)
@example([("0", "0", "", 0.0, math.inf), ("1", "0", "", math.inf, 0.0)], "", "")
@given(st.lists(st.tuples(names, names, anything, numbers, numbers), min_size=1, max_size=60), anything, anything)
def test_a_body_is_small_and_as_documented_whatever_the_data_call_themselves(
    rows: list[tuple[str, str, str, float | None, float | None]], owner: str, long: str
) -> None:
    changed = [
        fired(result(field=field, segment=segment, reason=reason, value=value, threshold=threshold))
        for field, segment, reason, value, threshold in rows
    ]
    context = replace(
        CONTEXT,
        definition=msgspec.structs.replace(MODEL, owner=owner[:200], runbook=f"https://example.org/{long * 6}"[:2000]),
        baseline=replace(BASELINE, origin=long),
        dashboard="https://modelwatch.example.org/?" + long * 20,
        deploys=[replace(DEPLOYS[1], note=long, version=owner)],
        suspects=[SuspectFacts("segment", field, segment, owner, 0.5, long) for field, segment, *_ in rows[:7]],
        cause=long,
    )
    (message,) = messages_for(changed, context, NOW)
    assert len(message.body.encode()) <= MAX_BODY_BYTES
    body = json.loads(message.body)
    VALIDATOR.validate(body)
    assert body["data"]["n_alerts"] == len(rows)
    assert body["data"]["n_omitted"] == len(rows) - len(body["data"]["alerts"])
    assert len(body["data"]["suspects"]) <= MAX_SUSPECTS
    assert body["data"]["summary"].isprintable()
    assert len(body["data"]["summary"]) < 1000


def test_suspects_are_told_by_name_where_alerts_fire_and_not_where_they_are_over() -> None:
    drop = result(field=None, method="accuracy", value=0.7, threshold=0.8)
    context = replace(CONTEXT, suspects=SUSPECTS, cause=CAUSE)
    told = data_of([fired(drop)], context)
    assert [each["kind"] for each in told["suspects"]] == ["field", "deploy"]
    assert told["cause"] == CAUSE
    assert "; suspects so far: income; version 7 (new income feed) went live 1 h 30 min before" in told["summary"]
    own = data_of([fired(result())], context)
    assert "suspects so far" not in own["summary"]
    assert (over := data_of([resolved(result(0, "ok"))], context))["suspects"] == []
    assert over["cause"] is None


def test_a_message_says_where_nothing_was_found() -> None:
    words = "no input changed: the relation between inputs and label may have changed"
    context = replace(CONTEXT, cause=words, deploys=())
    summary = data_of([fired(result(field=None, method="accuracy"))], context)["summary"]
    assert summary.endswith(f"; {words}")
    with_deploy = replace(CONTEXT, cause=f"{words}, or the model itself: {SUSPECTS[1].sentence}", suspects=SUSPECTS[1:])
    summary = data_of([fired(result(field=None, method="accuracy"))], with_deploy)["summary"]
    assert summary.count("went live") == 1


def test_one_long_alert_leaves_out_suspects_rather_than_growing_beyond_what_receivers_take() -> None:
    wide = "\N{PILE OF POO}" * 256
    suspects = [SuspectFacts("segment", wide, wide, wide, 0.5, wide * 2)] * 5
    data = data_of([fired(result(field=wide, segment=wide, reason=wide))], replace(CONTEXT, suspects=suspects))
    assert len(data["alerts"]) == 1
    assert 0 < len(data["suspects"]) < 5


def test_the_largest_body_still_lists_the_worst() -> None:
    wide = "\U0001f600" * 256
    changed = [fired(result(field=wide[:-2] + str(n), segment=wide, reason=wide, value=1.0 + n)) for n in range(10, 50)]
    data = data_of(changed, replace(CONTEXT, dashboard='"' * 2000, baseline=replace(BASELINE, origin=wide)))
    assert data["n_omitted"] == 40 - len(data["alerts"])
    assert 0 < len(data["alerts"]) < 20
    assert data["alerts"][0]["field"].endswith("49")


def test_text_of_others_cannot_break_the_sentence() -> None:
    data = data_of([fired(result(field="in\ncome\u202e\x00", reason="new: \u2028'<b>'\r\n")) for _ in range(1)])
    assert "in come KS 0.410 (limit 0.100), new: '<b>';" in data["summary"]
    assert data["alerts"][0]["field"] == "in\ncome\u202e\x00"


def summary(changed: Sequence[Changed], **context: Any) -> str:
    return str(data_of(changed, replace(CONTEXT, **{"deploys": (), **context}))["summary"])


def test_the_sentence_of_drift() -> None:
    income = fired(result(reason="mean 51,200 -> 512"))
    assert summary([income]) == (
        "credit: drift in income since 2026-05-03; worst: income KS 0.410 (limit 0.100), mean 51,200 -> 512"
    )
    north = fired(result(segment="region=north", value=0.9))
    assert summary([income, north]) == (
        "credit: drift in income since 2026-05-03; worst: income KS [region=north] 0.900 (limit 0.100)"
    )
    age = fired(result(field="age", value=0.2))
    assert summary([income, age]).startswith("credit: drift in income and 1 more field since")


def test_the_sentence_of_a_patient_monitor() -> None:
    patient = replace(MONITOR, spec=MonitorSpec(kind="drift", name="drift", fire_after=3))
    assert summary([fired(result())], monitor=patient).startswith(
        "credit: drift in income in 3 windows in a row, the last from 2026-05-03 to 2026-05-04; worst: income KS"
    )


def test_the_sentence_of_performance_and_of_quality() -> None:
    auc = replace(result(method="roc_auc", field=None, value=0.5, threshold=0.75), kind="performance")
    f1 = replace(result(method="f1", field=None, value=0.6, threshold=0.75), kind="performance")
    assert summary([fired(auc), fired(f1)]) == (
        "credit: performance drop in ROC AUC and 1 more metric since 2026-05-03; worst: ROC AUC 0.500 (limit 0.750)"
    )
    empty = replace(
        result(method="volume", field=None, value=0.0, threshold=1234.5, reason="no rows"),
        kind="quality",
        window_start=START + timedelta(hours=5),
    )
    assert summary([fired(empty)]) == (
        "credit: data quality problem in volume since 2026-05-03 05:00 UTC; worst: volume 0 (limit 1,234), no rows"
    )


def test_the_sentence_of_a_resolution() -> None:
    income = resolved(result(0, "ok", value=0.04, reason="error worsened"))
    start = (
        "credit: drift resolved in income by the window from 2026-05-03 to 2026-05-04; income KS 0.0400 (limit 0.100); "
    )
    assert summary([income], n_firing=0) == start + "nothing of this monitor is firing any more"
    assert summary([income], n_firing=1) == start + "1 alert of this monitor still firing"
    assert summary([income], n_firing=2) == start + "2 alerts of this monitor still firing"


def test_the_last_deploy_before_the_end_of_the_window_is_named() -> None:
    data = data_of([fired(result())])
    assert data["deploy"] == {
        "version": "7",
        "at": "2026-05-02T22:30:00Z",
        "seconds_before_window_end": 91_800,
        "note": "new income feed",
    }
    assert data["summary"].endswith("; version 7 (new income feed) went live 1 h 30 min before the window")
    inside = replace(DEPLOYS[1], at=START + timedelta(hours=3), note="")
    assert summary([fired(result())], deploys=[inside]).endswith("; version 7 went live 3 h 0 min into the window")
    at_once = replace(DEPLOYS[1], at=START, note="")
    assert summary([fired(result())], deploys=[at_once]).endswith("; version 7 went live as the window began")


def test_an_old_deploy_is_in_the_data_and_not_in_the_sentence() -> None:
    data = data_of([fired(result())], replace(CONTEXT, deploys=DEPLOYS[:1]))
    assert data["deploy"]["version"] == "6"
    assert "went live" not in data["summary"]
    assert data_of([fired(result())], replace(CONTEXT, deploys=DEPLOYS[2:]))["deploy"] is None


def test_what_is_not_known_is_null() -> None:
    bare = replace(
        CONTEXT, baseline=None, deploys=(), dashboard=None, definition=msgspec.structs.replace(MODEL, owner="")
    )
    data = data_of([fired(result())], bare)
    assert [data[key] for key in ("baseline", "deploy", "dashboard", "owner")] == [None] * 4


def test_since_is_when_the_alert_began_to_fire() -> None:
    assert data_of([resolved(result(0, "ok"))])["alerts"][0]["since"] == "2026-05-03T00:00:00Z"
    assert data_of([fired(result())])["alerts"][0]["since"] == "2026-05-04T00:00:00Z"


def channel(number: int, disabled_reason: str | None = None) -> Channel:
    return Channel(number, 1, f"c{number}", ChannelSpec(kind="webhook", url="https://example.org"), disabled_reason)


def test_every_channel_gets_every_message_under_an_id_of_its_own() -> None:
    statuses: list[Status] = ["critical", "ok"]
    makers = [fired, resolved]
    changed = [make(result(0, status, field=status)) for make, status in zip(makers, statuses, strict=True)]
    messages = messages_for(changed, CONTEXT, NOW)
    ids = iter(UUID(int=n, version=4) for n in range(10))
    outbox = to_outbox(messages, [channel(4), channel(5, "410"), channel(6)], NOW, lambda: next(ids))
    assert [(each.channel_id, each.type) for each in outbox] == [
        (4, "alert.firing"),
        (6, "alert.firing"),
        (4, "alert.resolved"),
        (6, "alert.resolved"),
    ]
    assert len({each.id for each in outbox}) == 4
    assert all(each.id.startswith("msg_") and len(each.id) == 36 for each in outbox)
    assert {(each.state, each.attempts, each.next_attempt_at) for each in outbox} == {("pending", 0, NOW)}
