"""However rows and labels are split, mixed, repeated or late, the profiles end up as those of one sorted batch."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from detectors.columns import Column
from detectors.group_losses import count_losses, encode_losses
from detectors.profile import profile
from detectors.profile_groups import encode_rows
from modelwatch.columns import columns_of_frame, label_column
from modelwatch.companions import companions_of
from modelwatch.cycle.profiling import profile_model
from modelwatch.losses import LOSSES, searched_groups
from modelwatch.outcomes import performance_of, row_losses
from modelwatch.scheme import Scheme
from modelwatch.unknown_names import UnknownNames
from store.baselines import get_binning
from store.records import ProfileKey
from tests.modelwatch.cycle.sums import Key, Sums, assert_same_results, assert_same_sums, stored_sums
from tests.modelwatch.cycle.world import (
    DAY,
    DRIFT,
    HOUR,
    PERFORMANCE,
    QUALITY,
    REFERENCE,
    Event,
    Label,
    World,
    events,
    hours,
    labels,
    model_file,
    new_world,
    renamed,
)

pytestmark = pytest.mark.slow

KINDS: dict[str, Any] = {"x": "numeric", "region": "categorical", "prediction": "categorical", "score": "numeric"}
HALF_DAYS = [{**monitor, "window": "12h"} for monitor in (DRIFT, PERFORMANCE, QUALITY)]
DEFINITION = model_file(*HALF_DAYS, segments=["region"])

# Two versions over two days, a break in ``x``, a value that is missing, a region that is new.
EVENTS = [
    *events(0, 24, 8),
    *events(24, 40, 8, seed=2, shift=4.0, version="2"),
    *[Event(f"odd-{n}", hours(40 + n / 3), None, "mars", 1, 0.9, "2") for n in range(20)],
]
# Every event has a label, every third a first one that was wrong, and some are of events nobody has seen.
LABELS = [
    *labels(EVENTS, after=DAY),
    *[Label(each.id, each.at + HOUR, each.prediction) for each in EVENTS[::3]],
    *[Label(f"unknown-{n}", hours(n), 1) for n in range(15)],
]
END = hours(72)

_numbers = count()


def fresh(engine: Engine) -> World:
    return new_world(engine, renamed(DEFINITION, f"m{next(_numbers)}"), REFERENCE)


def all_at_once(engine: Engine) -> World:
    world = fresh(engine)
    world.log(sorted(EVENTS, key=lambda each: each.at))
    world.log_labels(sorted(LABELS, key=lambda each: each.at))
    world.cycle(END)
    return world


def counted_directly(world: World) -> dict[Key, Sums]:
    """The same sums from frames of the rows, without the logs: each hour, segment and version by itself."""
    with world.engine.connect() as conn:
        scheme = Scheme.from_bytes(get_binning(conn, world.baseline.binning_id).payload)
    truth = {each.id: json.dumps(each.label) for each in sorted(LABELS, key=lambda each: each.at)}
    frame = pd.DataFrame(EVENTS)
    frame["start"] = frame["at"].dt.floor("h")
    parts = [("", frame), *((f"region={name}", frame[frame["region"] == name]) for name in ("north", "south"))]
    found: dict[Key, Sums] = {}
    for segment, part in parts:
        for start, version in sorted({*zip(part["start"], part["version"], strict=True)}):
            rows = part[(part["start"] == start) & (part["version"] == version)]
            columns = columns_of_frame(rows, KINDS, scheme.binning)
            texts = [truth[name] for name in rows["id"]]
            performance = performance_of(scheme, columns, texts)
            beside = {} if segment else counted_beside(scheme, columns, texts)
            sums = Sums(len(rows), len(rows), profile(scheme.binning, columns), performance, beside)
            found[start.to_pydatetime(), segment, version] = sums
    return found


def counted_beside(scheme: Scheme, columns: dict[str, Column], texts: list[str]) -> dict[str, bytes]:
    coded = encode_rows(scheme.binning, columns)
    of_row = np.zeros(len(texts), dtype=np.int64)
    key, no_names = ProfileKey(0, "", hours(0)), UnknownNames((), of_row[:0], of_row[:0])
    of_rows = {each.part: each.payload for each in companions_of(coded, columns, no_names, of_row, [key])}
    lost = row_losses(scheme, columns, label_column(texts, "categorical"))
    (losses,) = count_losses(searched_groups(scheme), columns, lost, of_row, 1)
    return {**of_rows, LOSSES: encode_losses(losses)}


def in_batches(world: World, chance: int, cuts: Sequence[tuple[int, bool]]) -> None:
    """Send everything in an order by chance, some of it twice, with a round after some of the batches."""
    rng = np.random.default_rng(chance)
    items: list[Event | Label] = [*EVENTS, *LABELS]
    items += [items[n] for n in rng.integers(len(items), size=40)]
    shuffled = [items[n] for n in rng.permutation(len(items))]
    at = 0
    for size, then_profile in [*cuts, (len(shuffled), True)]:
        batch = shuffled[at : at + size]
        at += size
        world.log([each for each in batch if isinstance(each, Event)])
        world.log_labels([each for each in batch if isinstance(each, Label)])
        if then_profile:
            profile_model(world.engine, world.model, world.baseline)


FEW = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
CUTS = st.lists(st.tuples(st.integers(1, 300), st.booleans()), max_size=5)


def test_one_sorted_batch_is_what_counting_the_rows_directly_gives(engine: Engine) -> None:
    world = all_at_once(engine)
    assert_same_sums(stored_sums(world), counted_directly(world))


def test_any_split_and_order_gives_the_same_profiles_and_results(engine: Engine) -> None:
    expected = all_at_once(engine)
    sums, found = stored_sums(expected), expected.results()
    assert {each.status for each in found} >= {"ok", "critical", "insufficient", "nodata"}

    @FEW
    @given(chance=st.integers(0, 2**32), cuts=CUTS)
    def law(chance: int, cuts: list[tuple[int, bool]]) -> None:
        world = fresh(engine)
        in_batches(world, chance, cuts)
        assert_same_sums(stored_sums(world), sums)
        world.cycle(END)
        assert_same_results(world.results(), found)

    law()


def test_rounds_between_batches_leave_the_same_profiles(engine: Engine) -> None:
    sums = counted_directly(all_at_once(engine))

    @settings(FEW, max_examples=3)
    @given(chance=st.integers(0, 2**32), nows=st.lists(st.integers(0, 70), min_size=1, max_size=3).map(sorted))
    def law(chance: int, nows: list[int]) -> None:
        world = fresh(engine)
        for part, now in enumerate(nows):
            in_part = [each for n, each in enumerate(EVENTS) if n % len(nows) == part]
            of_part = [each for n, each in enumerate(LABELS) if (n + chance) % len(nows) == part]
            world.log_labels(of_part)
            world.cycle(hours(now))
            world.log(in_part)
        world.cycle(END)
        world.cycle(END)
        assert_same_sums(stored_sums(world), sums)

    law()
