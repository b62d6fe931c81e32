"""Windows of a day are days of the model's own zone, also where the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from modelwatch.cycle.planning import plan_model
from modelwatch.cycle.profiling import profile_model
from store.engine import writing
from store.monitors import monitors
from store.runs import list_runs
from tests.modelwatch.cycle.world import DRIFT, REFERENCE, Event, model_file, new_world

pytestmark = pytest.mark.slow

HALF_HOUR = timedelta(minutes=30)
FIRST = datetime(2025, 12, 31, tzinfo=UTC)
LAST = datetime(2027, 1, 2, tzinfo=UTC)


def local_days(zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Each day of 2026: the half hours at which clocks of the zone show its date."""
    spans: dict[date, tuple[datetime, datetime]] = {}
    instant = FIRST
    while instant < LAST:
        day = instant.astimezone(zone).date()
        spans[day] = (spans.get(day, (instant, instant))[0], instant + HALF_HOUR)
        instant += HALF_HOUR
    return [span for day, span in sorted(spans.items()) if day.year == 2026]


# In Santiago clocks change at midnight, on Lord Howe by half an hour.
@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe"])
@pytest.mark.parametrize("rounds", [1, 9])
def test_one_run_for_each_local_day_of_a_year(sqlite_engine: Engine, name: str, rounds: int) -> None:
    definition = model_file({**DRIFT, "window": "1d"}, time_zone=name, grain="30m")
    world = new_world(sqlite_engine, definition, REFERENCE)
    days = local_days(ZoneInfo(name))
    assert len(days) == 365
    assert len({end - start for start, end in days}) == 3
    # A row in the first and one in the last half hour of each day.
    instants = [at for start, end in days for at in (start, end - timedelta(microseconds=1))]
    world.log(Event(f"e{n}", at, 0.0, "north", 1, 0.5) for n, at in enumerate(instants))
    profile_model(sqlite_engine, world.model, world.baseline)
    year = days[-1][1] - days[0][0]
    with writing(sqlite_engine) as conn:
        for number in range(1, rounds + 1):
            plan_model(conn, world.model, world.baseline, days[0][0] + year * number / rounds)
        (monitor,) = monitors(conn, world.model.id)
        assert [(run.window_start, run.window_end) for run in list_runs(conn, monitor.id)] == days
