import random
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from store.engine import writing
from store.monitors import get_monitor
from store.records import Run
from store.runs import (
    claim_runs,
    count_runs,
    finish_runs,
    list_runs,
    note_new_rows,
    plan_gaps,
    plan_runs,
    release_runs,
    replan_stale,
)
from store.schema import run
from tests.store.conftest import NOW
from tests.store.planned_runs import DAY, add_monitor, days

LEASE = timedelta(minutes=10)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def monitor_id(engine: Engine, model_id: int) -> int:
    return add_monitor(engine, model_id, "drift")


def plan(engine: Engine, monitor_id: int, *numbers: int) -> int:
    with writing(engine) as connection:
        return plan_runs(connection, monitor_id, days(*numbers))


def finish(engine: Engine, runs: list[Run], n_seen: int = 100) -> bool:
    """Finish runs as a worker does: rolled back when they are no longer its own."""
    with engine.connect() as connection, connection.begin() as transaction:
        done = finish_runs(connection, [(each, n_seen) for each in runs])
        if not done:
            transaction.rollback()
    return done


def ends(runs: list[Run]) -> list[int]:
    """Which days, counted from the first, the runs end."""
    return [(each.window_end - NOW) // DAY for each in runs]


def all_runs(engine: Engine, monitor_id: int) -> list[Run]:
    with engine.connect() as connection:
        return list_runs(connection, monitor_id)


def test_a_window_is_planned_once(engine: Engine, model_id: int, monitor_id: int) -> None:
    assert plan(engine, monitor_id) == 0
    assert plan(engine, monitor_id, 0, 1) == 2
    assert plan(engine, monitor_id, 1, 2) == 1
    assert plan(engine, monitor_id, 0) == 0
    with engine.connect() as connection:
        assert get_monitor(connection, monitor_id).planned_to == NOW + 3 * DAY
        assert count_runs(connection) == {"planned": 3, "claimed": 0, "done": 0}
    first = all_runs(engine, monitor_id)[0]
    assert first == Run(first.id, monitor_id, NOW, NOW + DAY, "planned", 1, 0, 0)


def test_the_plan_knows_what_it_has_passed_over(engine: Engine, model_id: int, monitor_id: int) -> None:
    plan(engine, add_monitor(engine, model_id, "other"), 0, 9)
    plan(engine, monitor_id, 2, 3, 6, 7, 9)
    with engine.connect() as connection:
        assert plan_gaps(connection, monitor_id) == [
            (None, NOW + 3 * DAY),
            (NOW + 4 * DAY, NOW + 7 * DAY),
            (NOW + 8 * DAY, NOW + 10 * DAY),
        ]
        assert plan_gaps(connection, monitor_id + 99) == []


def test_claims_go_in_the_order_of_windows_and_never_past_somebody_else(engine: Engine, monitor_id: int) -> None:
    plan(engine, monitor_id, 2, 0, 1)
    first = claim_runs(engine, limit=2, lease=LEASE, now=NOW)
    assert ends(first) == [1, 2]
    assert {(each.state, each.epoch, each.attempts) for each in first} == {("claimed", 1, 1)}
    assert claim_runs(engine, limit=2, lease=LEASE, now=NOW) == []
    assert finish(engine, first)
    assert ends(claim_runs(engine, limit=2, lease=LEASE, now=NOW)) == [3]
    assert claim_runs(engine, limit=2, lease=LEASE, now=NOW) == []


def test_claims_are_of_one_monitor_and_others_can_be_claimed_beside(engine: Engine, model_id: int) -> None:
    for name in ("a", "b"):
        plan(engine, add_monitor(engine, model_id, name), 0, 1)
    plan(engine, add_monitor(engine, model_id, "dropped", active=False), 0)
    first = claim_runs(engine, limit=9, lease=LEASE, now=NOW)
    second = claim_runs(engine, limit=9, lease=LEASE, now=NOW)
    assert ends(first) == ends(second) == [1, 2]
    assert len({each.monitor_id for each in first}) == len({each.monitor_id for each in second}) == 1
    assert first[0].monitor_id != second[0].monitor_id
    assert claim_runs(engine, limit=9, lease=LEASE, now=LATER) != []
    assert count(engine, "claimed") == 4


def count(engine: Engine, state: str) -> int:
    with engine.connect() as connection:
        return len(connection.execute(select(run.c.id).where(run.c.state == state)).all())


def test_an_expired_lease_is_taken_over_and_the_stale_holder_changes_nothing(engine: Engine, monitor_id: int) -> None:
    plan(engine, monitor_id, 0, 1)
    stale = claim_runs(engine, limit=2, lease=LEASE, now=NOW)
    assert claim_runs(engine, limit=2, lease=LEASE, now=NOW + LEASE - timedelta(microseconds=1)) == []
    taken = claim_runs(engine, limit=1, lease=LEASE, now=NOW + LEASE)
    assert [(each.id, each.epoch, each.attempts) for each in taken] == [(stale[0].id, 2, 2)]
    assert not finish(engine, stale)
    with writing(engine) as connection:
        assert release_runs(connection, stale[:1]) == 0
    assert [each.state for each in all_runs(engine, monitor_id)] == ["claimed", "claimed"]
    assert finish(engine, taken)
    assert not finish(engine, taken)
    assert [each.state for each in all_runs(engine, monitor_id)] == ["done", "claimed"]


def test_a_holder_whose_lease_expired_may_finish_when_nobody_took_over(engine: Engine, monitor_id: int) -> None:
    plan(engine, monitor_id, 0)
    mine = claim_runs(engine, limit=1, lease=LEASE, now=NOW)
    assert finish(engine, mine)
    assert claim_runs(engine, limit=1, lease=LEASE, now=LATER) == []


def test_released_runs_are_claimed_again_after_those_of_other_monitors(engine: Engine, model_id: int) -> None:
    failing, other = add_monitor(engine, model_id, "failing"), add_monitor(engine, model_id, "other")
    plan(engine, failing, 0)
    plan(engine, other, 5)
    mine = claim_runs(engine, limit=1, lease=LEASE, now=NOW)
    with writing(engine) as connection:
        assert release_runs(connection, mine) == 1
        assert finish_runs(connection, [(mine[0], 1)]) is False
    assert [each.monitor_id for each in claim_runs(engine, limit=1, lease=LEASE, now=NOW)] == [other]
    again = claim_runs(engine, limit=1, lease=LEASE, now=NOW)
    assert [(each.monitor_id, each.epoch, each.attempts) for each in again] == [(failing, 2, 2)]


def test_late_rows_make_a_done_window_due_again(engine: Engine, model_id: int, monitor_id: int) -> None:
    plan(engine, monitor_id, 0, 1)
    assert finish(engine, claim_runs(engine, limit=9, lease=LEASE, now=NOW), n_seen=100)
    with writing(engine) as connection:
        assert replan_stale(connection, monitor_id, 0.0) == 0
        assert note_new_rows(connection, model_id, NOW + timedelta(hours=23), 4, 0) == 1
        assert replan_stale(connection, monitor_id, 0.05) == 0
        assert note_new_rows(connection, model_id, NOW, 1, 0) == 1
        assert note_new_rows(connection, model_id, NOW + 2 * DAY, 50, 0) == 0
        assert note_new_rows(connection, model_id + 1, NOW, 50, 0) == 0
        assert replan_stale(connection, monitor_id, 0.05) == 1
        assert replan_stale(connection, monitor_id, 0.05) == 0
    again = claim_runs(engine, limit=9, lease=LEASE, now=NOW)
    assert [(ends([each]), each.revision, each.epoch, each.attempts) for each in again] == [([1], 2, 2, 1)]
    assert finish(engine, again, n_seen=105)
    with writing(engine) as connection:
        assert replan_stale(connection, monitor_id, 0.0) == 0


def test_rows_that_come_while_a_window_is_computed_are_not_forgotten(
    engine: Engine, model_id: int, monitor_id: int
) -> None:
    plan(engine, monitor_id, 0)
    mine = claim_runs(engine, limit=1, lease=LEASE, now=NOW)
    with writing(engine) as connection:
        assert note_new_rows(connection, model_id, NOW, 10, 0) == 1
    assert finish(engine, mine, n_seen=100)
    with writing(engine) as connection:
        assert replan_stale(connection, monitor_id, 0.1) == 1


def test_labels_concern_performance_monitors_only(engine: Engine, model_id: int, monitor_id: int) -> None:
    performance = add_monitor(engine, model_id, "performance", "performance")
    for each in (monitor_id, performance):
        plan(engine, each, 0)
        assert finish(engine, claim_runs(engine, limit=1, lease=LEASE, now=NOW), n_seen=10)
    with writing(engine) as connection:
        assert note_new_rows(connection, model_id, NOW, 0, 3) == 1
        assert note_new_rows(connection, model_id, NOW, 0, 0) == 0
        assert replan_stale(connection, monitor_id, 0.0) == 0
        assert replan_stale(connection, performance, 0.3) == 1


def test_an_empty_window_is_due_again_with_its_first_row(engine: Engine, model_id: int, monitor_id: int) -> None:
    plan(engine, monitor_id, 0)
    assert finish(engine, claim_runs(engine, limit=1, lease=LEASE, now=NOW), n_seen=0)
    with writing(engine) as connection:
        assert replan_stale(connection, monitor_id, 0.05) == 0
        note_new_rows(connection, model_id, NOW, 1, 0)
        assert replan_stale(connection, monitor_id, 0.05) == 1


def test_finishing_nothing_is_fine(engine: Engine) -> None:
    assert finish(engine, [])


def test_a_wrong_epoch_among_right_ones_refuses_all(engine: Engine, monitor_id: int) -> None:
    plan(engine, monitor_id, 0, 1)
    mine = claim_runs(engine, limit=2, lease=LEASE, now=NOW)
    assert not finish(engine, [mine[0], replace(mine[1], epoch=7)])
    assert [each.state for each in all_runs(engine, monitor_id)] == ["claimed", "claimed"]


@pytest.mark.parametrize("seed", [1, 2])
def test_workers_at_once_never_hold_the_same_run_and_keep_the_order(engine: Engine, model_id: int, seed: int) -> None:
    """Some claims are lost, as if their worker had died; its lease then runs out for all."""
    monitor_ids = [add_monitor(engine, model_id, name) for name in "abc"]
    for monitor_id in monitor_ids:
        plan(engine, monitor_id, *range(6))
    finished: list[Run] = []
    lock = threading.Lock()
    clock = [NOW]
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        chance = random.Random(f"{seed}-{worker}")
        try:
            while count(engine, "done") < 18:
                with lock:
                    clock[0] += timedelta(seconds=1)
                    now = clock[0]
                mine = claim_runs(engine, limit=2, lease=timedelta(seconds=20), now=now)
                if mine and chance.random() < 0.7:
                    with writing(engine) as connection:
                        done = finish_runs(connection, [(each, 1) for each in mine])
                        if done:
                            finished.extend(mine)
                        else:
                            connection.rollback()
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
    assert len({each.id for each in finished}) == len(finished) == 18
    for monitor_id in monitor_ids:
        assert ends([each for each in finished if each.monitor_id == monitor_id]) == [1, 2, 3, 4, 5, 6]
