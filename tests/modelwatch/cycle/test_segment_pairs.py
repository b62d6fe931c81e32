"""Pairs of segment fields: each frequent pair of values is a segment, the others are one together."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from modelwatch import segment_pairs
from modelwatch.baselines import set_baseline, typed_rows
from modelwatch.doctor import examine
from modelwatch.scheme import Scheme
from modelwatch.segments import segment_notices
from modelwatch.settings import Settings
from store.baselines import get_binning
from store.definition_reading import definition_from
from store.definitions import DefinitionError
from store.engine import writing
from store.models import apply_definition
from store.records import PredictionRow
from tests.modelwatch.cycle.sums import stored_sums
from tests.modelwatch.cycle.world import START, Event, Label, World, events, hours, labels, model_file

pytestmark = pytest.mark.slow

PAIR = ["region", "device"]
DRIFT: dict[str, Any] = {"kind": "drift", "window": "1h", "min_rows": 20, "threshold": 0.5, "fields": ["x"]}
PERFORMANCE: dict[str, Any] = {"kind": "performance", "window": "1h", "min_rows": 20, "metric": "accuracy"}
NAMES = {(region, device): f"region={region} & device={device}" for region in ("north", "south") for device in "abc"}


def device_of(event: Event) -> str:
    """Three devices, the first for six rows of ten."""
    digit = int(event.score * 1000) % 10
    return "a" if digit < 6 else "b" if digit < 9 else "c"


class PairWorld(World):
    """A world whose rows have a device as well."""

    def _row(self, event: Event, version: int) -> PredictionRow:
        features = {"x": event.x, "region": event.region, "device": device_of(event)}
        return replace(super()._row(event, version), features=json.dumps(features))


def pair_world(engine: Engine, *monitors: dict[str, Any], segments: list[Any]) -> PairWorld:
    with writing(engine) as conn:
        model = apply_definition(conn, model_file(*monitors, segments=segments), START).model
    world, rows = PairWorld(engine, model), events(0, 20, 50, seed=77)
    frame = pd.DataFrame(rows).assign(device=[device_of(each) for each in rows])
    features, outputs = frame[["x", "region", "device"]], frame[["prediction", "score"]]
    of_rows = typed_rows(model.definition, features, outputs, [json.dumps(each.label) for each in labels(rows)])
    set_baseline(engine, model, of_rows, version="1", origin="a file", content_hash="0" * 64, now=START)
    return world


def counted(rows: list[Event]) -> Counter[str]:
    return Counter(NAMES[each.region, device_of(each)] for each in rows)


def test_each_pair_is_counted_and_judged(engine: Engine) -> None:
    world = pair_world(engine, DRIFT, PERFORMANCE, segments=["region", PAIR])
    rows = events(0, 1, 400)
    broken = [
        each._replace(x=(each.x or 0.0) + 3.0) if (each.region, device_of(each)) == ("south", "b") else each
        for each in rows
    ]
    # Of the rows of one pair every label is wrong.
    wrong = {each.id for each in rows if (each.region, device_of(each)) == ("north", "a")}
    given = [Label(each.id, hours(1), each.prediction ^ (each.id in wrong)) for each in rows]
    world.log(broken)
    world.log_labels(given)
    world.cycle(hours(1))
    names = set(NAMES.values())
    assert {each.segment for each in world.results()} == {None, "region=north", "region=south", *names}
    drift = {each.segment: each for each in world.results(kind="drift") if each.segment in names}
    expected = counted(rows)
    assert {name: each.n_current for name, each in drift.items()} == expected
    assert {name for name, each in drift.items() if each.status == "critical"} == {NAMES["south", "b"]}
    accuracy = {each.segment: each for each in world.results(method="accuracy") if each.segment in names}
    assert {name: each.n_current for name, each in accuracy.items()} == expected
    assert accuracy[NAMES["north", "a"]].value == 0.0
    assert accuracy[NAMES["south", "a"]].value == 1.0


def test_pairs_beyond_the_cap_are_one_segment_and_that_is_said(
    engine: Engine, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_pairs, "MAX_PAIRS", 4)
    world = pair_world(engine, DRIFT, segments=[PAIR])
    rows = events(0, 1, 400)
    world.log(rows)
    world.cycle(hours(1))
    expected = counted(rows)
    frequent = {name for name, _ in counted(events(0, 20, 50, seed=77)).most_common(4)}
    found = {each.segment: each.n_current for each in world.results() if each.segment}
    others = sum(count for name, count in expected.items() if name not in frequent)
    assert found == {**{name: expected[name] for name in frequent}, "region & device=(other)": others}
    sums = stored_sums(world)
    parts = [each for (_, segment, _), each in sums.items() if segment]
    assert sum(each.n_rows for each in parts) == sums[START, "", "1"].n_rows == 400
    notice = (
        "segments: the pair region & device has 6 pairs of values at the baseline, the 4 most frequent are judged by "
        "themselves and the others together as region & device=(other)"
    )
    told = [check.sentence for check in examine(Settings(database_url=store_url), {}, START) if check.level == "note"]
    assert f"model credit: {notice}" in told


def test_a_pair_that_came_after_the_baseline_waits_for_the_next_one(engine: Engine) -> None:
    world = pair_world(engine, DRIFT, segments=[])
    with writing(engine) as conn:
        world.model = apply_definition(conn, model_file(DRIFT, segments=[PAIR, "x"]), START).model
    world.log(events(0, 1, 100))
    world.cycle(hours(1))
    assert {each.segment for each in world.results()} == {None}
    with engine.connect() as conn:
        scheme = Scheme.from_bytes(get_binning(conn, world.baseline.binning_id).payload)
    assert segment_notices(scheme, world.model.definition) == [
        "segments: x is no field with categories at the baseline, so it has no segments",
        (
            "segments: the pair region & device is not judged until the baseline is set again, with both as fields "
            "with categories"
        ),
    ]


@pytest.mark.parametrize(
    ("segments", "words"),
    [
        ([["region", "region"]], "names one field twice"),
        ([["region", "device"], ["device", "region"]], r"\['region', 'device'\] is named twice"),
        (["region", "region"], "segments: region is named twice"),
        ([["a", str(n)] for n in range(5)], "5 pairs are more than 4"),
        (["a=b", ["region", "device"]], "no field may hold '=' or ' & ', as 'a=b' does"),
        ([["region", "device", "x"]], "is no pair: name one field, or a list of two"),
    ],
)
def test_segments_that_cannot_be_told_apart_are_refused(segments: list[Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        definition_from({"model": "credit", "task": "binary", "segments": segments})
