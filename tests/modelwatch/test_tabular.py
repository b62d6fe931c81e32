"""Files become rows: every format to the same meaning, and what is wrong is named."""

import gzip
import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwatch.columns import columns_of_frame, plain_values
from modelwatch.file_reading import read_file
from modelwatch.tabular import FileRows, Mapped, TabularError, mapping_of, read_labels, read_rows
from store.column_types import from_micros
from store.definition_reading import definition_from
from store.definitions import ColumnsSpec

CREDIT = definition_from(
    {
        "model": "credit",
        "task": "binary",
        "time_zone": "Europe/Berlin",
        "fields": {"zip": {"kind": "categorical"}},
        "prediction": {"labels": [0, 1], "positive": 1},
        "columns": {
            "prediction_id": "id",
            "timestamp": "ts",
            "prediction": "y_pred",
            "score": "y_proba",
            "label": "repaid",
            "ignore": ["part"],
        },
    }
)
TEXT = (
    "id,ts,income,zip,member,y_pred,y_proba,repaid,part\n"
    "a,2026-05-01T10:00:00Z,51000,01067,true,1,0.83,1,x\n"
    "b,2026-05-01 12:00,,10115,False,0,0.1,,x\n"
    "7,2026-05-01T10:00:00+05:30,3.5,01067,,1,0.5,0,x\n"
)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return written


def cells(rows: FileRows) -> dict[str, list[object]]:
    return {str(name): plain_values(column) for name, column in rows.frame.items()}


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_a_csv_file(write: Callable[[str, str], Path], name: str) -> None:
    path = write(name, TEXT)
    rows = read_rows(path, mapping_of(CREDIT), ("timestamp", "prediction", "score", "prediction_id"))
    assert cells(rows) == {
        "income": [51000.0, None, 3.5],
        "zip": ["01067", "10115", "01067"],
        "member": [True, False, None],
        "prediction": [1, 0, 1],
        "score": [0.83, 0.1, 0.5],
    }
    assert rows.kinds == {
        "income": "numeric",
        "zip": "categorical",
        "member": "boolean",
        "prediction": "categorical",
        "score": "numeric",
    }
    assert rows.features == {"income": "income", "zip": "zip", "member": "member"}
    assert rows.ids == ["a", "b", "7"]
    assert rows.stamps is not None
    assert [from_micros(stamp).isoformat() for stamp in rows.stamps.tolist()] == [
        "2026-05-01T10:00:00+00:00",
        "2026-05-01T10:00:00+00:00",
        "2026-05-01T04:30:00+00:00",
    ]
    assert rows.label_texts() == ["1", None, "0"]
    assert rows.content_hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert rows.notices == ()


def test_every_format_means_the_same(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    events: list[dict[str, Any]] = [
        {"income": 51000.0, "zip": "01067", "member": True},
        {"income": None, "zip": "10115", "member": False},
        {"income": 3.5, "zip": "01067", "member": None},
    ]
    outputs = [{"id": key, "y_pred": y, "y_proba": p} for key, y, p in (("a", 1, 0.83), ("b", 0, 0.1), ("7", 1, 0.5))]
    flat = [event | output for event, output in zip(events, outputs, strict=True)]
    nested = [{"features": event} | output for event, output in zip(events, outputs, strict=True)]
    pq.write_table(pa.Table.from_pylist(flat), tmp_path / "rows.parquet")
    paths = [
        write("rows.csv", TEXT),
        write("flat.jsonl", "\n".join(map(json.dumps, flat))),
        write("nested.jsonl.gz", "\n\n".join(map(json.dumps, nested)) + "\n"),
        tmp_path / "rows.parquet",
    ]
    first, *others = (read_rows(path, mapping_of(CREDIT)) for path in paths)
    for other in others:
        assert other.kinds == first.kinds
        assert cells(other) == cells(first)
        assert other.ids == first.ids


def test_rows_without_ids_have_the_same_ones_whatever_is_read(write: Callable[[str, str], Path]) -> None:
    path = write("rows.csv", "timestamp,x,label\n2026-05-01,1,0\n2026-05-02,2,1\n")
    rows = read_rows(path, Mapped())
    assert rows.ids == read_labels(path, Mapped()).ids
    assert len(set(rows.ids)) == 2
    assert read_rows(write("other.csv", "x\n1\n2\n"), Mapped()).ids != rows.ids


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", "-3e4", "NA"], "numeric"),
        (["1", "2", "x", ""], "categorical"),
        (["01", "02", "10"], "categorical"),
        (["0.5", "0", "10"], "numeric"),
        (["true", "FALSE", ""], "boolean"),
        (["0", "1", "1"], "numeric"),
        (["", "", ""], "numeric"),
        (["inf", "1", "-Infinity"], "numeric"),
        (["1,000", "2"], "categorical"),
        ([" 1", "2 "], "numeric"),
    ],
)
def test_kinds_are_told_from_texts(write: Callable[[str, str], Path], values: list[str], kind: str) -> None:
    lines = "".join(f'"{value}",0\n' for value in values)
    assert read_rows(write("rows.csv", "x,other\n" + lines), Mapped()).kinds["x"] == kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5, None], "numeric"),
        ([1, 2, "n/a", 3], "numeric"),
        (["1", "2"], "categorical"),
        ([True, False, None], "boolean"),
        (["true", "false"], "boolean"),
        ([None, None], "numeric"),
    ],
)
def test_kinds_are_told_from_values(write: Callable[[str, str], Path], values: list[object], kind: str) -> None:
    path = write("rows.jsonl", "\n".join(json.dumps({"x": value}) for value in values))
    assert read_rows(path, Mapped()).kinds == {"x": kind}


def test_declared_kinds_win_and_keep_the_text_of_what_does_not_fit(write: Callable[[str, str], Path]) -> None:
    path = write("rows.csv", "n,b,c\n1.5,1,01\nabc,0,1.0\n,maybe,\n")
    rows = read_rows(path, Mapped(kinds={"n": "numeric", "b": "boolean", "c": "categorical"}))
    assert cells(rows) == {"n": [1.5, "abc", None], "b": [True, False, "maybe"], "c": ["01", "1.0", None]}
    columns = columns_of_frame(rows.frame, rows.kinds)
    numbers, flags = columns["n"], columns["b"]
    assert numbers.mistyped.tolist() == [False, True, False]  # type: ignore[union-attr]
    assert flags.codes.tolist() == [1, 0, -2]  # type: ignore[union-attr]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1, max_size=20))
@settings(max_examples=60)
def test_numbers_survive_a_csv_bit_by_bit(tmp_path_factory: pytest.TempPathFactory, values: list[float | None]) -> None:
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    path.write_text(
        "x,n\n" + "".join(f"{'' if value is None else repr(value)},{n}\n" for n, value in enumerate(values))
    )
    assert cells(read_rows(path, Mapped(kinds={"x": "numeric"})))["x"] == values


def test_infinite_numbers_are_missing_and_said_to_be(write: Callable[[str, str], Path]) -> None:
    rows = read_rows(write("rows.csv", "x,y\ninf,1\n1,2\n-Infinity,3\n1e999,4\n"), Mapped())
    assert cells(rows)["x"] == [None, 1.0, None, None]
    assert rows.notices == ("column 'x': 3 infinite values are taken as missing",)


def test_times_and_nested_values_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    frame = pd.DataFrame({"t": pd.date_range("2026-01-01", periods=2), "x": [1, 2], "l": [[1], [2]]})
    frame.to_parquet(tmp_path / "rows.parquet")
    rows = read_rows(tmp_path / "rows.parquet", Mapped())
    assert rows.kinds == {"x": "numeric"}
    assert len(rows.notices) == 2


def test_decimals_and_dictionaries_of_parquet_are_plain_values(tmp_path: Path) -> None:
    table = pa.table(
        {
            "d": pa.array([Decimal("1.00"), None, Decimal("3.00")]),
            "c": pa.array(["a", "b", None]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    rows = read_rows(tmp_path / "rows.parquet", Mapped())
    assert rows.kinds == {"d": "numeric", "c": "categorical"}
    assert cells(rows) == {"d": [1.0, None, 3.0], "c": ["a", "b", None]}


def test_scores_of_several_classes(write: Callable[[str, str], Path]) -> None:
    columns = ColumnsSpec(score={"gold": "p_g", "silver": "p_s"})
    path = write("rows.csv", "prediction,p_g,p_s,score\ngold,0.7,0.3,5\n")
    rows = read_rows(path, Mapped(columns=columns, task="multiclass"), {"score"})
    assert cells(rows) == {
        "features.score": [5],
        "prediction": ["gold"],
        "score[gold]": [0.7],
        "score[silver]": [0.3],
    }
    assert rows.features == {"features.score": "score"}


def test_truth_values_are_the_classes_0_and_1(write: Callable[[str, str], Path]) -> None:
    path = write("rows.csv", "id,ts,zip,y_pred,y_proba,repaid\na,2026-05-01,1,True,0.5,false\n")
    rows = read_rows(path, mapping_of(CREDIT))
    assert cells(rows)["prediction"] == [1]
    assert rows.labels == [0]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-05-01T10:00:00.123456Z", "2026-05-01T10:00:00.123456+00:00"),
        ("2026-05-01 10:00:00+02", "2026-05-01T08:00:00+00:00"),
        ("2026-05-01", "2026-04-30T22:00:00+00:00"),
        ("2026-10-25 02:30", "2026-10-25T00:30:00+00:00"),
        ("2026-03-29 02:30", "2026-03-29T01:00:00+00:00"),
        ("May 1, 2026 10:00", "2026-05-01T08:00:00+00:00"),
        ("1777629600", "2026-05-01T10:00:00+00:00"),
        ("1777629600.5", "2026-05-01T10:00:00.500000+00:00"),
        ("1777629600123", "2026-05-01T10:00:00.123000+00:00"),
        ("1777629600123456", "2026-05-01T10:00:00.123456+00:00"),
        ("1777629600123456789", "2026-05-01T10:00:00.123456+00:00"),
    ],
)
def test_instants(write: Callable[[str, str], Path], text: str, instant: str) -> None:
    rows = read_rows(write("rows.csv", f'timestamp,x\n"{text}",1\n'), Mapped(time_zone="Europe/Berlin"))
    assert rows.span is not None
    assert rows.span[0].isoformat() == instant


def test_an_instant_that_cannot_be_read_leaves_the_others(write: Callable[[str, str], Path]) -> None:
    rows = read_rows(write("rows.csv", "timestamp,x\nyesterday-ish,1\n2026-05-01T00:00:00Z,1\n,2\n"), Mapped())
    assert rows.stamps is not None
    assert (rows.stamps == np.iinfo(np.int64).min).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("rows.txt", "x\n1\n", "its name does not tell the format"),
        ("rows.csv", "", "not a csv file in UTF-8: Empty CSV file"),
        ("rows.csv", "x,y\n", "has no rows"),
        ("rows.csv", "x,x\n1,2\n", "two columns are named 'x'"),
        ("rows.csv", "x;y\n1;2\n", "separate columns by commas"),
        ("rows.csv", "x,y\n1\n", "Expected 2 columns, got 1"),
        ("rows.jsonl", '{"x": 1}\n[1]\n', "line 2: not a JSON object"),
        ("rows.jsonl", '{"x": 1, "features": {"x": 2}}\n', "'x' stands both beside and in features"),
        ("rows.jsonl", "\n\n", "has no rows"),
        ("rows.parquet", "PAR1", "is not a parquet file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    write: Callable[[str, str], Path], name: str, text: str, told: str
) -> None:
    path = write(name, text)
    with pytest.raises(TabularError) as caught:
        read_file(path)
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


def test_a_file_that_is_not_there_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(TabularError, match="there is no file"):
        read_file(tmp_path / "rows.csv")
    cut = tmp_path / "rows.csv.gz"
    cut.write_bytes(gzip.compress(TEXT.encode())[:-20])
    with pytest.raises(TabularError, match="cannot be read"):
        read_file(cut)


def test_labels_of_a_file_come_with_their_probabilities(write: Callable[[str, str], Path]) -> None:
    path = write("labels.csv", "id,repaid,sampling_probability\na,1,0.25\nb,0,\nc,1,often\n")
    assert read_labels(path, mapping_of(CREDIT)).probabilities == [0.25, None, "often"]
    assert read_labels(write("other.csv", "id,repaid\na,1\n"), mapping_of(CREDIT)).probabilities is None
    named = Mapped(ColumnsSpec(sampling_probability="chance"))
    path = write("named.csv", "prediction_id,label,chance\na,1,1\n")
    assert read_labels(path, named).probabilities == [1]
    with pytest.raises(TabularError, match=r"no column 'chance' \(columns\.sampling_probability"):
        read_labels(write("without.csv", "prediction_id,label\na,1\n"), named)
    rows = read_rows(path, named)
    assert list(rows.features) == []
    assert any("'chance' belongs to files of labels" in notice for notice in rows.notices)


def test_a_column_that_is_not_there_is_named_with_those_that_are(write: Callable[[str, str], Path]) -> None:
    path = write("rows.csv", "id,ts,zip\na,2026-05-01,1\n")
    with pytest.raises(TabularError, match=r"no column 'y_pred' \(columns\.prediction of .*it has id, ts, zip"):
        read_rows(path, mapping_of(CREDIT), {"prediction"})
    with pytest.raises(TabularError, match=r"no column 'repaid'"):
        read_labels(path, mapping_of(CREDIT))
    with pytest.raises(TabularError, match=r"no column 'zip' \(fields of the model file\)"):
        read_rows(write("other.csv", "id,ts\na,2026-05-01\n"), mapping_of(CREDIT))
