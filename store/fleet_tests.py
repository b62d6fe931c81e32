"""The tests of the fleet: one a drift monitor and month, in a stream whose false discoveries are kept rare.

A test gets its number and its limit when its month begins, from what its stream had found by then; both stay.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select, text, update

from store.records import FleetTest, StreamStand
from store.schema import fleet_test

# The number of the advisory lock under which tests get their numbers: no other lock of the project has it.
_LOCK = 0x6D77_666C_6565


def fleet_stand(conn: Connection, stream: str) -> StreamStand:
    """How many tests a stream has, and how many of them are discoveries.

    Called inside ``store.engine.writing``, before a test is added: until the transaction ends nobody else adds one.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    found = func.count().filter(fleet_test.c.discovery)
    query = select(func.count(), found).select_from(fleet_test).where(fleet_test.c.stream == stream)
    return StreamStand(*conn.execute(query).one())


def get_fleet_test(conn: Connection, monitor_id: int, baseline_id: int, month: str) -> FleetTest | None:
    """The test of a monitor against a baseline in a month like ``2026-05``; None before there is one."""
    query = select(fleet_test).where(
        fleet_test.c.monitor_id == monitor_id, fleet_test.c.baseline_id == baseline_id, fleet_test.c.month == month
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else FleetTest(*row)


def add_fleet_test(conn: Connection, test: FleetTest) -> None:
    """Keep a new test. Called inside ``store.engine.writing``, after ``fleet_stand``."""
    conn.execute(insert(fleet_test), test._asdict())


def update_fleet_test(conn: Connection, test: FleetTest) -> None:
    """Keep what a test has come to. Called inside ``store.engine.writing``."""
    conn.execute(
        update(fleet_test)
        .where(
            fleet_test.c.monitor_id == test.monitor_id,
            fleet_test.c.baseline_id == test.baseline_id,
            fleet_test.c.month == test.month,
        )
        .values(log_e_value=test.log_e_value, window_end=test.window_end, discovery=test.discovery)
    )


def fleet_tests(conn: Connection) -> Sequence[FleetTest]:
    """The tests, by stream and number."""
    query = select(fleet_test).order_by(fleet_test.c.stream, fleet_test.c.number)
    return [FleetTest(*row) for row in conn.execute(query)]
