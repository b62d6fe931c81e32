"""Where a model got worse, and where its stream drifted, is found without being asked for."""

from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import Engine, delete

from detectors.group_losses import GroupLosses, decode_losses, total_losses
from modelwatch.cycle.profiling import profile_model
from modelwatch.losses import LOSSES, searched_groups
from modelwatch.scheme import Scheme
from store.alerts import alert_rows
from store.baselines import get_binning
from store.companions import read_companions
from store.engine import writing
from store.schema import baseline_companion, profile_companion
from tests.modelwatch.cycle.world import (
    HOUR,
    REFERENCE,
    START,
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

MONITOR = {"kind": "performance", "window": "1h"}
ROWS = events(0, 2, 600)


def labelled(rows: Sequence[Event], wrong_of: dict[str, float]) -> list[Label]:
    """A label for each event, wrong for a share that depends on its region."""
    rng = np.random.default_rng(5)
    return [Label(each.id, hours(3), each.prediction ^ int(rng.uniform() < wrong_of[each.region])) for each in rows]


def stored_losses(world: World) -> dict[tuple[object, int], GroupLosses]:
    with world.engine.connect() as conn:
        scheme = Scheme.from_bytes(get_binning(conn, world.baseline.binning_id).payload)
        found = read_companions(conn, world.baseline.binning_id, LOSSES, START, hours(99))
    groups = searched_groups(scheme)
    assert [each.field for each in groups.fields] == ["x", "region"]
    return {(each.key.start, each.key.version_id): decode_losses(groups, each.payload) for each in found}


def test_the_part_that_got_worse_is_named(engine: Engine) -> None:
    world = new_world(engine, model_file(MONITOR), REFERENCE)
    world.log(ROWS)
    world.log_labels(labelled(ROWS[:600], {"north": 0.2, "south": 0.2}))
    world.log_labels(labelled(ROWS[600:], {"north": 0.2, "south": 0.6}))
    summary = world.cycle(hours(2))
    quiet, broken = world.worst()
    assert (quiet.status, quiet.field, quiet.segment) == ("ok", None, None)
    assert broken.status == "critical"
    assert broken.reason.startswith("region='south': error ")
    assert (broken.n_baseline, broken.n_current) == (len(REFERENCE), 600)
    assert summary.alerts_fired >= 1
    named = new_world(engine, renamed(model_file({**MONITOR, "metric": "accuracy"}), "named"), REFERENCE)
    named.log(ROWS)
    named.cycle(hours(2))
    assert named.worst() == []


def test_the_part_waits_while_a_metric_fires_and_is_told_where_it_is_bad_by_itself(engine: Engine) -> None:
    world = new_world(engine, model_file(MONITOR), REFERENCE)
    rows = events(0, 3, 600)
    world.log(rows)
    # In the last hour the north is right more often than ever: all in all the model is no worse than it was.
    for hour, (north, south) in enumerate([(0.2, 0.2), (0.2, 0.6), (0.0, 0.5)]):
        wrong_of = {"north": north, "south": south}
        world.log_labels(labelled(rows[600 * hour : 600 * (hour + 1)], wrong_of))
    world.cycle(hours(2))
    assert world.worst()[-1].status == "critical"
    with world.engine.connect() as conn:
        states = {each.method: each.state for each in alert_rows(conn)}
    assert (states["accuracy"], states["worst_segment"]) == ("firing", "pending")
    world.cycle(hours(3))
    with world.engine.connect() as conn:
        states = {each.method: each.state for each in alert_rows(conn)}
    assert (states["accuracy"], states["worst_segment"]) == ("inactive", "firing")


def test_a_baseline_of_the_log_is_searched_once_its_labels_are_there(engine: Engine) -> None:
    definition = model_file({**MONITOR, "window": "6h"}, baseline_rows=1200)
    world = new_world(engine, definition)
    rows = events(0, 12, 200)
    world.log(rows)
    world.cycle(hours(12))
    (waiting,) = world.worst()
    assert (waiting.status, waiting.reason[:42]) == ("insufficient", "the baseline has no labels to compare with")
    world.log_labels(labelled(rows, {"north": 0.2, "south": 0.2}))
    world.cycle(hours(13))
    (judged,) = world.worst()
    assert (judged.status, judged.revision, judged.n_baseline) == ("ok", 2, 1200)


@pytest.mark.slow
def test_any_order_of_labels_and_corrections_leaves_the_same_sums(engine: Engine) -> None:
    rows = [*events(0, 3, 30), *events(3, 5, 30, version="2")]
    final = labels(rows, wrong=0.3, seed=2)
    earlier = labels(rows[::3], after=HOUR / 2, wrong=0.9, seed=3)
    worlds = []
    orders: list[tuple[Sequence[Event | Label], ...]] = [(rows, earlier, final), (final, rows, earlier)]
    for number, order in enumerate(orders):
        world = new_world(engine, renamed(model_file(MONITOR), f"m{number}"), REFERENCE)
        for part in order:
            world.log(each for each in part if isinstance(each, Event))
            world.log_labels(each for each in part if isinstance(each, Label))
            profile_model(world.engine, world.model, world.baseline)
        worlds.append({(start, at): each for at, ((start, _), each) in enumerate(sorted(stored_losses(world).items()))})
    one, two = worlds
    assert one.keys() == two.keys()
    for key, sums in one.items():
        assert sums.n.tolist() == two[key].n.tolist()
        assert sums.total.tolist() == two[key].total.tolist()
    whole = total_losses(searched_groups(_scheme(engine)), one.values())
    # Every row is in one of the groups of x, and in one of those of region.
    assert whole.n.sum() == 2 * len(rows)
    predicted = {each.id: each.prediction for each in rows}
    assert whole.total.sum() == 2 * sum(each.label != predicted[each.id] for each in final)


def _scheme(engine: Engine) -> Scheme:
    with engine.connect() as conn:
        return Scheme.from_bytes(get_binning(conn, 1).payload)


def test_what_an_earlier_release_counted_is_said(engine: Engine) -> None:
    world = new_world(engine, model_file(MONITOR), REFERENCE)
    world.log(ROWS)
    world.log_labels(labels(ROWS))
    profile_model(world.engine, world.model, world.baseline)
    with writing(engine) as conn:
        conn.execute(delete(profile_companion))
    world.cycle(hours(1))
    (window,) = world.worst()
    assert window.status == "insufficient"
    assert window.reason == "the labels of this window were counted by an earlier release, without their groups"
    with writing(engine) as conn:
        conn.execute(delete(baseline_companion))
    world.cycle(hours(2))
    assert "the labels of the baseline were counted by an earlier release" in world.worst()[-1].reason


def test_the_segment_that_drifted_most_is_named_and_has_no_alert_of_its_own(engine: Engine) -> None:
    monitor = {"kind": "drift", "window": "1h", "threshold": 0.5, "min_rows": 20, "fields": ["x"]}
    world = new_world(engine, model_file(monitor, segments=["region"]), REFERENCE)
    broken = [each._replace(x=(each.x or 0.0) + 3) if each.region == "south" else each for each in ROWS[600:]]
    world.log([*ROWS[:600], *broken])
    summary = world.cycle(hours(2))
    quiet, found = world.worst()
    assert (quiet.kind, quiet.status, quiet.reason[:26]) == ("drift", "ok", "none of 2 segments drifted")
    assert (found.kind, found.status, found.field, found.segment) == ("drift", "critical", None, None)
    assert found.reason.startswith("1 of 2 segments drifted, most region=south (")
    assert found.effect == pytest.approx(sum(each.region == "south" for each in broken) / 600)
    bad = [each for each in world.results() if each.status in ("warning", "critical")]
    assert summary.alerts_fired == len(bad)
