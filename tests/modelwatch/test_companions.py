"""What is counted beside a profile is the same however rows are split into batches and put in order."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.row_sketch import SKETCH_SIZE, copy_share
from modelwatch.companions import COPIES, NAMES, PAIRS, joined, paired_fields, total_copies, total_names, total_pairs
from modelwatch.cycle.counting import Counting
from modelwatch.scheme import Scheme, choose_scheme
from store.column_types import to_micros
from store.definition_reading import definition_from
from store.records import LabelChanges, LoggedPredictions, ProfileKey

DEFINITION = definition_from({"model": "credit", "task": "binary", "prediction": {"labels": [0, 1]}})
N_ROWS = 300
HOUR = 3_600_000_000
Cell = TypeVar("Cell")
START = to_micros(datetime(2026, 3, 2, tzinfo=UTC))


def baseline_columns(n: int = 1_000) -> dict[str, Column]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=n)
    return {
        "x": NumericColumn.of(x),
        "y": NumericColumn.of(x + rng.normal(size=n)),
        "region": CategoryColumn.of_strings(rng.choice(["north", "south"], n).tolist()),
        "prediction": CategoryColumn.of_strings(rng.choice(["0", "1"], n).tolist()),
        "score": NumericColumn.of(rng.random(n)),
    }


SCHEME: Scheme = choose_scheme(DEFINITION, baseline_columns(), {"0", "1"})


def rows_of_two_hours() -> LoggedPredictions:
    """Every third row is a copy of another one, every tenth has a name that is no field, some values are missing."""
    rng = np.random.default_rng(2)
    features: list[str] = []
    for row in range(N_ROWS):
        cells: dict[str, object] = {"x": float(rng.normal()), "y": None if row % 7 == 0 else float(rng.normal())}
        cells["region"] = "north"
        if row % 10 == 0:
            cells[f"new {row % 20}"] = row
        features.append(json.dumps(cells) if row % 3 else features[-1] if features else json.dumps(cells))
    return LoggedPredictions(
        ids=list(range(1, N_ROWS + 1)),
        ts=[START + HOUR * (row % 2) for row in range(N_ROWS)],
        version_ids=[1] * N_ROWS,
        prediction_ids=[str(row) for row in range(N_ROWS)],
        predictions=["1"] * N_ROWS,
        scores=[json.dumps(float(rng.random())) for _ in range(N_ROWS)],
        features=features,
    )


ROWS = rows_of_two_hours()


def some_of(positions: Sequence[int]) -> LoggedPredictions:
    def picked(column: list[Cell]) -> list[Cell]:
        return [column[position] for position in positions]

    return LoggedPredictions(
        ids=picked(ROWS.ids),
        ts=picked(ROWS.ts),
        version_ids=picked(ROWS.version_ids),
        prediction_ids=picked(ROWS.prediction_ids),
        predictions=picked(ROWS.predictions),
        scores=picked(ROWS.scores),
        features=picked(ROWS.features),
    )


def counted(batches: Sequence[LoggedPredictions]) -> dict[tuple[ProfileKey, str], bytes]:
    counting = Counting(SCHEME, DEFINITION)
    found: dict[tuple[ProfileKey, str], bytes] = {}
    nothing = LabelChanges(some_of([]), [], [], [], [], 0)
    for batch in batches:
        for each in counting.additions(batch, nothing).companions:
            before = found.get((each.key, each.part))
            found[each.key, each.part] = each.payload if before is None else joined(each.part, before, each.payload)
    return found


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(N_ROWS)), cuts=st.lists(st.integers(0, N_ROWS), max_size=4).map(sorted))
def test_any_split_and_order_gives_the_same_payloads(order: list[int], cuts: list[int]) -> None:
    bounds = [0, *cuts, N_ROWS]
    batches = [some_of(order[first:until]) for first, until in pairwise(bounds)]
    assert counted(batches) == counted([ROWS])


def test_a_window_is_the_sum_of_its_hours() -> None:
    found = counted([ROWS])
    of_part = {
        part: [payload for (_, each), payload in found.items() if each == part] for part in (PAIRS, COPIES, NAMES)
    }
    assert {part: len(payloads) for part, payloads in of_part.items()} == {PAIRS: 2, COPIES: 2, NAMES: 2}
    pairs = total_pairs(SCHEME.binning, of_part[PAIRS])
    assert pairs.n_rows == N_ROWS
    assert paired_fields(SCHEME.binning) == ("score", "x", "y")
    present = [json.loads(text)["y"] is not None for text in ROWS.features]
    assert pairs.n[1, 2] == sum(present)
    copies = total_copies(of_part[COPIES])
    distinct = len({(json.loads(text)["x"], json.loads(text)["y"]) for text in ROWS.features})
    assert distinct < SKETCH_SIZE
    assert copy_share(copies).share == pytest.approx(1 - distinct / N_ROWS)
    names = [name for text in ROWS.features for name in json.loads(text) if name.startswith("new")]
    assert dict(total_names(of_part[NAMES])) == {name: names.count(name) for name in set(names)}


def test_sums_of_no_hours_are_those_of_no_rows() -> None:
    assert total_pairs(SCHEME.binning, []).n_rows == total_copies([]).n_rows == 0
    assert total_names([]) == {}
    with pytest.raises(ValueError, match="names of unknown fields are damaged"):
        total_names([b"[1]"])
