"""Tests of the fleet: numbered in their stream, kept as they stand."""

from sqlalchemy import Engine

from store.engine import writing
from store.fleet_tests import add_fleet_test, fleet_stand, fleet_tests, get_fleet_test, update_fleet_test
from store.records import FleetTest, StreamStand
from tests.store.conftest import NOW
from tests.store.planned_runs import DAY, add_monitor
from tests.store.test_baselines import add_one


def test_a_test_is_kept_and_found_again_and_counts_in_its_stream(engine: Engine, model_id: int) -> None:
    monitor_id = add_monitor(engine, model_id, "drift")
    with writing(engine) as connection:
        baseline = add_one(connection, model_id, "a")
        assert fleet_stand(connection, "2026Q2") == StreamStand(0, 0)
        first = FleetTest("2026Q2", 1, monitor_id, baseline.id, "2026-05", 3.0, 1.5, NOW, False)
        add_fleet_test(connection, first)
        add_fleet_test(connection, first._replace(stream="2026Q3", month="2026-07", discovery=True))
    with writing(engine) as connection:
        assert get_fleet_test(connection, monitor_id, baseline.id, "2026-05") == first
        assert get_fleet_test(connection, monitor_id, baseline.id, "2026-06") is None
        later = first._replace(log_e_value=4.0, window_end=NOW + DAY, discovery=True)
        update_fleet_test(connection, later)
        assert fleet_stand(connection, "2026Q2") == StreamStand(1, 1)
        assert fleet_stand(connection, "2026Q3") == StreamStand(1, 1)
    with engine.connect() as connection:
        assert [test.month for test in fleet_tests(connection)] == ["2026-05", "2026-07"]
        assert fleet_tests(connection)[0] == later
