"""When a limit bites, the answer names it and its value."""

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.settings import CollectorSettings, Limits
from tests.collector.logged import prediction_ids
from tests.collector.running import JSON, LINES, Running, event, label, running

LIMITS = Limits(
    body_bytes=20_000,
    inflated_bytes=40_000,
    definition_bytes=1_000,
    rows=10,
    features=3,
    score_classes=3,
    tags=2,
    name_length=8,
    id_length=6,
    version_length=5,
    string_length=12,
    versions=3,
    rejected_shown=4,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("limits") / "store.db"
    shutil.copyfile(sqlite_template, path)
    with running(CollectorSettings(f"sqlite:///{path}", limits=LIMITS)) as found:
        yield found.with_model("credit")


def padded(size: int) -> bytes:
    body = json.dumps([event()]).encode()
    return body + b" " * (size - len(body))


def as_lines(items: list[Any]) -> str:
    return "\n".join(map(json.dumps, items))


def test_body_bytes(small: Running) -> None:
    assert small.post_predictions(padded(20_000)).status_code == 200
    answer = small.post_predictions(padded(20_001))
    assert (answer.status_code, answer.json()) == (
        413,
        {
            "error": "the body is larger than 20,000 bytes: send smaller batches",
            "limit": "body_bytes",
            "value": 20_000,
        },
    )


def test_body_bytes_that_were_not_announced(small: Running) -> None:
    chunks = (padded(7_000) for _ in range(3))
    answer = small.client.post(small.predictions, content=chunks, headers=JSON)
    assert (answer.status_code, answer.json()["limit"]) == (413, "body_bytes")


def test_inflated_bytes(small: Running) -> None:
    headers = JSON | {"content-encoding": "gzip"}
    assert small.post_predictions(gzip.compress(padded(40_000)), headers).status_code == 200
    answer = small.post_predictions(gzip.compress(padded(40_001)), headers)
    assert (answer.status_code, answer.json()["limit"], answer.json()["value"]) == (413, "inflated_bytes", 40_000)


@pytest.mark.parametrize("extra", [[], [7]], ids=["all good", "one bad"])
def test_rows(small: Running, extra: list[Any]) -> None:
    items: list[Any] = [*map(label, range(11 - len(extra))), *extra]
    for headers, write in ((JSON, json.dumps), (LINES, as_lines)):
        answer = small.post_labels(write(items), headers)
        assert (answer.status_code, answer.json()) == (
            413,
            {"error": "the body holds more than 10 items: send smaller batches", "limit": "rows", "value": 10},
        )
        assert small.post_labels(write(items[1:]), headers).status_code == 200


def test_rows_are_counted_before_they_are_all_read(small: Running) -> None:
    answer = small.post_predictions("[" + "{}," * 6_000 + "{}]")
    assert (answer.status_code, answer.json()["limit"]) == (413, "rows")


@pytest.mark.parametrize(
    ("changes", "field", "limit"),
    [
        ({"features": dict.fromkeys("abcd")}, "features", "features is 3"),
        ({"tags": dict.fromkeys("abc", "x")}, "tags", "tags is 2"),
        ({"score": dict.fromkeys("abcd", 0.1)}, "score", "score_classes is 3"),
        ({"features": {"n" * 9: 1}}, "features.nnnnnnnnn", "name_length is 8"),
        ({"tags": {"n" * 9: "x"}}, "tags.nnnnnnnnn", "name_length is 8"),
        ({"score": {"n" * 9: 1}}, "score.nnnnnnnnn", "name_length is 8"),
        ({"prediction_id": "p" * 7}, "prediction_id", "id_length is 6"),
        ({"prediction_id": 10**6}, "prediction_id", "id_length is 6"),
        ({"version": "v" * 6}, "version", "version_length is 5"),
        ({"features": {"a": "x" * 13}}, "features.a", "string_length is 12"),
        ({"tags": {"a": "x" * 13}}, "tags.a", "string_length is 12"),
        ({"prediction": "x" * 13}, "prediction", "string_length is 12"),
    ],
)
def test_limits_of_an_event(small: Running, changes: dict[str, Any], field: str, limit: str) -> None:
    answer = small.post_predictions([event(**({"features": {}} | changes))])
    assert answer.status_code == 422
    assert answer.json()["rejected"][0]["field"] == field
    assert answer.json()["rejected"][0]["error"].endswith(f"the limit {limit}")


def test_an_event_at_its_limits_is_stored(small: Running) -> None:
    at_limits = event(
        prediction_id="limits",
        version="vvvvv",
        features={"n" * 8: "x" * 12, "b": 1, "c": 2},
        prediction="x" * 12,
        score={"n" * 8: 0.5, "b": 0.25, "c": 0.25},
        tags={"n" * 8: "x" * 12, "b": "x"},
    )
    assert small.with_model("at-limits").post_predictions([at_limits]).json()["accepted"] == 1


def test_versions(small: Running) -> None:
    model = small.with_model("versions")
    answer = model.post_predictions([event(n, version=n) for n in range(5)])
    assert answer.json()["accepted"] == 3
    assert [(rejected["index"], rejected["field"]) for rejected in answer.json()["rejected"]] == [
        (3, "version"),
        (4, "version"),
    ]
    assert "the limit versions is 3" in answer.json()["rejected"][0]["error"]
    assert len(prediction_ids(model)) == 3


def test_rejections_that_are_not_listed_are_counted(small: Running) -> None:
    answer = small.post_predictions([event(score="x")] * 10)
    assert (answer.status_code, len(answer.json()["rejected"]), answer.json()["rejected_total"]) == (422, 4, 10)


def test_definition_bytes(small: Running) -> None:
    answer = small.client.put("/v1/models/large", json={"task": "binary", "owner": "x" * 1_000})
    assert (answer.status_code, answer.json()["value"]) == (413, 1_000)
