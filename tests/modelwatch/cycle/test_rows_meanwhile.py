"""Rows that are counted while a window is being computed are in its result."""

import threading
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from modelwatch.cycle import round as one_round
from modelwatch.cycle.committing import Committed, Committer
from modelwatch.cycle.planning import plan_model
from modelwatch.cycle.profiling import profile_model
from modelwatch.cycle.result_making import Judged
from store.engine import open_engine, writing
from store.records import Run
from store.runs import claim_runs
from tests.modelwatch.cycle.world import DRIFT, REFERENCE, World, events, hours, model_file, new_world


def planned_world(engine: Engine) -> World:
    """A model with a window that is planned and not yet computed."""
    world = new_world(engine, model_file({**DRIFT, "fields": ["x"]}), REFERENCE)
    world.log(events(0, 1))
    profile_model(engine, world.model, world.baseline)
    with writing(engine) as conn:
        plan_model(conn, world.model, world.baseline, hours(1))
    return world


def test_rows_that_are_counted_between_reading_and_commit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    world = planned_world(engine)
    late = iter([events(0, 1, 2, seed=5), events(0, 1, 3, seed=6)])
    commit = Committer.commit

    def commit_after_more_rows(committer: Committer, judged: Sequence[Judged]) -> Committed:
        for rows in late:
            world.log(rows)
            profile_model(engine, world.model, world.baseline)
            break
        return commit(committer, judged)

    monkeypatch.setattr(Committer, "commit", commit_after_more_rows)
    assert world.cycle(hours(1)).windows == 1
    assert [(each.n_current, each.revision) for each in world.revisions()] == [(45, 1)]


def test_rows_whose_counting_is_not_committed_yet(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted before the window is claimed, and nobody else can see them before it is to be committed."""
    engine, counting = open_engine(postgres_url), open_engine(postgres_url)
    world = planned_world(engine)
    about_to_commit, go_on = threading.Event(), threading.Event()
    counter = threading.Thread(target=profile_model, args=(counting, world.model, world.baseline))

    @event.listens_for(counting, "commit")
    def pause(conn: Any) -> None:
        if writes(conn):
            about_to_commit.set()
            assert go_on.wait(30)

    def claim_after_counting(*args: Any, **more: Any) -> list[Run]:
        if counter.ident is None:
            world.log(events(0, 1, 1, seed=5))
            counter.start()
            assert about_to_commit.wait(30)
        return claim_runs(*args, **more)

    monkeypatch.setattr(one_round, "claim_runs", claim_after_counting)
    judging = threading.Thread(target=world.cycle, args=(hours(1),))
    judging.start()
    while judging.is_alive() and not waits_for_a_lock(postgres_url):
        judging.join(0.01)
    go_on.set()
    counter.join()
    judging.join()
    world.cycle(hours(1))
    assert [(each.n_current, each.revision) for each in world.revisions()] == [(41, 1)]
    counting.dispose()
    engine.dispose()


def writes(conn: Any) -> bool:
    return bool(conn.exec_driver_sql("SELECT pg_current_xact_id_if_assigned() IS NOT NULL").scalar_one())


def waits_for_a_lock(url: str) -> bool:
    with psycopg.connect(url) as conn:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        row = conn.execute(query).fetchone()
    return row is not None and row[0] > 0
