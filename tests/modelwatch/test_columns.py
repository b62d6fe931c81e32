"""Rows become columns: one meaning, whichever way they are read."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.binning import Binning, choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from modelwatch.columns import (
    columns_and_names_of_log,
    columns_of_frame,
    columns_of_log,
    columns_one_by_one,
    field_name,
    label_column,
    score_field,
)
from modelwatch.fields import place
from modelwatch.log_reading import columns_and_names_together, columns_together
from modelwatch.unknown_names import UnknownNames, unknown_names
from store.records import LoggedPredictions

BINARY = choose_binning(
    {
        "income": NumericColumn.of([1.0, 2.0, 3.0]),
        "region": CategoryColumn.of_strings(["north", "süd", "7"]),
        "code": CategoryColumn.of_strings(["1", "2", "2.5"]),
        "member": CategoryColumn.of_booleans([True, False]),
        "features.score": NumericColumn.of([1.0]),
        "prediction": CategoryColumn.of_strings(["0", "1"]),
        "score": NumericColumn.of([0.1, 0.9]),
    }
)


def log_of(
    features: list[str], predictions: list[str | None] | None = None, scores: list[str | None] | None = None
) -> LoggedPredictions:
    count = len(features)
    nothing: list[str | None] = [None] * count
    return LoggedPredictions(
        ids=list(range(1, count + 1)),
        ts=[0] * count,
        version_ids=[1] * count,
        prediction_ids=[str(row) for row in range(count)],
        predictions=predictions or nothing,
        scores=scores or nothing,
        features=features,
    )


def cells(column: Column) -> list[object]:
    """A column as plain values: a number, a text, None for missing, "!" for mistyped."""
    if isinstance(column, NumericColumn):
        return [
            None if missing else "!" if mistyped else value
            for value, missing, mistyped in zip(column.values.tolist(), column.missing, column.mistyped, strict=True)
        ]
    return [{-1: None, -2: "!"}.get(code) if code < 0 else f"'{column.vocabulary[code]}'" for code in column.codes]


def read(binning: Binning, rows: LoggedPredictions) -> dict[str, list[object]]:
    return {name: cells(column) for name, column in columns_of_log(binning, rows).items()}


Values = st.SearchStrategy[Any]

# What may stand where a value is expected. Numbers of every size, texts of every alphabet, nested things.
SCALARS: Values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-5, 5),
    st.integers(min_value=-(10**40), max_value=10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["north", "süd", "7", "7.0", "1", "1.0", "01", "true", "false", "", "NaN", "\U0001f600", "a\nb\r"]),
    st.text(st.characters(codec="utf-8"), max_size=5),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner))
PLAIN: dict[str, Values] = {
    "income": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "region": st.none() | st.text(st.characters(codec="utf-8"), max_size=3) | st.sampled_from(["north", "süd"]),
    "code": st.none() | st.integers(-3, 3) | st.floats(-3, 3),
    "member": st.none() | st.booleans(),
    "score": st.none() | st.floats(0, 1),
}


@st.composite
def json_objects(draw: st.DrawFn, values: dict[str, Values]) -> str:
    """An object as text: keys may lack, stand twice or be unknown, and blanks may stand between tokens."""
    keys = draw(st.lists(st.sampled_from([*values, "extra"]), max_size=7, unique=draw(st.integers(0, 9)) > 0))
    colon = draw(st.sampled_from([":", ": ", ":\n", " :\t"]))
    return "{" + ",".join(f"{json.dumps(key)}{colon}{json.dumps(draw(values.get(key, VALUES)))}" for key in keys) + "}"


def outputs(values: Values) -> st.SearchStrategy[str | None]:
    return st.none() | values.map(json.dumps)


@st.composite
def logs(draw: st.DrawFn, values: dict[str, Values], output: Values) -> LoggedPredictions:
    features = draw(st.lists(json_objects(values), max_size=6))
    some = st.lists(outputs(output), min_size=len(features), max_size=len(features))
    return log_of(features, draw(some), draw(some))


@pytest.mark.slow
@given(rows=logs(dict.fromkeys(PLAIN, VALUES), VALUES) | logs(PLAIN, st.floats(0, 1) | st.integers(0, 1)))
@settings(max_examples=150)
def test_reading_together_and_one_by_one_mean_the_same(rows: LoggedPredictions) -> None:
    together = columns_together(BINARY, rows)
    if together is not None:
        single = columns_one_by_one(BINARY, rows)
        assert {name: cells(column) for name, column in together.items()} == {
            name: cells(column) for name, column in single.items()
        }


def names_by_row(found: UnknownNames) -> set[tuple[int, str]]:
    return {(row, found.names[code]) for row, code in zip(found.rows.tolist(), found.codes.tolist(), strict=True)}


@pytest.mark.slow
@given(rows=logs(PLAIN | {"extra": SCALARS, "other": st.integers()}, st.floats(0, 1)))
@settings(max_examples=150)
def test_unknown_names_are_the_same_read_together_and_one_by_one(rows: LoggedPredictions) -> None:
    columns, found = columns_and_names_of_log(BINARY, rows)
    assert names_by_row(found) == names_by_row(unknown_names(BINARY, rows))
    single = columns_one_by_one(BINARY, rows)
    assert {name: cells(column) for name, column in columns.items()} == {
        name: cells(column) for name, column in single.items()
    }


def test_names_that_are_no_fields_are_found_with_their_rows() -> None:
    rows = log_of(
        ['{"income": 1, "tenure": 3}', '{"income": 2}', '{"tenure": null, "nested": {"a": 1}, "score": 2}', "[]"] * 20
    )
    found = unknown_names(BINARY, rows)
    assert names_by_row(found) == {(4 * n, "tenure") for n in range(20)} | {(4 * n + 2, "nested") for n in range(20)}
    of_group = found.by_group(np.array([0, -1, 1, 1] * 20))
    assert of_group == {0: {"tenure": 20}, 1: {"nested": 20}}


def test_names_that_come_in_some_rows_are_read_together_with_the_rest() -> None:
    rows = log_of(['{"income": 1, "tenure": 3, "since": "2026"}', '{"income": 2, "since": null}'])
    together = columns_and_names_together(BINARY, rows)
    assert together is not None
    assert names_by_row(together[1]) == {(0, "tenure"), (0, "since")}
    late = log_of(['{"income": 1}'] * 30 + ['{"income": 1, "tenure": 3}'])
    assert columns_and_names_together(BINARY, late) is None
    assert names_by_row(columns_and_names_of_log(BINARY, late)[1]) == {(30, "tenure")}


@given(rows=logs(PLAIN, st.floats(0, 1)))
@settings(max_examples=50)
def test_every_row_is_read_into_every_column(rows: LoggedPredictions) -> None:
    columns = columns_of_log(BINARY, rows)
    assert set(columns) == set(BINARY.names)
    assert {len(column) for column in columns.values()} == {len(rows.ids)}


def test_rows_of_the_expected_types_are_read_together() -> None:
    rows = log_of(
        ['{"income": 1, "region": "north", "code": 2.0, "member": true}', '{"income":2.5,"code":null}'],
        ["1", "0"],
        ["0.5", None],
    )
    columns = columns_together(BINARY, rows)
    assert columns is not None
    assert {name: cells(column) for name, column in columns.items()} == {
        "income": [1.0, 2.5],
        "region": ["'north'", None],
        "code": ["'2'", None],
        "member": ["'true'", None],
        "features.score": [None, None],
        "prediction": ["'1'", "'0'"],
        "score": [0.5, None],
    }


@pytest.mark.parametrize("value", ['"3"', "true", "[1]", '{"a":1}', '"NaN"'])
def test_what_is_not_a_number_is_mistyped_and_stops_nothing_else(value: str) -> None:
    found = read(BINARY, log_of([f'{{"income":{value},"region":"north"}}', '{"income":4,"region":"süd"}']))
    assert found["income"] == ["!", 4.0]
    assert found["region"] == ["'north'", "'süd'"]


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ('"north"', "'north'"),
        ('"never seen"', "'never seen'"),
        ('"7"', "'7'"),
        ("7", "'7'"),
        ("7.0", "'7'"),
        ("8", "!"),
        ("true", "!"),
        ('["north"]', "!"),
        ("null", None),
    ],
)
def test_a_category_of_words_knows_a_number_only_by_its_text(value: str, meaning: object) -> None:
    assert read(BINARY, log_of([f'{{"region":{value}}}']))["region"] == [meaning]


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("1", "'1'"),
        ("1.0", "'1'"),
        ("2.5", "'2.5'"),
        ("9", "'9'"),
        ("9007199254740993", "'9007199254740993'"),
        ('"1"', "'1'"),
        ('"1.0"', "'1'"),
        ('"9.0"', "'9.0'"),
        ('"word"', "'word'"),
        ("true", "!"),
    ],
)
def test_a_category_of_numbers_takes_texts_that_read_the_same(value: str, meaning: object) -> None:
    assert read(BINARY, log_of([f'{{"code":{value}}}']))["code"] == [meaning]


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("true", "'true'"), ("false", "'false'"), ('"true"', "'true'"), ('"yes"', "!"), ("1", "!"), ("null", None)],
)
def test_truth_values(value: str, meaning: object) -> None:
    assert read(BINARY, log_of([f'{{"member":{value}}}']))["member"] == [meaning]


def test_numbers_beyond_every_type_are_infinite() -> None:
    huge = "9" * 5000
    found = read(BINARY, log_of(['{"income":1e999}', '{"income":-1e999}', f'{{"income":{huge}}}', '{"income":5}']))
    assert found["income"] == [math.inf, -math.inf, math.inf, 5.0]


def test_a_row_that_is_no_json_is_mistyped_alone() -> None:
    found = read(BINARY, log_of(['{"income":', '{"income":5}', "null", "[]"]))
    assert found["income"] == ["!", 5.0, None, "!"]


def test_a_lone_surrogate_is_no_category() -> None:
    assert read(BINARY, log_of(['{"region":"\\ud800"}', '{"region":"north"}']))["region"] == ["!", "'north'"]


def test_line_breaks_between_tokens_are_blanks() -> None:
    rows = log_of(['{\r\n  "income": 1,\n  "region": "a\\nb"\n}', '{"income": 2}'])
    columns = columns_together(BINARY, rows)
    assert columns is not None
    assert cells(columns["income"]) == [1.0, 2.0]
    assert cells(columns["region"]) == ["'a\nb'", None]


def test_a_feature_that_is_named_like_an_output_is_kept_apart() -> None:
    found = read(BINARY, log_of(['{"score": 3}'], ["1"], ["0.25"]))
    assert found["features.score"] == [3.0]
    assert found["score"] == [0.25]


def test_each_class_has_its_score() -> None:
    binning = choose_binning(
        {
            "prediction": CategoryColumn.of_strings(["gold", "silver"]),
            score_field("gold"): NumericColumn.of([0.5]),
            score_field("silver"): NumericColumn.of([0.5]),
        }
    )
    texts: list[str | None] = ['{"gold":0.7,"silver":0.3}', '{"gold":1}', None, "0.5", '{"gold":"x","silver":0}']
    rows = log_of(["{}"] * 5, ['"gold"'] * 5, texts)
    assert read(binning, rows)["score[gold]"] == [0.7, 1.0, None, "!", "!"]
    assert read(binning, rows)["score[silver]"] == [0.3, None, None, "!", 0.0]


@pytest.mark.parametrize("name", ["income", "prediction", "score", "score[a]", "features.x", "features.score"])
def test_no_feature_takes_the_place_of_another(name: str) -> None:
    field = field_name(name)
    assert place(field) == ("features", name)
    assert field not in ("prediction", "score")


def test_labels() -> None:
    assert cells(label_column(["1", "1.0", '"1"', None, "true"], "categorical")) == [
        "'1'",
        "'1'",
        "'1'",
        None,
        "'true'",
    ]
    assert cells(label_column(["1.5", '"x"', None], "numeric")) == [1.5, "!", None]


KINDS = {"income": "numeric", "region": "categorical", "code": "categorical", "member": "boolean", "score": "numeric"}


@given(rows=st.lists(st.fixed_dictionaries({}, optional=PLAIN), min_size=1, max_size=8))
@settings(max_examples=100)
def test_a_frame_means_what_the_same_events_would(rows: list[dict[str, Any]]) -> None:
    kinds: dict[str, Any] = {name: kind for name, kind in KINDS.items() if name != "score"}
    whole: list[dict[str, Any]] = [{name: row.get(name) for name in kinds} for row in rows]
    objects = pd.DataFrame(whole, dtype=object)
    events = columns_of_log(BINARY, log_of([json.dumps(row) for row in whole]))
    for frame in (objects, objects.infer_objects()):
        columns = columns_of_frame(frame, kinds, BINARY)
        assert {name: cells(columns[name]) for name in kinds} == {name: cells(events[name]) for name in kinds}


def test_a_frame_that_is_the_baseline_gives_each_value_its_text() -> None:
    frame = pd.DataFrame({"a": [1, 2, 1], "b": ["01", None, "x"], "c": [1.0, np.nan, 2.5], "d": [True, False, True]})
    columns = columns_of_frame(frame, {"a": "categorical", "b": "categorical", "c": "categorical", "d": "categorical"})
    assert cells(columns["a"]) == ["'1'", "'2'", "'1'"]
    assert cells(columns["b"]) == ["'01'", None, "'x'"]
    assert cells(columns["c"]) == ["'1'", None, "'2.5'"]
    assert cells(columns["d"]) == ["'true'", "'false'", "'true'"]


def test_truth_values_of_a_frame_are_no_numbers_and_an_absent_column_is_missing() -> None:
    columns = columns_of_frame(pd.DataFrame({"a": [True, False]}), {"a": "numeric", "b": "numeric"})
    assert cells(columns["a"]) == ["!", "!"]
    assert cells(columns["b"]) == [None, None]
