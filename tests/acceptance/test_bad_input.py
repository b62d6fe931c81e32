"""Odd events through the collector and the cycle: nothing stops, and the results say what was odd."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from collector.settings import CollectorSettings
from modelwatch import cycle
from modelwatch.baselines import set_baseline, typed_rows
from modelwatch.cycle import CycleSettings, CycleSummary
from store.definition_reading import definition_from
from store.engine import writing
from store.models import apply_definition
from store.records import Model, Result
from store.results import results as read_results
from tests.collector.running import NOW, Running, running

pytestmark = pytest.mark.slow

HOSTILE = """<img src=x onerror=alert(1)>'"; DROP TABLE model; --"""
ROWS = 400
DAY = timedelta(days=1)
FIRST = datetime(2026, 4, 28, tzinfo=UTC)
REGIONS = ("north", "south", "east", "west")


@pytest.fixture
def model(engine: Engine) -> Model:
    with writing(engine) as conn:
        definition = definition_from({"model": "credit", "task": "binary", "prediction": {"labels": [0, 1]}})
        model = apply_definition(conn, definition, FIRST).model
    events = [event(number, FIRST) for number in range(2 * ROWS)]
    features = pd.DataFrame([each["features"] for each in events])
    outputs = pd.DataFrame([{"prediction": each["prediction"], "score": each["score"]} for each in events])
    rows = typed_rows(definition, features, outputs, [str(number % 2) for number in range(2 * ROWS)])
    set_baseline(engine, model, rows, version="1", origin="test", content_hash="0" * 64, now=FIRST)
    return model


@pytest.fixture
def collector(store_url: str, model: Model) -> Iterator[Running]:
    with running(CollectorSettings(store_url)) as found:
        yield found


def event(number: int, day: datetime) -> dict[str, Any]:
    """Event ``number`` of a quiet day; values go through their ranges in another order for each field."""
    score = (number * 7 % 100) / 100
    return {
        "prediction_id": f"{day:%m%d}-{number}",
        "timestamp": (day + number * timedelta(minutes=3)).isoformat(),
        "features": {
            "income": 30_000 + number * 37 % 400,
            "region": REGIONS[number * 3 % 4],
            HOSTILE: number * 11 % 50,
        },
        "prediction": int(score >= 0.5),
        "score": score,
    }


def odd_day(day: datetime) -> list[dict[str, Any]]:
    """A tenth each: a number sent as text, a missing feature, a number where words were, a feature nobody knows."""
    events = [event(number, day) for number in range(ROWS)]
    for number, each in enumerate(events):
        features = each["features"]
        if number % 10 == 0:
            features["income"] = str(features["income"])
        elif number % 10 == 1:
            del features["region"]
        elif number % 10 == 2:
            features["region"] = 7
        elif number % 10 == 3:
            features["brand_new"] = 1
    return events


def play(engine: Engine, collector: Running, day: datetime, events: list[dict[str, Any]]) -> CycleSummary:
    answer = collector.post_predictions(events)
    assert answer.status_code == 200
    assert answer.json() == {"accepted": len(events), "duplicates": 0, "rejected": []}
    return cycle.run(engine, day + DAY, CycleSettings(os.environ))


def test_odd_values_are_counted_and_reported_and_stop_nothing(engine: Engine, collector: Running) -> None:
    quiet, odd, quiet_again = FIRST, FIRST + DAY, FIRST + 2 * DAY
    assert quiet_again + DAY < NOW
    summaries = [
        play(engine, collector, quiet, [event(number, quiet) for number in range(ROWS)]),
        play(engine, collector, odd, odd_day(odd)),
        play(engine, collector, quiet_again, [event(number, quiet_again) for number in range(ROWS)]),
    ]
    assert [summary.errors for summary in summaries] == [[], [], []]
    assert [summary.windows for summary in summaries] == [3, 3, 3]
    assert [(summary.alerts_fired, summary.alerts_resolved) for summary in summaries] == [(0, 0), (5, 0), (0, 5)]
    with engine.connect() as conn:
        found = {(each.window_start, each.method, each.field): each for each in read_results(conn, model="credit")}
    # The odd day's events end in the evening, too.
    broken = {
        ("types", "income"),
        ("missing", "region"),
        ("types", "region"),
        ("schema", None),
        ("freshness", None),
    }
    assert _bad(found, odd) == broken
    assert _bad(found, quiet) == _bad(found, quiet_again) == set()
    assert found[odd, "types", "income"].value == pytest.approx(0.1)
    assert found[odd, "types", "income"].reason.startswith("40 of 400 values")
    assert found[odd, "missing", "region"].value == pytest.approx(0.1)
    assert found[odd, "types", "region"].value == pytest.approx(40 / 360)
    assert "brand_new" in found[odd, "schema", None].reason
    assert found[odd, "ks", HOSTILE].status == "ok"


def test_labels_without_a_prediction_wait_for_it(engine: Engine, collector: Running) -> None:
    known_at = (FIRST + DAY).isoformat()
    labels = [
        {"prediction_id": f"{FIRST:%m%d}-{number}", "label": number % 2, "timestamp": known_at}
        for number in range(ROWS)
    ]
    assert collector.post_labels(labels).json()["accepted"] == ROWS
    assert cycle.run(engine, FIRST + DAY, CycleSettings(os.environ)).windows == 0
    summary = play(engine, collector, FIRST, [event(number, FIRST) for number in range(ROWS)])
    assert summary.errors == []
    with engine.connect() as conn:
        accuracy = next(each for each in read_results(conn, model="credit") if each.method == "accuracy")
    assert accuracy.n_current == ROWS
    correct = sum(event(number, FIRST)["prediction"] == number % 2 for number in range(ROWS))
    assert accuracy.value == pytest.approx(correct / ROWS)


def _bad(found: dict[tuple[datetime, str, str | None], Result], day: datetime) -> set[tuple[str, str | None]]:
    return {
        (method, field)
        for (start, method, field), result in found.items()
        if start == day and result.kind == "quality" and result.status in ("warning", "critical")
    }
