"""The errors of a regression model are estimated before labels come, and agree with what the labels show."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from modelwatch.baselines import set_baseline, typed_rows
from store.column_types import to_micros
from store.definition_reading import definition_from
from store.definitions import ModelDefinition
from store.engine import writing
from store.label_log import write_labels
from store.models import version_id
from store.prediction_log import write_predictions
from store.records import LabelRow, PredictionRow
from store.schema import baseline_companion
from tests.modelwatch.cycle.world import START, World, hours, new_world

pytestmark = pytest.mark.slow

N_WINDOW = 2_000


def definition_of(**more: Any) -> ModelDefinition:
    monitors = [{"kind": "performance", "window": "1h"}, {"kind": "performance", "window": "1h", "metric": "mae"}]
    return definition_from({"model": "credit", "task": "regression", "monitors": monitors, **more})


def rows_of(n: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """Errors are larger where x is."""
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1.0, n)
    prediction = 10 * x + 100
    label = prediction + rng.normal(size=n) * (3 + np.clip(x, -2, 3))
    return pd.DataFrame({"x": x, "noise": rng.random(n), "prediction": prediction, "label": label})


def world_of(engine: Engine) -> World:
    world = new_world(engine, definition_of())
    rows = rows_of(20_000, 1)
    outputs = pd.DataFrame({"prediction": rows["prediction"]}, dtype=object)
    found = typed_rows(world.model.definition, rows[["x", "noise"]], outputs, [str(each) for each in rows["label"]])
    set_baseline(engine, world.model, found, version="1", origin="a file", content_hash="0" * 64, now=START)
    return world


def log(world: World, hour: int, rows: pd.DataFrame) -> None:
    with writing(world.engine) as conn:
        version = version_id(conn, world.model.id, "1", START)
    logged = []
    for n, row in enumerate(rows.to_dict("records")):
        at, features = to_micros(hours(hour + n / len(rows))), json.dumps({"x": row["x"], "noise": row["noise"]})
        prediction = json.dumps(row["prediction"])
        logged.append(PredictionRow(world.model.id, version, at, 0, f"{hour}-{n}", prediction, None, features, None))
    write_predictions(world.engine, logged)


def log_labels(world: World, hour: int, rows: pd.DataFrame, away: float = 0.0) -> None:
    labels = [
        LabelRow(world.model.id, f"{hour}-{n}", json.dumps(label + away), to_micros(hours(50)), 0)
        for n, label in enumerate(rows["label"].tolist())
    ]
    write_labels(world.engine, labels)


def test_errors_are_expected_where_they_were_large_and_labels_agree(engine: Engine) -> None:
    world = world_of(engine)
    windows = [rows_of(N_WINDOW, 3), rows_of(N_WINDOW, 4, shift=0.7)]
    for hour, rows in enumerate(windows):
        log(world, hour, rows)
    world.cycle(hours(2))
    estimates = world.results(method="dle_mae")
    assert [(each.kind, each.status) for each in estimates] == [("estimate", "ok"), ("estimate", "warning")]
    assert [each.status for each in world.results(method="dle_rmse")] == ["ok", "warning"]
    assert {each.monitor for each in estimates} == {"performance"}
    assert "95 % interval" in (estimates[1].reason or "")
    for hour, rows in enumerate(windows):
        log_labels(world, hour, rows)
    world.cycle(hours(3))
    for before, after in zip(estimates, world.results(monitor="performance-2")[:2], strict=True):
        assert before.value is not None
        # The mean of 2,000 errors whose standard deviation is about 2 to 2.5 scatters by .05.
        assert before.value == pytest.approx(after.value, abs=4 * 0.055)


def test_an_estimate_that_missed_is_not_relied_on_any_more(engine: Engine) -> None:
    world = world_of(engine)
    rows = rows_of(N_WINDOW, 3)
    log(world, 0, rows)
    log_labels(world, 0, rows, away=10.0)
    log(world, 1, rows_of(N_WINDOW, 4))
    world.cycle(hours(2))
    first, second = world.results(method="dle_mae")
    assert first.status == "ok"
    assert second.status == "insufficient"
    assert second.value is not None
    assert (second.reason or "").startswith("not reliable: missed what labels showed in 1 of the last 1")


def test_without_labels_or_a_model_of_errors_it_is_said_why(engine: Engine) -> None:
    world = new_world(engine, definition_of(baseline_rows=500))
    for hour in range(2):
        log(world, hour, rows_of(600, hour))
    world.cycle(hours(2))
    (*_, last) = world.results(method="dle_rmse")
    assert last.status == "insufficient"
    assert "the baseline has 0 labelled rows, at least 200 are needed" in (last.reason or "")
    with writing(engine) as conn:
        conn.execute(baseline_companion.delete())
    log(world, 2, rows_of(600, 5))
    world.cycle(hours(4))
    (*_, before, last) = world.results(method="dle_rmse")
    assert before.reason == "nothing was kept of the errors of this baseline: set it again with modelwatch baseline"
    assert (before.status, last.status) == ("insufficient", "nodata")
