import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from store import schema
from store.engine import open_engine, writing
from store.records import Result
from store.results import add_results
from tests.collector.running import JSON, NOW, Running, event


def test_a_model_is_made_and_changed(any_collector: Running) -> None:
    put = any_collector.client.put
    name = f"{any_collector.model}-new"
    made = put(f"/v1/models/{name}", json={"task": "binary", "owner": "risk"})
    assert made.status_code == 200
    assert made.json()["model"] == name
    assert len(made.json()["changes"]) > 1
    assert put(f"/v1/models/{name}", json={"model": name, "task": "binary", "owner": "risk"}).json()["changes"] == []
    assert len(put(f"/v1/models/{name}", json={"task": "binary", "owner": "ops"}).json()["changes"]) == 1


def test_models_are_listed(collector: Running) -> None:
    collector.post_predictions([event(version="a"), event(1, version="b")]).raise_for_status()
    models = {model["name"]: model for model in collector.client.get("/v1/models").json()["models"]}
    mine = models[collector.model]
    assert list(models) == sorted(models)
    assert (mine["task"], mine["versions"], mine["time_zone"]) == ("binary", ["a", "b"], "UTC")
    assert datetime.fromisoformat(mine["created_at"]) == collector.time.now


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"task": "binry"}, "$.task"),
        ({"task": "binary", "model": "other"}, "they must agree"),
        ({"task": "binary", "segmnets": []}, "segmnets"),
        ({"task": "binary", "time_zone": "Mars/Olympus"}, "time_zone 'Mars/Olympus' is not known"),
        ({"task": "multiclass"}, "cannot become multiclass"),
        ({}, "task"),
        ([], "one JSON object"),
        (7, "one JSON object"),
    ],
)
def test_a_wrong_model_file_changes_nothing(collector: Running, document: Any, error: str) -> None:
    path = f"/v1/models/{collector.model}"
    answer = collector.client.put(path, json=document)
    assert answer.status_code == 422
    assert error in answer.json()["error"]
    assert collector.client.put(path, json={"task": "binary"}).json()["changes"] == []


def test_a_name_no_model_may_have(collector: Running) -> None:
    answer = collector.client.put("/v1/models/%00", json={"task": "binary"})
    assert answer.status_code == 422
    assert "model" in answer.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"[" * 5000, b'"\xff"', b'{"a": "\\ud800"}'])
def test_a_model_file_that_is_no_json(collector: Running, body: bytes) -> None:
    answer = collector.client.put("/v1/models/x", content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body is ")


def test_deploys(any_collector: Running) -> None:
    post, name = any_collector.client.post, any_collector.model
    first = {"model": name, "version": "2", "at": "2026-05-01T12:00:00+02:00", "note": "canary"}
    for _ in range(2):
        answer = post("/v1/deploys", json=first)
        assert (answer.status_code, answer.json()) == (201, first | {"at": "2026-05-01T10:00:00Z"})
    assert post("/v1/deploys", json={"model": name, "version": "3"}).json()["at"] == "2026-05-02T00:00:00Z"
    found = any_collector.client.get("/v1/deploys", params={"model": name}).json()["deploys"]
    assert [(deploy["version"], deploy["note"]) for deploy in found] == [("2", "canary"), ("3", "")]
    assert [
        each for each in any_collector.client.get("/v1/deploys").json()["deploys"] if each["model"] == name
    ] == found


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"model": "nobody"}, 404, "there is no model 'nobody'"),
        ({"version": ""}, 422, "version is empty"),
        ({"version": "\0"}, 422, "version holds the NUL character"),
        ({"version": 3}, 422, "Expected `str`, got `int` - at `$.version`"),
        ({"at": "2026-05-01T10:00:00"}, 422, "at has no time zone"),
        ({"at": "now"}, 422, "$.at"),
        ({"note": "x" * 10_001}, 422, "note is 10,001 characters long"),
        ({"vresion": "3"}, 422, "unknown field `vresion`"),
    ],
)
def test_a_wrong_deploy(collector: Running, changes: dict[str, Any], status: int, error: str) -> None:
    answer = collector.client.post("/v1/deploys", json={"model": collector.model, "version": "3"} | changes)
    assert answer.status_code == status
    assert error in answer.json()["error"]


def add_run(collector: Running, days: int) -> None:
    """A result and a firing alert in each of some days of May."""
    engine = open_engine(collector.url)
    with writing(engine) as connection:
        model_id = connection.execute(schema.model.select().where(schema.model.c.name == collector.model)).one().id
        monitors = schema.monitor.select().where(schema.monitor.c.model_id == model_id)
        monitor = next(row for row in connection.execute(monitors) if row.name == "drift")
        for day in range(1, days + 1):
            start, end = datetime(2026, 5, day, tzinfo=UTC), datetime(2026, 5, day + 1, tzinfo=UTC)
            window = {"window_start": start, "window_end": end}
            run = connection.execute(insert(schema.run).values(monitor_id=monitor.id, state="done", **window))
            result = Result(
                collector.model, "1", "drift", "drift", "ks", "income", None, start, end, 100, 50, 0.1 * day, 0.2,
                "default", None, 0.3, "low", 0.5, None, "warning", "", "abc", NOW,
            )  # fmt: skip
            assert run.inserted_primary_key is not None
            ids = add_results(connection, model_id, monitor.id, run.inserted_primary_key[0], [result])
        connection.execute(
            insert(schema.alert).values(
                model_id=model_id, monitor_id=monitor.id, method="ks", field="income", segment="", state="firing",
                streak=0, since=end, window_end=end, result_id=ids[0],
            )
        )  # fmt: skip
    engine.dispose()


def test_results(any_collector: Running) -> None:
    add_run(any_collector, 3)
    path = f"/v1/models/{any_collector.model}/results"

    def windows(**query: str | int | list[str]) -> tuple[list[str], bool]:
        answer = any_collector.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return [each["window_end"][8:10] for each in answer.json()["results"]], answer.json()["truncated"]

    assert windows() == (["02", "03", "04"], False)
    assert windows(limit=2) == (["03", "04"], True)
    assert windows(limit=3) == (["02", "03", "04"], False)
    assert windows(since="2026-05-02T00:00:00Z", until="2026-05-03T02:00:00+02:00") == (["03"], False)
    assert windows(kind="quality") == ([], False)
    assert windows(status=["ok", "critical"]) == windows(monitor="quality") == windows(field="age\0") == ([], False)
    assert windows(status=["ok", "warning"], monitor=["drift", "quality"], field=["age", "income"], limit=1) == (
        ["04"],
        True,
    )
    assert windows(bad=True) == windows()
    (first, *_) = any_collector.client.get(path).json()["results"]
    contract = (
        "model, version, monitor, kind, method, field, segment, window_start, window_end, n_baseline, n_current, "
        "value, threshold, threshold_source, p_value, effect, severity, severity_score, confidence, status, reason, "
        "baseline, computed_at, interval_low, interval_high"
    )
    assert set(contract.split(", ")) <= set(first)
    assert (first["segment"], first["field"], first["value"]) == (None, "income", 0.1)


def test_alerts(any_collector: Running) -> None:
    add_run(any_collector, 1)
    get = any_collector.client.get
    mine = {"model": any_collector.model}
    (alert,) = get("/v1/alerts", params=mine).json()["alerts"]
    assert (alert["model"], alert["monitor"], alert["field"], alert["state"]) == (
        any_collector.model,
        "drift",
        "income",
        "firing",
    )
    assert alert in get("/v1/alerts").json()["alerts"]
    assert get("/v1/alerts", params=mine | {"state": "inactive"}).json()["alerts"] == []
    assert get("/v1/alerts", params=mine | {"state": ["inactive", "firing"]}).json()["alerts"] == [alert]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("since=yesterday", "since"),
        ("since=2026-05-01T00:00:00", "since: has no time zone"),
        ("until=2026-05-01", "until"),
        ("kind=x", "kind"),
        ("status=bad", "status"),
        ("bad=maybe", "bad"),
        ("bad=true&status=ok", "bad: is short for status=warning&status=critical"),
        ("limit=0", "limit: must be between 1 and 10,000"),
        ("limit=10001", "limit: must be between 1 and 10,000"),
        ("limit=x", "limit"),
    ],
)
def test_a_wrong_question(collector: Running, query: str, error: str) -> None:
    answer = collector.client.get(f"/v1/models/{collector.model}/results?{query}")
    assert answer.status_code == 400
    assert error in answer.json()["error"]


def test_unknown_models_and_paths(collector: Running) -> None:
    get = collector.client.get
    for path in ("/v1/models/nobody/results", "/v1/alerts?model=nobody", "/v1/deploys?model=%00", "/v2"):
        answer = get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]
    assert get("/v1/alerts?state=x").status_code == 400
    assert collector.client.delete("/v1/models").status_code == 405


def test_the_description(collector: Running) -> None:
    answer = collector.client.get("/schema")
    assert answer.status_code == 200
    assert "json" in answer.headers["content-type"]
    document = json.loads(answer.text)
    assert document["openapi"].startswith("3.")
    post = document["paths"]["/v1/models/{model}/predictions"]["post"]
    schema = post["requestBody"]["content"]["application/x-ndjson"]["schema"]
    assert {"timestamp", "prediction_id", "features", "score", "tags"} <= set(schema["properties"])
    operations = {(path, method) for path, item in document["paths"].items() for method in item}
    assert {
        ("/v1/models", "get"),
        ("/v1/models/{model}", "put"),
        ("/v1/models/{model}/labels", "post"),
        ("/v1/models/{model}/results", "get"),
        ("/v1/alerts", "get"),
        ("/v1/deploys", "post"),
        ("/v1/deploys", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
    } <= operations
