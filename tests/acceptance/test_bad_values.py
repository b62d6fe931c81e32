"""Values and labels that say little or nothing: each has a result that names it, through the whole service."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from collector.settings import CollectorSettings
from modelwatch import cycle
from modelwatch.baselines import set_baseline, typed_rows
from modelwatch.cycle import CycleSettings
from store.definition_reading import definition_from
from store.engine import writing
from store.models import apply_definition
from store.records import Result
from store.results import results
from tests.collector.running import Running, running

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
FIRST = datetime(2026, 4, 28, tzinfo=UTC)
PER_DAY = 400
Found = Mapping[tuple[int, str, str | None], Result]
CLASSES = ("gold", "silver", "tin")


def features_of(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A constant, nothing at all, one category, a field that will vanish, a wide one, and a new text in each row."""
    return pd.DataFrame(
        {
            "steady": np.full(n, 5.0),
            "empty": np.full(n, np.nan),
            "only": np.full(n, "a"),
            "vanishing": rng.normal(size=n),
            "wide": rng.normal(size=n),
            "crowd": [f"id{number}" for number in rng.integers(10**12, size=n)],
        }
    )


def events_of(
    rng: np.random.Generator, day: datetime, n: int, outputs: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    rows = features_of(rng, n).to_dict("records")
    return [
        {
            "prediction_id": f"{day:%m%d}-{number}",
            "timestamp": (day + number * timedelta(minutes=3)).isoformat(),
            "features": {name: value for name, value in row.items() if value == value},
            **output,
        }
        for number, (row, output) in enumerate(zip(rows, outputs, strict=True))
    ]


def scores_of(rng: np.random.Generator, n: int) -> list[dict[str, Any]]:
    """Outputs of a binary model."""
    return [{"prediction": int(score > 0.5), "score": float(score)} for score in rng.uniform(0.01, 0.99, n)]


def shares_of(rng: np.random.Generator, n: int) -> list[dict[str, Any]]:
    """Outputs of a model of three classes."""
    shares = rng.dirichlet([1.0, 1.0, 1.0], n)
    return [
        {"prediction": CLASSES[int(share.argmax())], "score": dict(zip(CLASSES, share.tolist(), strict=True))}
        for share in shares
    ]


def with_baseline(
    engine: Engine, document: dict[str, Any], features: pd.DataFrame, outputs: pd.DataFrame, labels: Sequence[Any]
) -> None:
    definition = definition_from(document)
    with writing(engine) as conn:
        model = apply_definition(conn, definition, FIRST).model
    rows = typed_rows(definition, features, outputs, [json.dumps(label) for label in labels])
    set_baseline(engine, model, rows, version="1", origin="test", content_hash="0" * 64, now=FIRST)


def send(collector: Running, events: Sequence[dict[str, Any]], labels: Sequence[Any] = ()) -> None:
    assert collector.post_predictions(list(events)).json()["accepted"] == len(events)
    known_at = (FIRST + 2 * DAY).isoformat()
    sent = [
        {"prediction_id": event["prediction_id"], "label": label, "timestamp": known_at}
        for event, label in zip(events, labels, strict=False)
    ]
    if sent:
        assert collector.post_labels(sent).json()["accepted"] == len(sent)


def found_after(engine: Engine, days: int) -> Found:
    assert cycle.run(engine, FIRST + days * DAY, CycleSettings(os.environ)).errors == []
    with engine.connect() as conn:
        return {((each.window_start - FIRST).days, each.method, each.field): each for each in results(conn)}


def said(result: Result) -> tuple[str, str]:
    return result.status, result.reason


def test_fields_that_hold_little_and_values_that_cannot_be(engine: Engine, store_url: str) -> None:
    rng = np.random.default_rng(1)
    n = 10_200
    features = features_of(rng, n)
    # A file may hold infinite numbers; they are taken as missing.
    features.loc[::100, "wide"] = np.inf
    outputs = scores_of(rng, n)
    labels = [int(rng.uniform() < each["score"]) for each in outputs]
    document = {"model": "credit", "task": "binary", "prediction": {"labels": [0, 1]}}
    with_baseline(engine, document, features, pd.DataFrame(outputs), labels)
    odd = events_of(rng, FIRST + DAY, PER_DAY, scores_of(rng, PER_DAY))
    for number, event in enumerate(odd):
        event["features"] |= {"steady": 6.0, "empty": 1.0, "only": "b"}
        del event["features"]["vanishing"]
        if number % 5 == 0:
            event["score"] = 1.7
        if number % 4 == 0:
            # JSON has no infinite numbers; this is how programs send them all the same.
            event["features"]["wide"] = "Infinity"
    with running(CollectorSettings(store_url)) as collector:
        send(collector, events_of(rng, FIRST, PER_DAY, scores_of(rng, PER_DAY)))
        send(collector, odd)
        send(collector, events_of(rng, FIRST + 2 * DAY, 1, scores_of(rng, 1)))
    found = found_after(engine, 3)

    assert {found[0, "ks", "steady"].status, found[0, "total_variation", "only"].status} == {"ok"}
    assert said(found[1, "ks", "steady"]) == (
        "warning",
        "mean 5 -> 6 (constant at the baseline); largest change of the distribution at 5",
    )
    assert said(found[0, "ks", "empty"]) == (
        "insufficient",
        "the baseline has 0 rows with a value, at least 100 are needed",
    )
    assert said(found[1, "range", "empty"]) == ("insufficient", "the baseline has no number, so no range")
    assert said(found[1, "unseen", "only"]) == (
        "warning",
        "400 of 400 values of categories not in the baseline, such as 'b'; severity 0 (pages from 1 on)",
    )
    assert said(found[1, "schema", None]) == (
        "critical",
        "1 field vanished: 'vanishing'; 1 field had no value at the baseline and has some now: 'empty'",
    )
    assert found[1, "missing", "vanishing"].value == 1.0
    assert said(found[0, "unseen", "crowd"]) == (
        "insufficient",
        "the baseline has more than 10,000 categories, so none can be called new",
    )
    assert found[0, "missing", "wide"].reason == "missing in 0.0 % of 400 rows, 1.0 % at the baseline"
    assert said(found[1, "types", "wide"]) == (
        "warning",
        "100 of 400 values were text where a number was expected; severity under 0.01 (pages from 1 on)",
    )
    probabilities = found[1, "probabilities", None]
    assert (probabilities.status, probabilities.value) == ("critical", 0.2)
    assert "80 of 400 rows (20.0 %) have a score outside 0 to 1" in probabilities.reason
    assert found[1, "cbpe_accuracy", None].reason.startswith("not reliable: ")
    assert "20.0 % of rows are beyond" in found[1, "cbpe_accuracy", None].reason

    alone = [each for (day, _, _), each in found.items() if day == 2]
    assert said(found[2, "drift", None]) == ("insufficient", "1 row with a value, at least 100 are needed")
    assert said(found[2, "missing", "steady"]) == ("insufficient", "1 row, at least 30 are needed")
    # One row is said to be one row; that nothing came since is news.
    assert {each.method for each in alone if each.status != "insufficient"} == {"freshness", "probabilities"}
    assert all(each.reason for each in found.values())


def test_labels_that_teach_nothing_and_a_baseline_smaller_than_the_window(engine: Engine, store_url: str) -> None:
    rng = np.random.default_rng(2)
    n = 150
    outputs = shares_of(rng, n)
    frame = pd.DataFrame([{"prediction": each["prediction"], **each["score"]} for each in outputs])
    labels = [rng.choice(CLASSES, p=list(each["score"].values())) for each in outputs]
    document = {"model": "metals", "task": "multiclass", "prediction": {"labels": list(CLASSES)}}
    named = frame.rename(columns={name: f"score[{name}]" for name in CLASSES})
    with_baseline(engine, document, features_of(rng, n), named, labels)
    unlike = shares_of(rng, PER_DAY)
    for each in unlike[::4]:
        each["score"] = {name: share / 2 for name, share in each["score"].items()}
    unknown = ["lead" if number % 4 == 0 else CLASSES[number % 3] for number in range(PER_DAY)]
    with running(CollectorSettings(store_url)) as collector:
        metals = replace(collector, model="metals")
        send(metals, events_of(rng, FIRST, PER_DAY, shares_of(rng, PER_DAY)), ["gold"] * PER_DAY)
        send(metals, events_of(rng, FIRST + DAY, PER_DAY, unlike), unknown)
    found = found_after(engine, 2)

    whole = found[0, "drift", None]
    assert (whole.status, whole.confidence, whole.n_baseline, whole.n_current) == ("ok", "low", n, PER_DAY)
    assert whole.reason.endswith("; the baseline has fewer rows (150) than the window (400)")
    assert found[0, "ks", "wide"].confidence == "low"

    assert said(found[0, "roc_auc", None]) == (
        "insufficient",
        "ROC AUC is undefined: no class can be judged: all labelled rows are of one class (400 labelled of 400 rows)",
    )
    assert found[0, "label_drift", "label"].reason.endswith("; every label is of 'gold'")
    assert said(found[1, "unknown_labels", None]) == (
        "critical",
        "100 of 400 labels (25.0 %) are of none of the classes gold, silver, tin",
    )
    probabilities = found[1, "probabilities", None]
    assert probabilities.status == "critical"
    assert "do not add up to 1" in probabilities.reason
    assert all(each.reason for each in found.values())
