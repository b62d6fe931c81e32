from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from store.baselines import (
    active_baseline,
    add_baseline,
    baseline_profile,
    baselines,
    get_binning,
)
from store.engine import writing
from store.models import apply_definition
from store.records import Baseline, ProfileSums
from store.schema import baseline, binning
from tests.store.conftest import NOW
from tests.store.test_models import LOAN

WHOLE = ProfileSums(100, 40, b"fields \x00\xff", b"performance")
NORTH = ProfileSums(60, 20, b"north", b"")


def add_one(conn: Connection, model_id: int, content: str, bins: str = "bins", **changes: Any) -> Baseline:
    arguments: dict[str, Any] = {
        "model_id": model_id,
        "version": "1",
        "binning_hash": bins,
        "binning_payload": f"payload of {bins}".encode(),
        "content_hash": content,
        "origin": "file reference.csv",
        "n_rows": 100,
        "start": NOW - timedelta(days=30),
        "end": NOW,
        "profiles": {"": WHOLE, "region=north": NORTH},
        "now": NOW,
    }
    return add_baseline(conn, **{**arguments, **changes})


def test_a_baseline_comes_back_as_it_was_given(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        assert active_baseline(connection, model_id) is None
        added = add_one(connection, model_id, "a")
    with engine.connect() as connection:
        assert active_baseline(connection, model_id) == added
        assert baseline_profile(connection, added.id) == WHOLE
        assert baseline_profile(connection, added.id, "region=north") == NORTH
        assert baseline_profile(connection, added.id, "region=south") is None
        bins = get_binning(connection, added.binning_id)
    assert (added.version, added.origin, added.n_rows) == ("1", "file reference.csv", 100)
    assert (added.start, added.end, added.created_at, added.active) == (NOW - timedelta(days=30), NOW, NOW, True)
    assert (bins.model_id, bins.content_hash, bins.payload) == (model_id, "bins", b"payload of bins")
    assert (bins.predictions_to, bins.labels_to) == (0, 0)


def test_a_file_without_a_clock_makes_a_baseline(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        added = add_one(connection, model_id, "a", start=None, end=None)
    assert (added.start, added.end) == (None, None)


def test_only_the_newest_baseline_is_in_force(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        first = add_one(connection, model_id, "a")
        second = add_one(connection, model_id, "b", bins="finer")
        assert active_baseline(connection, model_id) == second
        assert [(each.content_hash, each.active) for each in baselines(connection, model_id)] == [
            ("a", False),
            ("b", True),
        ]
        assert second.binning_id != first.binning_id


def test_the_same_content_again_is_the_same_baseline(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        first = add_one(connection, model_id, "a")
        connection.execute(update(binning).values(predictions_to=7, labels_to=3))
        add_one(connection, model_id, "b")
        again = add_one(connection, model_id, "a", origin="the same file", now=NOW + timedelta(days=1))
        assert again == first
        assert len(baselines(connection, model_id)) == 2
        assert active_baseline(connection, model_id) == first
        assert len(connection.execute(select(binning.c.id)).all()) == 1
        assert get_binning(connection, first.binning_id).predictions_to == 7, "what was counted stays counted"


def test_the_same_content_with_a_segment_declared_since_gets_its_sums(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        first = add_one(connection, model_id, "a", profiles={"": WHOLE})
        again = add_one(connection, model_id, "a")
        assert again == first
        assert baseline_profile(connection, first.id) == WHOLE
        assert baseline_profile(connection, first.id, "region=north") == NORTH


def test_the_same_content_in_other_bins_is_another_baseline(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        assert add_one(connection, model_id, "a").id != add_one(connection, model_id, "a", bins="finer").id


def test_models_have_baselines_and_bins_of_their_own(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        other_id = apply_definition(connection, LOAN, NOW).model.id
        ours, theirs = add_one(connection, model_id, "a"), add_one(connection, other_id, "a")
        assert ours.binning_id != theirs.binning_id
        assert active_baseline(connection, model_id) == ours
        assert active_baseline(connection, other_id) == theirs


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"profiles": {"region=north": NORTH}}, "whole stream"), ({"n_rows": 0}, "needs rows")],
)
def test_a_baseline_without_its_whole_stream_is_refused(
    engine: Engine, model_id: int, changes: dict[str, Any], sentence: str
) -> None:
    with engine.connect() as connection, pytest.raises(ValueError, match=sentence):
        add_one(connection, model_id, "a", **changes)


def test_baselines_that_come_at_once_leave_one_in_force(engine: Engine, model_id: int) -> None:
    def add(content: str) -> None:
        with writing(engine) as connection:
            add_one(connection, model_id, content)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, "abcdabcd"))
    with engine.connect() as connection:
        everything = baselines(connection, model_id)
    assert sorted(each.content_hash for each in everything) == ["a", "b", "c", "d"]
    assert [each.active for each in everything].count(True) == 1


def test_the_database_itself_refuses_two_in_force(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        first = add_one(connection, model_id, "a")
    row = {"model_id": model_id, "version": "1", "binning_id": first.binning_id, "content_hash": "b"}
    about = {"origin": "", "n_rows": 1, "created_at": NOW, "active": True}
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(baseline).values(**row, **about))
