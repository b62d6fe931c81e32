"""Evidence of windows: kept in their order, replaced when a window is computed again."""

from sqlalchemy import Engine

from store.engine import writing
from store.records import Evidence
from store.window_evidence import read_evidence, save_evidence
from tests.store.conftest import NOW
from tests.store.planned_runs import DAY, add_monitor
from tests.store.test_baselines import add_one

FIRST = Evidence("", NOW, b"first \x00\xff")
SECOND = Evidence("", NOW + DAY, b"second")
NORTH = Evidence("region=north", NOW, b"north")


def test_evidence_comes_back_in_the_order_of_its_windows(engine: Engine, model_id: int) -> None:
    monitor_id = add_monitor(engine, model_id, "drift")
    with writing(engine) as connection:
        baseline = add_one(connection, model_id, "a")
        save_evidence(connection, monitor_id, baseline.id, [])
        save_evidence(connection, monitor_id, baseline.id, [SECOND, NORTH])
        save_evidence(connection, monitor_id, baseline.id, [FIRST])
    with engine.connect() as connection:
        assert read_evidence(connection, monitor_id, baseline.id, "") == [FIRST, SECOND]
        assert read_evidence(connection, monitor_id, baseline.id, "region=north") == [NORTH]


def test_a_window_that_is_computed_again_replaces_what_it_added(engine: Engine, model_id: int) -> None:
    monitor_id = add_monitor(engine, model_id, "drift")
    with writing(engine) as connection:
        baseline = add_one(connection, model_id, "a")
        save_evidence(connection, monitor_id, baseline.id, [FIRST, SECOND])
        save_evidence(connection, monitor_id, baseline.id, [FIRST._replace(payload=b"again")])
    with engine.connect() as connection:
        assert read_evidence(connection, monitor_id, baseline.id, "") == [FIRST._replace(payload=b"again"), SECOND]


def test_every_monitor_and_every_baseline_has_evidence_of_its_own(engine: Engine, model_id: int) -> None:
    one, other = add_monitor(engine, model_id, "drift"), add_monitor(engine, model_id, "other")
    with writing(engine) as connection:
        first, second = add_one(connection, model_id, "a"), add_one(connection, model_id, "b")
        save_evidence(connection, one, first.id, [FIRST])
    with engine.connect() as connection:
        assert read_evidence(connection, one, second.id, "") == []
        assert read_evidence(connection, other, first.id, "") == []
