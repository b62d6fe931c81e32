"""Rows of a file mean the same as a baseline and as events of the log."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, select

from collector.settings import Limits
from detectors.binning import Binning, choose_binning
from modelwatch.columns import columns_of_frame, columns_of_log
from modelwatch.ingestion import add_labels, ingest
from modelwatch.tabular import FileRows, LabelRows, TabularError, mapping_of, read_rows
from store.definition_reading import definition_from
from store.engine import writing
from store.fences import fence
from store.models import apply_definition, versions
from store.prediction_log import read_predictions
from store.records import LoggedPredictions, Model
from store.schema import label_log
from tests.modelwatch.test_columns import cells

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LIMITS = Limits()
TIERS = definition_from(
    {
        "model": "tiers",
        "task": "multiclass",
        "columns": {"score": {"gold": "p_gold", "silver": "p_silver"}},
        "fields": {"code": {"kind": "categorical"}, "amount": {"kind": "numeric"}},
    }
)


def frame_of(n: int, seed: int) -> pd.DataFrame:
    """Numbers with holes and words among them, codes with zeros in front, truth values, every kind of text."""
    rng = np.random.default_rng(seed)
    amount = pd.Series(rng.normal(size=n).round(3), dtype=object)
    amount[rng.random(n) < 0.1] = None
    amount[rng.random(n) < 0.05] = "n.a."
    return pd.DataFrame(
        {
            "prediction_id": [f"{seed}-{row}" for row in range(n)],
            "timestamp": pd.date_range("2026-03-01", periods=n, freq="h", tz="UTC"),
            "amount": amount,
            "count": rng.integers(-5, 5, n),
            "code": rng.choice(["01", "1", "1.0", "süd", "a,b", 'x"y'], n),
            "member": rng.choice([True, False], n),
            "score": rng.random(n),
            "prediction": rng.choice(["gold", "silver"], n),
            "p_gold": rng.random(n),
            "p_silver": rng.random(n),
        }
    )


@pytest.fixture
def model(engine: Engine) -> Model:
    with writing(engine) as conn:
        return apply_definition(conn, TIERS, NOW).model


def logged(engine: Engine, model: Model) -> LoggedPredictions:
    with engine.connect() as conn:
        return read_predictions(conn, model.id, 0, fence(engine)[0], 100_000)


def read(frame: pd.DataFrame, path: Path) -> FileRows:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True, date_format="iso", double_precision=15)
    return read_rows(path, mapping_of(TIERS))


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_file_means_the_same_as_a_baseline_and_as_events(
    engine: Engine, model: Model, tmp_path: Path, name: str
) -> None:
    baseline = read(frame_of(300, 1), tmp_path / f"first-{name}")
    binning: Binning = choose_binning(columns_of_frame(baseline.frame, baseline.kinds))
    rows = read(frame_of(200, 2), tmp_path / name)
    done = ingest(engine, model, rows, version=None, now=NOW, limits=LIMITS)
    assert (done.accepted, done.rejected_total) == (200, 0)
    of_file = columns_of_frame(rows.frame, rows.kinds, binning)
    log = logged(engine, model)
    of_log = columns_of_log(binning, log)
    # Within a batch the log is in an order of its own.
    order = [log.prediction_ids.index(str(given)) for given in rows.ids]
    assert set(of_log) == set(of_file) == {*rows.features, "prediction", "score[gold]", "score[silver]"}
    assert "features.score" in of_log
    for field, column in of_log.items():
        assert cells(column.take(np.array(order))) == cells(of_file[field]), field
    assert "!" in cells(of_log["amount"])


def test_rows_go_to_their_own_version_else_to_the_newest(engine: Engine, model: Model, tmp_path: Path) -> None:
    frame = frame_of(3, 3)
    frame["version"] = ["7", None, "8"]
    ingest(engine, model, read(frame, tmp_path / "a.csv"), version="6", now=NOW, limits=LIMITS)
    ingest(engine, model, read(frame_of(1, 4), tmp_path / "b.csv"), version=None, now=NOW, limits=LIMITS)
    with engine.connect() as conn:
        names = {version.id: version.name for version in versions(conn, model.id)}
    assert [names[version] for version in logged(engine, model).version_ids][:3] == ["7", "6", "8"]
    newest = max(names)
    assert logged(engine, model).version_ids[3] == newest


def test_a_version_that_is_no_name_is_refused(engine: Engine, model: Model, tmp_path: Path) -> None:
    frame = frame_of(2, 5)
    frame["version"] = ["1", "v" * 200]
    done = ingest(engine, model, read(frame, tmp_path / "a.csv"), version=None, now=NOW, limits=LIMITS)
    assert done.accepted == 1
    assert (done.rejected[0]["index"], done.rejected[0]["field"]) == (1, "version")


def test_values_that_no_event_may_hold_are_refused(engine: Engine, model: Model, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(
        '{"prediction_id":"a","timestamp":"2026-03-01T00:00:00Z","amount":[1],"code":"x","prediction":"gold",'
        '"p_gold":1,"p_silver":0}\n'
        '{"prediction_id":"b","timestamp":"2026-03-01T00:00:00Z","amount":1,"code":"x","prediction":"gold",'
        '"p_gold":"high","p_silver":0}\n'
        '{"prediction_id":"c","timestamp":"2026-03-01T00:00:00Z","amount":1,"code":"x\\u0000","prediction":{"a":1},'
        '"p_gold":1,"p_silver":0}\n'
        '{"prediction_id":"d","timestamp":"2026-03-01T00:00:00Z","amount":1,"code":"x","prediction":"gold",'
        '"p_gold":1,"p_silver":0}\n'
    )
    rows = read_rows(tmp_path / "rows.jsonl", mapping_of(TIERS))
    done = ingest(engine, model, rows, version=None, now=NOW, limits=LIMITS)
    assert done.accepted == 1
    assert [(each["index"], each["field"]) for each in done.rejected] == [
        (0, "features.amount"),
        (1, "score[gold]"),
        (2, "features.code"),
    ]


def test_names_beyond_the_limits_refuse_the_file(engine: Engine, model: Model, tmp_path: Path) -> None:
    frame = frame_of(1, 6).rename(columns={"count": "c" * 300})
    with pytest.raises(TabularError, match="the limit name_length is 256"):
        ingest(engine, model, read(frame, tmp_path / "a.csv"), version=None, now=NOW, limits=LIMITS)


def test_a_probability_that_is_none_refuses_its_label_by_name(engine: Engine, model: Model) -> None:
    chances: list[object] = [0.5, 1, None, 0, 1.5, "often", True, 0.0001]
    ids: list[str | None] = [str(row) for row in range(len(chances))]
    rows = LabelRows(ids, None, ["gold"] * len(chances), chances)
    done = add_labels(engine, model, rows, now=NOW, limits=LIMITS)
    assert done.accepted == 3
    assert [each["index"] for each in done.rejected] == [3, 4, 5, 6, 7]
    assert {each["field"] for each in done.rejected} == {"sampling_probability"}
    assert (
        done.rejected[2]["error"] == "is often: it must be a number from 0.001 to 1, or left out where it is not known"
    )
    with engine.connect() as conn:
        kept = conn.execute(select(label_log.c.sampling_probability).order_by(label_log.c.id)).scalars().all()
    assert kept == [0.5, 1.0, None]
