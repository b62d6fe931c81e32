"""Drift of a month as a test of the fleet: numbered when it begins, a discovery once its bets have paid enough."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from detectors.multiplicity import ELond
from modelwatch.cycle.fleet_discovery import LEVEL, keep_payoff, month_of, stream_of
from store.alerts import alert_rows
from store.engine import writing
from store.fleet_tests import fleet_tests
from store.records import Payoff
from tests.modelwatch.cycle.world import DAY, START, events, hours, model_file, new_world

pytestmark = pytest.mark.slow

DRIFT: dict[str, Any] = {"kind": "drift", "window": "1h", "min_rows": 20, "fields": ["x"]}
REFERENCE = events(0, 40, 50, seed=77)


def test_a_window_belongs_to_the_month_it_lies_in_and_the_month_to_its_quarter() -> None:
    assert month_of(datetime(2026, 5, 1, tzinfo=UTC)) == "2026-04"
    assert month_of(datetime(2026, 5, 1, 1, tzinfo=UTC)) == "2026-05"
    assert [stream_of(f"2026-{month:02}") for month in (1, 3, 4, 12)] == ["2026Q1", "2026Q1", "2026Q2", "2026Q4"]


def test_models_that_drift_are_discoveries_and_the_others_are_not(engine: Engine) -> None:
    shifts = {"steady": 0.0, "drifted": 1.0}
    for name, shift in shifts.items():
        world = new_world(engine, model_file(DRIFT, model=name), REFERENCE)
        world.log(events(0, 6, 100, shift=shift))
        world.cycle(hours(6))
    with engine.connect() as conn:
        steady, drifted = fleet_tests(conn)
        marked = {(row.model, row.method): row.discovery for row in alert_rows(conn, states=["firing"])}
    assert [test.number for test in (steady, drifted)] == [1, 2]
    assert [test.stream for test in (steady, drifted)] == ["2026Q1", "2026Q1"]
    assert (steady.discovery, drifted.discovery) == (False, True)
    assert steady.window_end == drifted.window_end == hours(6)
    assert marked[("drifted", "ks")] is True


def test_limits_are_those_of_e_lond_and_stay_what_they_were(engine: Engine) -> None:
    world = new_world(engine, model_file(DRIFT), REFERENCE)
    world.log(events(0, 1, 60))
    world.cycle(hours(1))
    with engine.connect() as conn:
        (test,) = fleet_tests(conn)
    # Of the second quarter, so a stream of its own: April three times, May after it, and a window of May before that.
    told = [(1.0, 32), (50.0, 33), (2.0, 34), (0.0, 70), (90.0, 65)]
    with writing(engine) as conn:
        for log_e_value, days in told:
            keep_payoff(conn, test.monitor_id, test.baseline_id, Payoff(log_e_value, START + days * DAY))
        april, may = fleet_tests(conn)[1:]
    assert (april.number, may.number) == (1, 2)
    assert april.log_limit == pytest.approx(math.log(ELond(LEVEL).limit))
    # What was a discovery once stays one.
    assert (april.discovery, april.log_e_value) == (True, 2.0)
    assert may.log_limit == pytest.approx(math.log(ELond(LEVEL, tests=1, discoveries=1).limit))
    # A window before the last one that was noted changes nothing.
    assert (may.discovery, may.log_e_value) == (False, 0.0)


def test_monitors_without_slow_drift_and_parts_of_the_stream_make_no_test(engine: Engine) -> None:
    world = new_world(engine, model_file({**DRIFT, "threshold": 0.3}, segments=["region"]), REFERENCE)
    world.log(events(0, 2, 100, shift=3.0))
    world.cycle(hours(2))
    with engine.connect() as conn:
        assert fleet_tests(conn) == []
        rows = alert_rows(conn)
    assert rows != []
    assert {row.discovery for row in rows} == {None}
