"""A result in words: true to what is stored, in the model's own time, and the same in every medium."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from detectors import findings
from detectors.joint_drift import PERMUTED
from modelwatch.commands.explain import explanation_line, explanation_text
from modelwatch.cycle.suspects import times_limit
from modelwatch.evidently_rows.tests_by_name import EVIDENTLYS_OWN
from modelwatch.explaining import UnknownResultError, explain
from modelwatch.explanation import Explanation, sections
from modelwatch.threshold_story import threshold_story
from store.engine import open_engine
from store.records import Result
from store.schema import calibration
from store.schema import result as result_table
from tests.modelwatch.cycle.world import (
    PERFORMANCE,
    REFERENCE,
    World,
    events,
    hours,
    labels,
    model_file,
    new_world,
)

pytestmark = pytest.mark.slow

DRIFT: dict[str, Any] = {"kind": "drift", "window": "1h", "min_rows": 20}


@pytest.fixture
def engine(sqlite_url: str) -> Any:
    found = open_engine(sqlite_url)
    yield found
    found.dispose()


def judged(engine: Engine, *monitors: dict[str, Any], **more: Any) -> World:
    """Three hours as ever, and one in which ``x`` is shifted and labels come out wrong."""
    world = new_world(engine, model_file(*monitors, owner="risk-team", **more), REFERENCE)
    rows = [*events(0, 3, 60), *events(3, 4, 60, shift=3.0)]
    world.log(rows)
    known = labels(rows[:180], after=timedelta(minutes=1))
    world.log_labels([*known, *labels(rows[180:], after=timedelta(minutes=1), wrong=0.8)])
    world.cycle(hours(4))
    return world


def last(world: World, **wanted: Any) -> Result:
    return world.results(window_end=hours(4), **wanted)[0]


def explained(world: World, result: Result) -> Explanation:
    assert result.id is not None
    with world.engine.connect() as conn:
        return explain(conn, result.id)


def test_an_unknown_result_is_refused_with_where_ids_are_found(engine: Engine) -> None:
    with engine.connect() as conn, pytest.raises(UnknownResultError, match="there is no result 7: ids stand in"):
        explain(conn, 7)


def test_a_calibrated_limit_is_told_with_what_it_was_drawn_with(engine: Engine) -> None:
    # By a method of its own, so that no pairs of fields share the budget.
    world = judged(engine, {**DRIFT, "method": {"numeric": "ks"}}, false_alarms_per_month=20)
    found = explained(world, last(world, field="x"))
    with engine.connect() as conn:
        seed, made = conn.execute(select(calibration.c.seed, calibration.c.created_at)).one()
    story = " ".join(found.threshold)
    assert "a budget of 20 false alarms a month" in story
    # 20 alarms over the 730.5 hours of a month, less a fifth for slow drift.
    assert f"a chance of {0.8 * 100 * 20 / 730.5:.4g} % over all its fields" in story
    assert "Of the budget, 20 % for slow drift are set aside." in story
    assert f"with seed {seed}" in story
    assert f"learnt on {made:%Y-%m-%d %H:%M} UTC from 2,000 windows" in story
    assert "Confidence is normal." in story
    assert found.result.threshold is not None
    assert f"the limit {found.result.threshold:.4g}".rstrip("0") in " ".join(found.statistic)


def test_a_limit_that_rests_on_too_little_is_said_to_be_raised(engine: Engine) -> None:
    world = new_world(engine, model_file(DRIFT, baseline_rows=400))
    world.log(events(0, 30, 60))
    world.cycle(hours(30))
    result = world.results(window_end=hours(30), field="x")[0]
    (story,) = [part for part in explained(world, result).threshold if "Confidence" in part]
    assert story.startswith("Confidence is low: the baseline has 7 windows, and under 20 nobody knows how much the ")
    assert story.endswith("so the limit is 1.25 times that.")


def test_the_words_name_window_baseline_version_and_suspects(engine: Engine) -> None:
    world = judged(engine, DRIFT, time_zone="Asia/Tokyo")
    found = explained(world, last(world, field="x"))
    assert found.compared[0] == (
        "Window: 2026-03-02 12:00 to 2026-03-02 13:00 (Asia/Tokyo), 60 rows of the window, most of them served by "
        "version 1."
    )
    assert f"Baseline: 1 (hash {world.baseline.content_hash[:12]}), a file, version 1, 1,000 rows" in found.compared[1]
    assert found.cause is not None
    assert found.suspects[0].field == "x"
    assert any(
        "modelwatch report credit --window 2026-03-02T03:00:00Z/2026-03-02T04:00:00Z" in each
        for each in found.look_next
    )
    assert "Owner: risk-team" in found.look_next
    assert found.page == "docs/methods/ks.md"


def test_a_good_result_has_no_suspects(engine: Engine) -> None:
    world = judged(engine, DRIFT)
    found = explained(world, world.results(window_end=hours(2), field="x")[0])
    assert (found.cause, found.suspects) == (None, ())
    assert found.headline.endswith("is within its limit (ok).")
    assert "What may be behind it" not in dict(sections(found))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "estimate", "method": "cbpe_accuracy", "value": 0.8}, "Do not rely on this estimate"),
        (
            {"method": "slow_drift", "value": 4.0},
            "Look at the fields that this window reports by itself",
        ),
        ({"value": None}, "Wait for more rows or labels"),
    ],
)
def test_what_to_do_about_what_was_not_judged(engine: Engine, changes: dict[str, Any], told: str) -> None:
    world = judged(engine, DRIFT)
    found = last(world, field="x")
    with engine.begin() as conn:
        unjudged = {"status": "insufficient", **changes}
        conn.execute(update(result_table).where(result_table.c.id == found.id).values(**unjudged))
    assert explained(world, found).look_next[0].startswith(told)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"kind": "performance", "method": "accuracy"},
            "twice the tolerance and more than 4.5 standard errors.",
        ),
        ({"kind": "performance", "method": "accuracy", "threshold_source": "given"}, "twice as far from perfect"),
        ({"kind": "performance", "method": "running_risk"}, "the lower bound is twice as far from the baseline's risk"),
        ({"kind": "performance", "method": "label_drift"}, "critical from twice the limit on."),
        ({"kind": "estimate", "method": "cbpe_accuracy"}, "an estimate is a warning at most."),
        (
            {"kind": "quality", "method": "missing", "severity_score": 0.4},
            "a break is critical where its severity is 1 or more",
        ),
        ({"kind": "quality", "method": "volume"}, "critical from twice the allowed change on."),
        ({}, "a warning, and critical where the change probably hurts."),
    ],
)
def test_the_rule_of_severity_is_that_of_the_method(engine: Engine, changes: dict[str, Any], told: str) -> None:
    world = judged(engine, DRIFT)
    found = last(world, field="x")
    if changes:
        with engine.begin() as conn:
            conn.execute(update(result_table).where(result_table.c.id == found.id).values(**changes))
    assert told in explained(world, found).severity[0]


def test_what_was_known_at_first_can_still_be_asked_for(engine: Engine) -> None:
    world = judged(engine, {**PERFORMANCE, "metric": "accuracy"})
    first = last(world, method="accuracy")
    late = events(3, 4, 60, seed=5)
    world.log(late)
    world.log_labels(labels(late, after=timedelta(minutes=1)))
    world.cycle(hours(5))
    second = last(world, method="accuracy")
    told = explained(world, first).known
    assert told[0].endswith("as revision 1 of 2: rows or labels came later.")
    assert f"result {first.id} (this one)" in told[1]
    assert f"Revision 2, result {second.id}: " in told[2]
    assert "over 120 rows" in told[2]


def test_a_metric_is_told_with_its_interval(engine: Engine) -> None:
    world = judged(engine, {**PERFORMANCE, "metric": "accuracy"})
    result = last(world, method="accuracy")
    assert result.interval_low is not None
    assert result.interval_high is not None
    said = f"95 % interval: {result.interval_low:.4g} to {result.interval_high:.4g}."
    assert said in explained(world, result).statistic


def test_every_source_of_a_limit_has_its_words(engine: Engine) -> None:
    world = judged(engine, DRIFT)
    result = last(world, field="x")
    sources = [
        findings.FIXED,
        findings.RAISED,
        findings.BUDGETED,
        findings.GIVEN,
        findings.FROM_BASELINE,
        findings.WIDENED,
        findings.ABOVE_HARMLESS,
    ]
    with engine.connect() as conn:

        def told(**changes: Any) -> str:
            changed = replace(result, **changes)
            return " ".join(threshold_story(conn, world.model, None, None, changed))

        for source in (*sources, PERMUTED, EVIDENTLYS_OWN):
            assert "Its source is" not in told(threshold_source=source)
        assert told(threshold_source="of a later release") == "Its source is of a later release."
        assert "to be high twice is rarer" in told(threshold_source=findings.LOWERED)
        assert "its monitor or baseline is gone" in told(threshold_source=findings.CALIBRATED)
        assert told(threshold_source=findings.RAISED, confidence="low").endswith("so few rows. Confidence is low.")
        short = told(threshold_source=findings.FIXED, kind="quality", confidence="low")
        assert short.endswith("so a quarter is added to the allowed rise of what it has not seen.")
        assert told(threshold=None, status="insufficient") == "There is no limit: nothing was judged."


def test_a_model_file_that_changed_since_is_said_rather_than_told_wrongly(engine: Engine) -> None:
    world = judged(engine, DRIFT)
    result = last(world, field="x")
    spec = model_file({**DRIFT, "fields": ["x"]}).monitors
    assert spec is not None
    with engine.connect() as conn:
        told = " ".join(threshold_story(conn, world.model, spec[0], world.baseline, result))
    assert "the model file has changed" in told
    assert "seed" not in told


def test_text_and_json_say_the_same(engine: Engine) -> None:
    world = judged(engine, DRIFT)
    found = explained(world, last(world, field="x"))
    value = json.loads(explanation_line(found))
    assert value["result"]["id"] == found.result.id
    assert value["suspects"][0]["field"] == "x"
    text = " ".join(explanation_text(found).split())
    for section in value["sections"]:
        assert section["title"] in text
        assert all(" ".join(sentence.split()) in text for sentence in section["sentences"])


def test_names_do_not_reach_a_terminal_as_commands(engine: Engine) -> None:
    world = judged(engine, DRIFT)
    found = explained(world, last(world, field="x"))
    hostile = replace(found, headline="Model \x1b]0;owned\x07 is bad")
    assert "\x1b" not in explanation_text(hostile)
    assert "\x07" not in explanation_text(hostile)


def test_a_moving_baseline_is_told_with_the_rows_it_was_made_of(engine: Engine) -> None:
    world = judged(engine, {**DRIFT, "baseline": "previous"})
    told = explained(world, last(world, field="x")).compared[2]
    assert told.startswith("The window was compared with previous (60 rows of 1 window, 2026-03-02 02:00 to 2026-03-02")


def test_what_adds_up_and_what_was_searched_for_is_told_by_its_own_measures(engine: Engine) -> None:
    world = judged(engine, {"kind": "performance", "window": "1h", "min_rows": 5}, DRIFT, false_alarms_per_month=2)
    risk = explained(world, last(world, method="running_risk"))
    assert "of the window and those before it" in risk.compared[0]
    assert risk.threshold[0].startswith("It is the most that the baseline's own mean loss may be, and a tolerance")
    found = world.worst()[-1]
    assert found.value is not None
    assert found.threshold is not None
    worst = explained(world, found)
    assert times_limit(found) == pytest.approx(found.value / found.threshold)
    assert f"it is {times_limit(found):.4g}" in " ".join(worst.statistic)
    assert "over all groups that are searched" in worst.threshold[0]
    slow = last(world, method="slow_drift")
    assert slow.threshold is not None
    # A fifth of two false alarms over the 730.5 hours of a month.
    assert f"once in {730.5 / 0.4:,.0f} windows at most" in explained(world, slow).threshold[0]
