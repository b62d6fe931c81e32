"""Swapped fields, copied rows and names that nobody knows are found in windows; what was not counted is said."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from detectors.findings import ABOVE_HARMLESS
from modelwatch.baselines import set_baseline, typed_rows
from store.alerts import alert_rows
from store.column_types import to_micros
from store.engine import writing
from store.models import version_id
from store.prediction_log import write_predictions
from store.records import PredictionRow, Result
from store.schema import baseline_companion, profile_companion
from tests.modelwatch.cycle.world import START, Label, World, hours, model_file, new_world

pytestmark = pytest.mark.slow

HOURLY: list[dict[str, Any]] = [{"kind": kind, "window": "1h"} for kind in ("drift", "quality", "performance")]
N_BASELINE, N_WINDOW = 4_000, 1_000
Rows = list[dict[str, Any]]


def rows_of(n: int, seed: int) -> Rows:
    """Three fields of one distribution, of which a and c go together; the score follows a."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    c = 0.8 * a + 0.6 * rng.normal(size=n)
    score = 1 / (1 + np.exp(-2 * a))
    return [
        {"a": float(x), "b": float(y), "c": float(z), "score": float(s)}
        for x, y, z, s in zip(a, b, c, score, strict=True)
    ]


def swapped(rows: Rows) -> Rows:
    """The model now gets b as a and a as b; its score follows what it gets."""
    return [{**row, "a": row["b"], "b": row["a"], "score": float(1 / (1 + np.exp(-2 * row["b"])))} for row in rows]


def world_of(engine: Engine, *monitors: dict[str, Any], **more: Any) -> World:
    definition = model_file(*monitors or HOURLY, **more)
    world = new_world(engine, definition)
    frame = pd.DataFrame(rows_of(N_BASELINE, 1))
    outputs = pd.DataFrame({"prediction": (frame["score"] > 0.5).astype(int), "score": frame["score"]}, dtype=object)
    truth = np.random.default_rng(2).random(len(frame)) < frame["score"]
    of_rows = typed_rows(definition, frame[["a", "b", "c"]], outputs, [str(int(each)) for each in truth])
    set_baseline(engine, world.model, of_rows, version="1", origin="a file", content_hash="0" * 64, now=START)
    return world


def log(world: World, hour: int, rows: Sequence[dict[str, Any]], batch: str = "a") -> None:
    with writing(world.engine) as conn:
        version = version_id(conn, world.model.id, "1", START)
    logged = []
    for n, row in enumerate(rows):
        features = {name: value for name, value in row.items() if name != "score"}
        at = to_micros(hours(hour + n / len(rows)))
        prediction, score = json.dumps(int(row["score"] > 0.5)), json.dumps(row["score"])
        name = f"{batch}{hour}-{n}"
        logged.append(
            PredictionRow(world.model.id, version, at, 0, name, prediction, score, json.dumps(features), None)
        )
    write_predictions(world.engine, logged)


def by_window(world: World, method: str) -> list[Result]:
    return world.results(method=method)


def test_two_swapped_features_are_found_in_one_window_and_estimates_are_not_relied_on(engine: Engine) -> None:
    world = world_of(engine)
    log(world, 0, rows_of(N_WINDOW, 3))
    log(world, 1, swapped(rows_of(N_WINDOW, 4)))
    summary = world.cycle(hours(2))
    calm, broken = by_window(world, "correlation")
    assert (calm.status, calm.field, calm.segment, calm.n_current) == ("ok", None, None, N_WINDOW)
    assert (broken.status, broken.kind, broken.confidence) == ("critical", "drift", "normal")
    assert broken.reason is not None
    assert "'c'" in broken.reason
    assert {each.status for each in world.results(monitor="drift") if each.field is not None} == {"ok"}
    first, second = by_window(world, "cbpe_accuracy")
    assert first.status != "insufficient"
    assert second.status == "insufficient"
    assert (second.reason or "").startswith("not reliable: ")
    assert "no longer go together as at the baseline" in (second.reason or "")
    assert summary.alerts_fired == 1
    with engine.connect() as conn:
        (alert,) = [each for each in alert_rows(conn, "credit") if each.method == "correlation"]
    assert alert.state == "firing"


def loosened(rows: Rows, seed: int) -> Rows:
    """c goes less with a than it did; the distributions of all fields stay."""
    noise = np.random.default_rng(seed).normal(size=len(rows))
    return [{**row, "c": float(0.5 * row["c"] + 0.75**0.5 * more)} for row, more in zip(rows, noise, strict=True)]


def test_a_relation_that_changed_for_good_is_told_until_labels_show_that_it_does_no_harm(engine: Engine) -> None:
    world = world_of(engine, HOURLY[0])
    given = {hour: loosened(rows_of(N_WINDOW, 3 + hour), 30 + hour) for hour in range(6)}
    for hour, rows in given.items():
        log(world, hour, rows)
    world.cycle(hours(3))
    assert [each.status for each in by_window(world, "correlation")] == ["critical"] * 3
    truth = np.random.default_rng(5)
    world.log_labels(
        Label(f"a{hour}-{n}", hours(hour + 1), int(truth.random() < row["score"]))
        for hour, rows in given.items()
        for n, row in enumerate(rows)
    )
    world.cycle(hours(6))
    later = by_window(world, "correlation")[3:]
    assert [each.status for each in later] == ["ok"] * 3
    assert {each.threshold_source for each in later} == {ABOVE_HARMLESS}
    assert all("since windows that labels showed to be harmless" in (each.reason or "") for each in later)


def test_rows_sent_again_under_new_ids_are_found(engine: Engine) -> None:
    world = world_of(engine, HOURLY[1])
    log(world, 0, rows_of(N_WINDOW, 3))
    log(world, 1, [*rows_of(N_WINDOW, 4), *rows_of(N_WINDOW, 4)[:150]])
    world.cycle(hours(2))
    calm, doubled = by_window(world, "duplicates")
    assert (calm.status, calm.value) == ("ok", 0.0)
    assert doubled.status == "critical"
    assert doubled.value == pytest.approx(150 / 1150)


def test_a_name_that_the_baseline_does_not_have_is_a_schema_change(engine: Engine) -> None:
    world = world_of(engine, HOURLY[1])
    log(world, 0, [{**row, "tenure": 3} if n % 2 else row for n, row in enumerate(rows_of(200, 3))])
    log(world, 1, [{**row, f"id-{n}": 1} for n, row in enumerate(rows_of(200, 4))])
    world.cycle(hours(2))
    first, second = by_window(world, "schema")
    assert (first.status, first.value) == ("warning", 1.0)
    assert first.reason == "1 field new: 'tenure'"
    # A name of one row in 200 is a stray event.
    assert (second.status, second.value) == ("ok", 0.0)


def test_names_that_came_with_the_baseline_are_not_new(engine: Engine) -> None:
    world = new_world(engine, model_file(HOURLY[1], baseline_rows=300))
    times = ["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"]
    for hour in range(4):
        log(world, hour, [{**row, "sent": times[n % 2]} for n, row in enumerate(rows_of(200, hour))])
    log(world, 4, [{**row, "sent": times[0], "tenure": 1} for row in rows_of(200, 9)])
    world.cycle(hours(5))
    found = by_window(world, "schema")
    assert [each.status for each in found[-2:]] == ["ok", "warning"]
    assert found[-1].reason == "1 field new: 'tenure'"


def test_what_an_older_release_counted_or_kept_is_named(engine: Engine) -> None:
    world = world_of(engine)
    log(world, 0, rows_of(300, 3))
    world.cycle(hours(0.5))
    with writing(engine) as conn:
        conn.execute(profile_companion.delete())
    log(world, 0, [{**row, "tenure": 1} for row in rows_of(700, 5)], "b")
    world.cycle(hours(1))
    (correlation,), (duplicates,) = by_window(world, "correlation"), by_window(world, "duplicates")
    assert (correlation.status, duplicates.status) == ("insufficient", "insufficient")
    assert correlation.reason == "300 of 1,000 rows were counted before their correlations were"
    assert duplicates.reason == "300 of 1,000 rows were counted before their copied rows were"
    with writing(engine) as conn:
        conn.execute(baseline_companion.delete())
    log(world, 1, [{**row, "tenure": 1} for row in rows_of(300, 6)])
    world.cycle(hours(2))
    correlation, duplicates = by_window(world, "correlation")[-1], by_window(world, "duplicates")[-1]
    again = "set it again with modelwatch baseline"
    assert correlation.reason == f"nothing was kept of the correlations of this baseline: {again}"
    assert duplicates.reason == f"nothing was kept of the copied rows of this baseline: {again}"
    assert by_window(world, "schema")[-1].status == "ok"
    world.cycle(hours(3))
    assert {by_window(world, method)[-1].status for method in ("correlation", "duplicates")} == {"nodata"}


def test_a_monitor_may_watch_pairs_alone_against_the_window_before(engine: Engine) -> None:
    pairs = {"kind": "drift", "window": "1h", "method": "correlation", "baseline": "previous", "fields": ["a", "c"]}
    world = world_of(engine, pairs, {**pairs, "name": "loose", "threshold": 1.5})
    log(world, 0, rows_of(N_WINDOW, 3))
    log(world, 1, swapped(rows_of(N_WINDOW, 4)))
    log(world, 2, swapped(rows_of(N_WINDOW, 5)))
    world.cycle(hours(3))
    assert {each.method for each in world.results()} == {"correlation"}
    assert [each.status for each in world.results(monitor="drift")] == ["insufficient", "critical", "ok"]
    assert [each.status for each in world.results(monitor="loose")] == ["insufficient", "ok", "ok"]
    assert world.results(monitor="loose")[1].threshold_source == "given"
    assert world.windows() == []
