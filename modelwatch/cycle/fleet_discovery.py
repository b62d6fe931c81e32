"""Drift of a month as one test among those of all models: how few of the fleet's discoveries are false is kept.

Every drift monitor with slow drift is one test a month. Its e-value is what bets on drift have paid in the windows of
the month; it is a discovery as soon as that reaches the limit the test was given when its month began.
"""

import math
from datetime import datetime, timedelta

from sqlalchemy import Connection

from detectors.multiplicity import ELond
from store.fleet_tests import add_fleet_test, fleet_stand, get_fleet_test, update_fleet_test
from store.records import FleetTest, Payoff

# Of the fleet's discoveries in a quarter at most this share is false, on average.
LEVEL = 0.1
_INSTANT = timedelta(microseconds=1)


def month_of(window_end: datetime) -> str:
    """The month, like ``2026-05``, in which a window lies that ends at this instant; by UTC, for it is the fleet's."""
    return (window_end - _INSTANT).strftime("%Y-%m")


def stream_of(month: str) -> str:
    """The stream of tests to which those of a month belong: a quarter, like ``2026Q2``. Each begins anew."""
    year, number = month.split("-")
    return f"{year}Q{(int(number) + 2) // 3}"


def keep_payoff(conn: Connection, monitor_id: int, baseline_id: int, payoff: Payoff) -> None:
    """Note what the month's bets have paid after a window; called inside ``store.engine.writing``.

    What was a discovery stays one, and a window before the last one that was noted changes nothing.
    """
    month = month_of(payoff.window_end)
    known = get_fleet_test(conn, monitor_id, baseline_id, month)
    if known is None:
        stream = stream_of(month)
        stand = fleet_stand(conn, stream)
        log_limit = math.log(ELond(LEVEL, stand.tests, stand.discoveries).limit)
        found = payoff.log_e_value >= log_limit
        number = stand.tests + 1
        test = FleetTest(stream, number, monitor_id, baseline_id, month, log_limit, *payoff, found)
        add_fleet_test(conn, test)
    elif payoff.window_end >= known.window_end:
        found = known.discovery or payoff.log_e_value >= known.log_limit
        update_fleet_test(conn, known._replace(**payoff._asdict(), discovery=found))
