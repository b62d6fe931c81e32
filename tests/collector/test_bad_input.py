"""A bad event gets a named error; its good neighbours are stored; nothing is a 5xx."""

import json
from typing import Any

import pytest

from tests.collector.logged import labels, prediction_ids, predictions
from tests.collector.running import JSON, LINES, Running, event, label

FINITE = "is a number beyond the range of double precision"
NOT_JSON = "which JSON does not know: send null for a missing value"
SURROGATE = "holds half of a surrogate pair"
NUL = "holds the NUL character"
SCALAR = "it must be a number, text, true, false or null"
INSTANT = "it must be an RFC 3339 instant with its zone, like 2026-05-01T10:00:00Z"
CHANCE = "it must be a number from 0.001 to 1, or left out where it is not known"
HTML = "\"><img src=x onerror=alert(1)>'"


def raw(features: str = '{"income": 1}', **fields: str | None) -> str:
    """An event from pieces of JSON text, which need not be JSON; None leaves a field out."""
    given = {"prediction_id": '"bad"', "timestamp": '"2026-05-01T10:00:00Z"', "features": features} | fields
    return "{" + ", ".join(f'"{key}": {value}' for key, value in given.items() if value is not None) + "}"


# What is sent between two good events, the field that is named, and what is said of it.
BAD_PREDICTIONS: dict[str, tuple[str, str | None, str]] = {
    "no timestamp": (raw(timestamp=None), "timestamp", f"is missing: {INSTANT}"),
    "no zone": (raw(timestamp='"2026-05-01T10:00:00"'), "timestamp", "has no time zone"),
    "epoch seconds": (raw(timestamp="1777629600"), "timestamp", f"is a number: {INSTANT}"),
    "no instant": (raw(timestamp='"yesterday"'), "timestamp", f"is text: {INSTANT}"),
    "a day that is none": (raw(timestamp='"2026-02-30T10:00:00Z"'), "timestamp", INSTANT),
    "far ahead": (raw(timestamp='"9999-12-31T23:59:59Z"'), "timestamp", "lies in the future"),
    "milliseconds taken for seconds": (raw(timestamp='"2026-05-03T00:00:01Z"'), "timestamp", "lies in the future"),
    "long ago": (raw(timestamp='"0001-01-01T00:00:00+14:00"'), "timestamp", "lies before 1970-01-01"),
    "null timestamp": (raw(timestamp="null"), "timestamp", f"is null: {INSTANT}"),
    "NaN feature": (raw('{"a": 1, "b": NaN}'), "features.b", f"is NaN, {NOT_JSON}"),
    "infinite feature": (raw('{"a": -Infinity}'), "features.a", f"is -Infinity, {NOT_JSON}"),
    "overflowing feature": (raw('{"a": 1, "b": 1e999}'), "features.b", FINITE),
    "overflowing whole number": (raw('{"a": 1' + "0" * 400 + "}"), "features.a", FINITE),
    "NaN score": (raw(score="NaN"), "score", f"is NaN, {NOT_JSON}"),
    "overflowing score": (raw(score="1e999"), "score", FINITE),
    "text score": (raw(score='"0.5"'), "score", "is text: it must be a finite number"),
    "true score": (raw(score="true"), "score", "is true: it must be a finite number"),
    "score of a class": (raw(score='{"gold": "0.5"}'), "score.gold", "is text: it must be a finite number"),
    "overflowing prediction": (raw(prediction="-1e999"), "prediction", FINITE),
    "huge prediction": (raw(prediction="1" + "0" * 400), "prediction", FINITE),
    "list prediction": (raw(prediction="[1]"), "prediction", "is a list: it must be a number, text, true or false"),
    "5,000 levels in a feature": (raw('{"a": ' + "[" * 5000 + "]" * 5000 + "}"), "features.a", f"is a list: {SCALAR}"),
    "5,000 objects": (raw('{"a": ' * 5000 + "1" + "}" * 5000), "features.a", f"is an object: {SCALAR}"),
    "5,000 levels as an event": ("[" * 5000 + "]" * 5000, None, "is a list: an item must be one JSON object"),
    "list feature": (raw('{"a": [1, 2]}'), "features.a", f"is a list: {SCALAR}"),
    "object feature": (raw('{"a": {"b": 1}}'), "features.a", f"is an object: {SCALAR}"),
    "list of features": (raw("[1, 2]"), "features", "is not an object of feature name to value"),
    "lone surrogate as a value": (raw('{"a": "\\ud800"}'), "features.a", SURROGATE),
    "lone surrogate in a name": (raw('{"a\\udfff": 1}'), "features.a?", f"has a name that {SURROGATE}"),
    "lone surrogate as an id": (raw(prediction_id='"\\ud800x"'), "prediction_id", SURROGATE),
    "NUL in a value": (raw('{"a": "x\\u0000"}'), "features.a", NUL),
    "NUL in a name": (raw('{"a\\u0000": 1}'), "features.a\0", f"has a name that {NUL}"),
    "NUL in the id": (raw(prediction_id='"\\u0000"'), "prediction_id", NUL),
    "NUL in the version": (raw(version='"\\u0000"'), "version", NUL),
    "NUL in the prediction": (raw(prediction='"\\u0000"'), "prediction", NUL),
    "NUL in a tag": (raw(tags='{"t": "\\u0000"}'), "tags.t", NUL),
    "NUL in a class": (raw(score='{"\\u0000": 1}'), "score.\0", f"has a name that {NUL}"),
    "bare control character": (raw('{"a": "x\ty"}'), "features.a", "a control character that is not escaped"),
    "nameless feature": (raw('{"": 1}'), "features.", "has a name that is empty"),
    "no id": (raw(prediction_id=None), "prediction_id", "is missing: give it as prediction_id or request_id"),
    "empty id": (raw(prediction_id='""'), "prediction_id", "is empty"),
    "fractional id": (raw(prediction_id="7.5"), "prediction_id", "is a number: it must be text"),
    "two ids": (raw(event_id='"other"'), "prediction_id", "is ambiguous: prediction_id and event_id differ"),
    "true version": (raw(version="true"), "version", "is true: it must be text"),
    "empty version": (raw(version='""'), "version", "is empty"),
    "tags of lists": (raw(tags='{"t": []}'), "tags.t", "is a list"),
    "no tags": (raw(tags="7"), "tags", "is not an object of name to text"),
    "unknown key": (raw(feature="1"), "feature", "is not a known key: did you mean features?"),
    "nothing known": ('{"qqqq": 1}', "qqqq", "is not a known key: known are prediction_id"),
    "an object of nothing": ("{}", "timestamp", "is missing"),
    "no object": ("7", None, "is a number: an item must be one JSON object"),
    "no JSON": ("tru", None, "is not sound JSON"),
    "nothing between commas": ("", None, "is not sound JSON"),
    "missing value": (raw('{"a": }'), "features.a", f"has no value: {SCALAR}"),
    "missing colon": (raw('{"a" 1}'), "features", "is not sound JSON"),
    "single quotes": ("{'prediction_id': 'x'}", None, "is not sound JSON"),
}

BAD_LABELS: dict[str, tuple[str, str | None, str]] = {
    "no label": ('{"prediction_id": "bad", "timestamp": "2026-05-01T10:00:00Z"}', "label", "is missing"),
    "null label": (json.dumps(label(label=None)), "label", "is null: it must be a number, text, true or false"),
    "NaN label": (json.dumps(label(label=float("nan"))), "label", f"is NaN, {NOT_JSON}"),
    "list label": (json.dumps(label(label=[1])), "label", "is a list"),
    "NUL label": (json.dumps(label(label="\0")), "label", NUL),
    "chance of 0": (json.dumps(label(sampling_probability=0)), "sampling_probability", CHANCE),
    "chance too small": (json.dumps(label(sampling_probability=0.0009)), "sampling_probability", CHANCE),
    "chance beyond 1": (json.dumps(label(sampling_probability=50)), "sampling_probability", CHANCE),
    "chance as text": (json.dumps(label(sampling_probability="0.5")), "sampling_probability", "is text: it must be"),
    "no timestamp": (json.dumps(label(timestamp=...)), "timestamp", "is missing"),
    "no id": (json.dumps(label(prediction_id=...)), "prediction_id", "is missing"),
    "a prediction": (json.dumps(event()), "version", "is not a known key"),
}


def check_bad_one(answer: Any, field: str | None, error: str) -> None:
    assert answer.status_code == 200, answer.text
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (2, 0)
    (rejected,) = answer.json()["rejected"]
    assert (rejected["index"], rejected["field"]) == (1, field)
    assert error in rejected["error"]


@pytest.mark.parametrize("name", BAD_PREDICTIONS)
def test_bad_prediction_in_an_array(collector: Running, name: str) -> None:
    bad, field, error = BAD_PREDICTIONS[name]
    body = f"[{json.dumps(event(0))}, {bad}, {json.dumps(event(2))}]"
    check_bad_one(collector.post_predictions(body), field, error)
    assert prediction_ids(collector) == ["p0", "p2"]


@pytest.mark.parametrize("name", [name for name in BAD_PREDICTIONS if name != "nothing between commas"])
def test_bad_prediction_on_a_line(collector: Running, name: str) -> None:
    bad, field, error = BAD_PREDICTIONS[name]
    body = f"{json.dumps(event(0))}\n{bad}\n{json.dumps(event(2))}\n"
    check_bad_one(collector.post_predictions(body, LINES), field, error)
    assert prediction_ids(collector) == ["p0", "p2"]


@pytest.mark.parametrize("name", BAD_LABELS)
def test_bad_label(collector: Running, name: str) -> None:
    bad, field, error = BAD_LABELS[name]
    body = f"[{json.dumps(label(0))}, {bad}, {json.dumps(label(2))}]"
    check_bad_one(collector.post_labels(body), field, error)
    assert [row["prediction_id"] for row in labels(collector)] == ["p0", "p2"]


def test_text_that_is_not_utf8(collector: Running) -> None:
    bad = raw('{"a": "?"}').encode().replace(b"?", b"\xff")
    body = b"[" + json.dumps(event(0)).encode() + b"," + bad + b"," + json.dumps(event(2)).encode() + b"]"
    check_bad_one(collector.post_predictions(body), "features.a", "is not valid UTF-8")


def test_all_bad_things_at_once(any_collector: Running) -> None:
    body = ",".join(bad for bad, _, _ in BAD_PREDICTIONS.values() if bad)
    answer = any_collector.post_predictions(f"[{json.dumps(event(0))},{body},{json.dumps(event(1))}]")
    assert answer.json()["accepted"] == 2
    indexes = [rejected["index"] for rejected in answer.json()["rejected"]]
    assert indexes == list(range(1, len(BAD_PREDICTIONS)))
    assert prediction_ids(any_collector) == ["p0", "p1"]


def test_when_all_is_bad_the_status_says_so(collector: Running) -> None:
    answer = collector.post_predictions([event(timestamp=...), event(1, score="x")])
    assert answer.status_code == 422
    assert (answer.json()["accepted"], len(answer.json()["rejected"])) == (0, 2)


ODD_AND_STORED = {
    "a number where a category was": {"income": "51000", "region": 7},
    "a new feature": {"income": 1, "region": "north", "shoe_size": 43},
    "a missing feature": {"income": 1},
    "no feature": {},
    "null": {"income": None, "region": None},
    "quotes": {"in\"come'": 1, "`a`": 2},
    "SQL": {"x'); DROP TABLE prediction_log; --": 1},
    "HTML": {HTML: HTML},
    "reserved names": {"prediction": 1, "score": 2, "score[a]": 3, "features.a": 4},
    "control characters, escaped": {"a\nb": "\t\r\n\x7f"},
    "line separators": {"a": "\u2028\u2029\x85"},
    "an emoji": {"\U0001f600": "\U0001f600"},
    "a backslash before u0000": {"a": "\\u0000"},
    "large and small": {"a": 1e308, "b": -1e-320, "c": 2**63, "d": -(10**300)},
}


@pytest.mark.parametrize("name", ODD_AND_STORED)
def test_odd_features_are_stored_as_they_are(any_collector: Running, name: str) -> None:
    features = ODD_AND_STORED[name]
    assert any_collector.post_predictions([event(features=features)]).json()["accepted"] == 1
    (row,) = predictions(any_collector)
    assert json.loads(row["features"]) == features


def test_a_name_in_an_answer_is_text_in_json(collector: Running) -> None:
    answer = collector.post_predictions([event(features={HTML: []})])
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["rejected"][0]["field"] == f"features.{HTML}"


def test_of_a_name_given_twice_the_last_value_counts(collector: Running) -> None:
    collector.post_predictions(raw('{"a": 1, "a": 2}')).raise_for_status()
    (row,) = predictions(collector)
    assert json.loads(row["features"]) == {"a": 2}


def test_a_label_may_come_before_its_prediction(any_collector: Running) -> None:
    assert any_collector.post_labels([label(5)]).json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert any_collector.post_predictions([event(5)]).json()["accepted"] == 1


@pytest.mark.parametrize(
    ("end", "index", "position"),
    [
        (', {"prediction_id": "p2", "timest', 2, 2),
        (', {"prediction_id": "p2"', 2, 2),
        (', {"a": "', 2, 2),
        (",", 2, 0),
        ("", 2, 0),
    ],
    ids=["in a key", "in an object", "in a string", "after a comma", "before the bracket"],
)
def test_what_came_before_a_break_is_stored(collector: Running, end: str, index: int, position: int) -> None:
    whole = f"[{json.dumps(event(0))}, {json.dumps(event(1))}"
    answer = collector.post_predictions(whole + end)
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2
    assert answer.json()["rejected"] == [
        {
            "index": index,
            "field": None,
            "error": "the JSON breaks off here or is damaged: the body could not be read from byte "
            f"{len(whole) + position} on",
        }
    ]


def test_a_line_that_breaks_off(collector: Running) -> None:
    answer = collector.post_predictions(f"{json.dumps(event(0))}\n{json.dumps(event(1))[:-9]}", LINES)
    assert answer.json()["accepted"] == 1
    assert answer.json()["rejected"][0]["index"] == 1


def test_what_follows_an_array_is_named(collector: Running) -> None:
    answer = collector.post_predictions(f"[{json.dumps(event(0))}] []")
    assert answer.json()["accepted"] == 1
    assert "there is more after the end of the array" in answer.json()["rejected"][0]["error"]


@pytest.mark.parametrize("body", ["", " \n", "\ufeff"])
def test_an_empty_body(collector: Running, body: str) -> None:
    for headers in (JSON, LINES):
        answer = collector.post_predictions(body.encode(), headers)
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("the body is empty: send one JSON object")


@pytest.mark.parametrize("body", ["x", "7", "null", '"text"', "\xff\xfe["])
def test_a_body_that_is_something_else(collector: Running, body: str) -> None:
    answer = collector.post_predictions(body.encode("latin-1"))
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "the body is neither a JSON object nor a JSON array of objects"},
    )


@pytest.mark.parametrize("kind", ["text/csv", "", "application/json; charset=utf-16", "multipart/form-data", ";"])
def test_a_wrong_content_type(collector: Running, kind: str) -> None:
    answer = collector.post_predictions([event()], {"content-type": kind} if kind else {})
    assert answer.status_code == 415
    assert "send application/json or application/x-ndjson or application/jsonl" in answer.json()["error"]


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x"])
def test_an_unknown_encoding(collector: Running, encoding: str) -> None:
    answer = collector.post_predictions([event()], JSON | {"content-encoding": encoding})
    assert answer.status_code == 415
    assert "send gzip or zstd or identity" in answer.json()["error"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_body_that_is_not_compressed_as_it_says(collector: Running, encoding: str) -> None:
    answer = collector.post_predictions([event()], JSON | {"content-encoding": encoding})
    assert answer.status_code == 400
    assert f"is not sound {encoding}" in answer.json()["error"]
