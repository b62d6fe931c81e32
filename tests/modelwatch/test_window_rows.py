import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from detectors.columns import CategoryColumn, NumericColumn
from modelwatch.baselines import set_baseline, typed_rows
from modelwatch.row_samples import MAX_ROWS, RowSample
from modelwatch.scheme import Scheme
from modelwatch.window_rows import kept_rows, window_rows
from store.baselines import get_binning
from store.column_types import to_micros
from store.definition_reading import definition_from
from store.engine import writing
from store.models import apply_definition, version_id
from store.prediction_log import write_predictions
from store.records import Baseline
from tests.store.logged_rows import prediction_row

START = datetime(2026, 3, 2, tzinfo=UTC)
DEFINITION = definition_from({"model": "credit", "task": "binary", "segments": ["region"]})


@pytest.fixture
def baseline(engine: Engine) -> Baseline:
    """A baseline of 6,000 rows, and 600 rows in the log, one a minute."""
    with writing(engine) as conn:
        model = apply_definition(conn, DEFINITION, START).model
        version = version_id(conn, model.id, "1", START)
    features = pd.DataFrame({"x": np.arange(6_000.0), "region": ["north", "south", "west"] * 2_000})
    outputs = pd.DataFrame({"prediction": [0, 1] * 3_000, "score": np.linspace(0, 1, 6_000)})
    made = set_baseline(
        engine, model, typed_rows(DEFINITION, features, outputs, [None] * 6_000),
        version="1", origin="test", content_hash="content", now=START,
    )  # fmt: skip
    rows = [
        prediction_row(
            model.id, version, f"p{minute}", ts=to_micros(START + timedelta(minutes=minute)),
            features=json.dumps({"x": minute, "region": ["north", "south"][minute % 2]}),
        )
        for minute in range(600)
    ]  # fmt: skip
    write_predictions(engine, rows)
    return made


def sampled(engine: Engine, baseline: Baseline, until: int, segment: str = "", limit: int = MAX_ROWS) -> RowSample:
    with engine.connect() as conn:
        binning = Scheme.from_bytes(get_binning(conn, baseline.binning_id).payload).binning
        kept = kept_rows(conn, baseline)
        assert kept is not None
        end = START + timedelta(minutes=until)
        return window_rows(conn, baseline, kept, binning, START, end, segment, limit)


def minutes(rows: RowSample) -> list[int]:
    column = rows.columns["x"]
    assert isinstance(column, NumericColumn)
    return [int(value) for value in column.values]


def test_a_baseline_keeps_a_bounded_sample_of_its_rows(engine: Engine, baseline: Baseline) -> None:
    with engine.connect() as conn:
        kept, north = kept_rows(conn, baseline), kept_rows(conn, baseline, "region=north")
    assert kept is not None
    assert north is not None
    assert (kept.n_rows, kept.n_total) == (MAX_ROWS, 6_000)
    assert kept.kinds == {"x": "numeric", "region": "categorical", "prediction": "categorical", "score": "numeric"}
    assert {minute % 3 for minute in minutes(north)} == {0}
    assert north.n_rows == sum(minute % 3 == 0 for minute in minutes(kept))


def test_a_window_gives_its_rows_and_no_others(engine: Engine, baseline: Baseline) -> None:
    rows = sampled(engine, baseline, 90)
    assert (sorted(minutes(rows)), rows.n_total) == (list(range(90)), 90)
    assert isinstance(rows.columns["region"], CategoryColumn)
    assert sampled(engine, baseline, 0).n_rows == 0


def test_a_large_window_gives_the_same_rows_each_time(engine: Engine, baseline: Baseline) -> None:
    rows, again = sampled(engine, baseline, 600, limit=50), sampled(engine, baseline, 600, limit=50)
    assert (rows.n_rows, rows.n_total) == (50, 600)
    assert minutes(rows) == minutes(again)
    # Fifty of 600 in any order: the mean is within five of its standard errors.
    assert abs(np.mean(minutes(rows)) - 299.5) < 5 * 173 / np.sqrt(50)


def test_a_segment_gives_its_own_rows(engine: Engine, baseline: Baseline) -> None:
    rows = sampled(engine, baseline, 600, "region=south", 40)
    assert (rows.n_rows, rows.n_total) == (40, 600)
    assert all(minute % 2 for minute in minutes(rows))
    for nowhere in ("region=east", "x=1"):
        assert sampled(engine, baseline, 600, nowhere).n_rows == 0
    with pytest.raises(ValueError, match="'planet=mars' names none of the fields"):
        sampled(engine, baseline, 600, "planet=mars")
