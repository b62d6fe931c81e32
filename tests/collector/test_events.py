import gzip
import json

import pytest
import zstandard

from store.column_types import to_micros
from tests.collector.logged import labels, prediction_ids, predictions
from tests.collector.running import JSON, LINES, NOW, Running, event, label

ALL_GOOD = {"duplicates": 0, "rejected": []}


def test_an_event_is_stored_as_it_came(any_collector: Running) -> None:
    body = (
        '{"prediction_id": "7f1c", "timestamp": "2026-05-01T12:00:00.000001+02:00", "version": "3",'
        ' "features": {"income": 51000.50, "region": "n\\u00f6rd"}, "prediction": 1, "score": 0.83,'
        ' "tags": {"endpoint": "canary"}}'
    )
    answer = any_collector.post_predictions(body)
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    (row,) = predictions(any_collector)
    assert row["prediction_id"] == "7f1c"
    assert row["ts"] == 1_777_629_600_000_001
    assert row["received_at"] == to_micros(NOW)
    assert row["version"] == "3"
    assert (row["prediction"], row["score"]) == ("1", "0.83")
    assert row["features"] == '{"income": 51000.50, "region": "n\\u00f6rd"}'
    assert row["tags"] == '{"endpoint": "canary"}'


def test_a_label_is_stored(any_collector: Running) -> None:
    answer = any_collector.post_labels([label(0, label="yes"), label(1, label=False), label(2, label=2.5)])
    assert answer.json() == {"accepted": 3} | ALL_GOOD
    assert [(row["prediction_id"], row["label"]) for row in labels(any_collector)] == [
        ("p0", '"yes"'),
        ("p1", "false"),
        ("p2", "2.5"),
    ]


def test_a_label_comes_with_the_chance_it_was_asked_for_with(any_collector: Running) -> None:
    given = [label(0, sampling_probability=0.1), label(1, sampling_probability=1), label(2, sampling_probability=None)]
    assert any_collector.post_labels([*given, label(3)]).json() == {"accepted": 4} | ALL_GOOD
    assert [row["sampling_probability"] for row in labels(any_collector)] == [0.1, 1.0, None, None]
    assert any_collector.post_labels(given).json() == {"accepted": 0, "duplicates": 3, "rejected": []}
    refused = any_collector.post_labels([label(0, sampling_probability=0.2), label(1)]).json()["rejected"]
    assert [each["index"] for each in refused] == [0, 1]
    assert "another label or probability at this timestamp" in refused[0]["error"]


def test_only_what_is_needed_is_asked_for(collector: Running) -> None:
    event_without = {"prediction_id": "a", "timestamp": "2026-05-01T10:00:00Z"}
    assert collector.post_predictions(event_without).json() == {"accepted": 1} | ALL_GOOD
    (row,) = predictions(collector)
    assert (row["version"], row["prediction"], row["score"], row["features"], row["tags"]) == (
        "1",
        None,
        None,
        "{}",
        None,
    )


TWO = [event(0), event(1)]
AS_LINES = "\n".join(map(json.dumps, TWO))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps(TWO), JSON),
        (json.dumps(TWO, indent=4), JSON),
        ("\ufeff" + json.dumps(TWO), JSON),
        (json.dumps(TWO), {"content-type": "Application/JSON; charset=UTF-8"}),
        (AS_LINES, JSON),
        (AS_LINES, LINES),
        (AS_LINES + "\n", {"content-type": "application/jsonl"}),
        ("\r\n\n" + AS_LINES.replace("\n", "\r\n\r\n") + "\r\n", LINES),
    ],
    ids=["array", "indented", "with a byte order mark", "with a charset", "lines as JSON", "lines", "jsonl", "CRLF"],
)
def test_forms_of_two_events(collector: Running, body: str, headers: dict[str, str]) -> None:
    answer = collector.post_predictions(body.encode(), headers)
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2} | ALL_GOOD)
    assert prediction_ids(collector) == ["p0", "p1"]


def test_features_are_kept_on_one_line(collector: Running) -> None:
    collector.post_predictions(json.dumps(event(), indent=2)).raise_for_status()
    (row,) = predictions(collector)
    assert "\n" not in row["features"]
    assert json.loads(row["features"]) == event()["features"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity", "GZIP"])
def test_encodings(collector: Running, encoding: str) -> None:
    plain = json.dumps(TWO).encode()
    body = {"gzip": gzip.compress(plain), "zstd": zstandard.compress(plain), "identity": plain}[encoding.lower()]
    answer = collector.post_predictions(body, JSON | {"content-encoding": encoding})
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2} | ALL_GOOD)


@pytest.mark.parametrize("name", ["request_id", "correlationid", "inferenceId", "event_id"])
def test_other_names_of_the_id(collector: Running, name: str) -> None:
    for item in (event(prediction_id=..., **{name: "x7"}), event(1, prediction_id=..., **{name: 12})):
        assert collector.post_predictions(item).json() == {"accepted": 1} | ALL_GOOD
    assert prediction_ids(collector) == ["x7", "12"]
    assert collector.post_labels(label(prediction_id=..., **{name: "x7"})).json() == {"accepted": 1} | ALL_GOOD


def test_an_empty_array_is_fine(collector: Running) -> None:
    answer = collector.post_predictions([])
    assert (answer.status_code, answer.json()) == (200, {"accepted": 0} | ALL_GOOD)


def test_sending_again_is_safe(any_collector: Running) -> None:
    for _ in range(2):
        answer = any_collector.post_predictions([event(0), event(1), event(0)])
        assert answer.status_code == 200
    assert answer.json() == {"accepted": 0, "duplicates": 3, "rejected": []}
    reordered = json.dumps(event(0, features={"region": "north", "income": 51000}), indent=1)
    assert any_collector.post_predictions(reordered).json()["duplicates"] == 1
    assert prediction_ids(any_collector) == ["p0", "p1"]


def test_the_first_of_two_contents_is_kept(any_collector: Running) -> None:
    any_collector.post_predictions(event(0)).raise_for_status()
    answer = any_collector.post_predictions([event(1), event(0, score=0.1)])
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 1
    assert answer.json()["rejected"] == [
        {
            "index": 1,
            "field": "prediction_id",
            "error": "'p0' was already logged with other content; the first is kept",
        }
    ]
    assert [row["score"] for row in predictions(any_collector)] == ["0.83", "0.83"]


def test_a_label_is_corrected_by_a_later_one_alone(any_collector: Running) -> None:
    any_collector.post_labels(label(label=1)).raise_for_status()
    refused = any_collector.post_labels(label(label=0))
    assert refused.status_code == 422
    assert "send a correction with a later timestamp" in refused.json()["rejected"][0]["error"]
    later = any_collector.post_labels(label(label=0, timestamp="2026-05-01T11:00:00Z"))
    assert later.json() == {"accepted": 1} | ALL_GOOD
    assert [row["label"] for row in labels(any_collector)] == ["1", "0"]


def test_an_event_without_version_belongs_to_the_newest(collector: Running) -> None:
    for number, version in enumerate([..., "7", ..., 8, ...]):
        collector.post_predictions(event(number, version=version)).raise_for_status()
        collector.time.monotonic += 10
    assert [row["version"] for row in predictions(collector)] == ["1", "7", "7", "8", "8"]


def test_scores_by_class(collector: Running) -> None:
    collector.post_predictions(event(prediction="gold", score={"gold": 0.75, "silver": 0.25})).raise_for_status()
    (row,) = predictions(collector)
    assert json.loads(row["score"]) == {"gold": 0.75, "silver": 0.25}


def test_an_unknown_model_says_how_to_make_it(collector: Running) -> None:
    for path in ("/v1/models/nobody/predictions", "/v1/models/nobody/labels", "/v1/models/%00/labels"):
        answer = collector.client.post(path, json=[event()])
        assert answer.status_code == 404
        assert "create it with PUT /v1/models/NAME" in answer.json()["error"]
