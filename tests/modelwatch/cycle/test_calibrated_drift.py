"""Drift monitors keep the budget of false alarms, say where their limits came from, and how much a change may hurt."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from detectors.findings import ABOVE_HARMLESS, CALIBRATED, RAISED
from modelwatch.calibration_payload import from_bytes
from modelwatch.cycle.calibrating import MONTH, false_alarm_share
from modelwatch.field_worth import PERMUTATION
from store.baseline_importance import save_importance
from store.calibrations import read_blocks, read_sample
from store.engine import writing
from store.schema import baseline_sample, calibration
from tests.modelwatch.cycle.world import DAY, HOUR, Event, events, hours, labels, model_file, new_world

pytestmark = pytest.mark.slow

DRIFT: dict[str, Any] = {"kind": "drift", "window": "1h", "min_rows": 20}
REFERENCE = events(0, 40, 50, seed=77)
PER_HOUR = 60


def answering(event: Event) -> Event:
    """The event of a model whose score follows ``x``."""
    score = float(1 / (1 + np.exp(-3 * (event.x or 0.0))))
    return event._replace(score=score, prediction=int(score > 0.5))


def test_unchanged_hours_keep_to_the_budget_and_changed_ones_do_not(engine: Engine) -> None:
    # 72 windows in a month of 30 alarms: an alarm in 24 windows is what the budget allows.
    world = new_world(engine, model_file(DRIFT, false_alarms_per_month=30), REFERENCE)
    world.log([*events(0, 72, PER_HOUR), *events(72, 76, PER_HOUR, shift=2.0)])
    world.cycle(hours(76))
    quiet, changed = world.windows()[:72], world.windows()[72:]
    # Of 72 windows 3 are expected to alarm; 9 or more happen by chance in one of 200 streams.
    assert sum(each.status != "ok" for each in quiet) < 9
    assert [each.status for each in changed] == ["warning"] * 4
    assert [each.status for each in world.results(field="x")][72:] == ["warning"] * 4
    assert {each.threshold_source for each in world.results(field="x")} >= {CALIBRATED}
    assert all(each.value is not None and each.value >= 1.0 for each in changed)
    assert "'x'" in changed[0].reason


def test_a_change_of_what_the_model_lives_on_pages_and_one_of_the_rest_does_not(engine: Engine) -> None:
    def severity(of_model: list[Event], shifted: list[Event]) -> list[tuple[str, float | None]]:
        definition = model_file(DRIFT, model=f"m{len(found)}")
        world = new_world(engine, definition, of_model)
        world.log(shifted)
        world.cycle(hours(2))
        found.append(world)
        return [(each.severity, each.severity_score) for each in world.windows()]

    found: list[object] = []
    shifted = events(0, 2, 200, shift=1.0)
    matters = severity(list(map(answering, REFERENCE)), list(map(answering, shifted)))
    does_not = severity(REFERENCE, shifted)
    assert [level for level, _ in matters] == ["high", "high"]
    assert [level for level, _ in does_not] == ["low", "low"]
    assert all(score is not None and score >= 1 for _, score in matters)
    assert all(score is not None and score < 1 for _, score in does_not)


def test_importance_that_is_given_counts_instead(engine: Engine) -> None:
    fields = {"x": {"kind": "numeric", "importance": 1.0}}
    world = new_world(engine, model_file(DRIFT, fields=fields), REFERENCE)
    world.log(events(0, 1, 200, shift=1.0))
    world.cycle(hours(1))
    (window,) = world.windows()
    assert window.severity == "high"
    assert "'x'" in window.reason


def test_importance_that_was_measured_stands_before_association(engine: Engine) -> None:
    world = new_world(engine, model_file(DRIFT), REFERENCE)
    with writing(engine) as conn:
        save_importance(conn, world.baseline.id, {"x": 1.0}, PERMUTATION)
    world.log(events(0, 1, 200, shift=1.0))
    world.cycle(hours(1))
    (window,) = world.windows()
    assert window.severity == "high"
    assert "'x' moved by" in window.reason
    assert "with importance 1 (permutation)" in window.reason


def test_calibrations_are_drawn_once_and_the_same_by_everybody(engine: Engine) -> None:
    world = new_world(engine, model_file(DRIFT, segments=["region"]), REFERENCE)
    world.log(events(0, 3, PER_HOUR))
    world.cycle(hours(2))
    first = stored(engine)
    assert {segment for segment, _, _ in first} == {"", "region=north", "region=south"}
    world.cycle(hours(3))
    assert stored(engine) == first
    with writing(engine) as conn:
        conn.execute(calibration.delete())
    world.log(events(3, 4, PER_HOUR))
    world.cycle(hours(4))
    assert stored(engine) == first
    assert all(from_bytes(payload) is not None for _, _, payload in first)


def stored(engine: Engine) -> list[tuple[str, int, bytes]]:
    with engine.connect() as conn:
        columns = calibration.c.segment, calibration.c.seed, calibration.c.payload
        return [(row[0], row[1], row[2]) for row in conn.execute(calibration.select().with_only_columns(*columns))]


def test_a_baseline_of_the_log_leaves_its_hours_behind(engine: Engine) -> None:
    world = new_world(engine, model_file(DRIFT, baseline_rows=400))
    world.log(events(0, 30, PER_HOUR))
    world.cycle(hours(30))
    with engine.connect() as conn:
        blocks = read_blocks(conn, world.baseline.id)
        assert read_sample(conn, world.baseline.id) is not None
    assert [block.start for block in blocks] == [hours(n) for n in range(len(blocks))]
    assert sum(block.n_rows for block in blocks) == world.baseline.n_rows
    judged = [each for each in world.windows() if each.status != "nodata"]
    # Seven hours are few blocks, and no week.
    assert {each.confidence for each in judged} == {"low"}


def test_a_baseline_of_an_older_release_keeps_fixed_limits(engine: Engine) -> None:
    world = new_world(engine, model_file(DRIFT), REFERENCE)
    with writing(engine) as conn:
        conn.execute(baseline_sample.delete())
    world.log(events(0, 1, PER_HOUR))
    world.cycle(hours(1))
    assert {each.threshold_source for each in world.results(kind="drift") if each.field is not None} == {RAISED}


def test_a_whole_window_has_no_alert_of_its_own(engine: Engine) -> None:
    world = new_world(engine, model_file({**DRIFT, "fields": ["x"]}), REFERENCE)
    world.log(events(0, 1, PER_HOUR, shift=3.0))
    summary = world.cycle(hours(1))
    # The whole window, its only field, and slow drift: nothing is reported twice.
    assert (summary.results, summary.alerts_fired) == (3, 1)


def test_other_monitors_have_no_whole_windows(engine: Engine) -> None:
    world = new_world(engine, model_file({"kind": "quality", "window": "1h"}), REFERENCE)
    rows = events(0, 1, PER_HOUR)
    world.log(rows)
    world.log_labels(labels(rows))
    world.cycle(hours(1))
    assert world.windows() == []


@pytest.mark.parametrize(
    ("budget", "step", "families", "share"),
    [(1.0, DAY, 1, DAY / MONTH), (2.0, HOUR, 4, HOUR / MONTH / 2), (1.0, 30 * DAY, 1, 0.25)],
)
def test_the_share_of_a_window_is_its_part_of_the_month(budget: float, step: Any, families: int, share: float) -> None:
    assert false_alarm_share(budget, step, families) == pytest.approx(share)


@pytest.mark.parametrize(("wrong", "later"), [(0.2, "ok"), (0.5, "warning")])
def test_a_change_that_lasts_is_told_until_labels_show_that_it_does_no_harm(
    engine: Engine, wrong: float, later: str
) -> None:
    world = new_world(engine, model_file(DRIFT), REFERENCE)
    rows = events(0, 8, 400, shift=0.7)
    world.log(rows)
    world.cycle(hours(4))
    told = world.results(field="x")
    assert [each.status for each in told] == ["warning"] * 4
    world.log_labels(labels(rows, wrong=wrong))
    world.cycle(hours(8))
    after = world.results(field="x")[4:]
    assert [each.status for each in after] == [later] * 4
    assert {each.threshold_source == ABOVE_HARMLESS for each in after} == {later == "ok"}
    assert {each.reason.endswith("which labels showed to be harmless") for each in after} == {later == "ok"}
    said = {
        "none of 4 fields changed anew, but 'x' as in harmless windows before" in each.reason
        for each in world.windows()[4:]
    }
    assert said == {later == "ok"}
