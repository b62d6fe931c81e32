"""What is said of a segment is what would be said of a model that gets the rows of that segment alone."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from detectors.quality import DEFAULT_CHECKS
from store.baselines import add_baseline, baseline_profile, get_binning
from store.calibrations import read_blocks, read_sample, save_blocks, save_samples
from store.engine import writing
from store.records import Result
from tests.modelwatch.cycle.sums import assert_same_results
from tests.modelwatch.cycle.world import (
    DRIFT,
    PERFORMANCE,
    QUALITY,
    REFERENCE,
    START,
    Event,
    World,
    events,
    hours,
    labels,
    model_file,
    new_world,
    renamed,
)

pytestmark = pytest.mark.slow

SHIFTED = events(3, 5, 60, shift=2.0)
ROWS = [*events(0, 3, 60), *(row._replace(x=None) if row.region == "south" else row for row in SHIFTED)]
LABELS = [each for each in labels(ROWS, wrong=0.4) if not each.id.endswith("7")]
# Of the whole stream alone: a segment may rest while the stream goes on, and what is counted beside profiles is not
# counted of segments.
OF_WHOLE_STREAM = ("freshness", "duplicates", "correlation")
CHECKS = [check for check in DEFAULT_CHECKS if check not in OF_WHOLE_STREAM]
MONITORS = [DRIFT, PERFORMANCE, {**QUALITY, "min_rows": 10, "check": CHECKS}]


def play(world: World, rows: list[Event]) -> None:
    ids = {row.id for row in rows}
    world.log(rows)
    world.log_labels(label for label in LABELS if label.id in ids)
    world.cycle(hours(6))


def of_any_segment(results: list[Result]) -> list[Result]:
    return [each for each in results if each.method not in OF_WHOLE_STREAM]


def without_costs(results: Iterable[Result]) -> list[Result]:
    """What a break may cost follows from what the model knows, by the labels of its whole baseline."""
    return [replace(each, severity_score=None, reason=each.reason.partition("; severity")[0]) for each in results]


def with_baseline_of(world: World, segment: str) -> World:
    """A model without segments, whose baseline is the part of a segment, in the same bins."""
    definition = renamed(model_file(*MONITORS), segment.replace("=", "-"))
    alone = new_world(world.engine, definition)
    with writing(world.engine) as conn:
        binning = get_binning(conn, world.baseline.binning_id)
        sums = baseline_profile(conn, world.baseline.id, segment)
        assert sums is not None
        added = add_baseline(
            conn,
            model_id=alone.model.id,
            version="1",
            binning_hash=binning.content_hash,
            binning_payload=binning.payload,
            content_hash=segment,
            origin="a file",
            n_rows=sums.n_rows,
            start=None,
            end=None,
            profiles={"": sums},
            now=START,
        )
        # What is usual of a segment is its own; how much a field matters to the model is not.
        save_blocks(conn, added.id, {"": read_blocks(conn, world.baseline.id, segment)})
        sample = read_sample(conn, world.baseline.id)
        assert sample is not None
        save_samples(conn, added.id, {"": sample})
    return alone


@pytest.mark.parametrize("region", ["north", "south"])
def test_a_segment_is_judged_like_a_model_of_its_own(engine: Engine, region: str) -> None:
    world = new_world(engine, model_file(*MONITORS, segments=["region"]), REFERENCE)
    alone = with_baseline_of(world, f"region={region}")
    play(world, ROWS)
    play(alone, [row for row in ROWS if row.region == region])
    of_segment = [replace(each, segment=None) for each in world.results(segment=f"region={region}")]
    assert_same_results(without_costs(of_segment), without_costs(of_any_segment(alone.results())))
    assert {each.status for each in of_segment} >= {"ok", "critical"}
    assert len(of_segment) * 3 == len(of_any_segment(world.results()))


def test_segments_of_a_whole_add_up_to_it(engine: Engine) -> None:
    world = new_world(engine, model_file(*MONITORS, segments=["region"]), REFERENCE)
    play(world, ROWS)
    parts = {name: world.results(segment=name, kind="drift", field="x") for name in ("region=north", "region=south")}
    whole = world.results(segment=None, kind="drift", field="x")
    for both in zip(whole, *parts.values(), strict=True):
        assert both[0].n_baseline == sum(each.n_baseline for each in both[1:])
