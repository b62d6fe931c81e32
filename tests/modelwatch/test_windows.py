from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwatch.windows import Window, WindowPlan

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def plan(length: timedelta, zone: str = "UTC", step: timedelta | None = None) -> WindowPlan:
    return WindowPlan(length, step or length, ZoneInfo(zone))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin", "Australia/Sydney", "America/Sao_Paulo"])
def test_every_local_day_of_2026_is_one_window(zone: str) -> None:
    windows = list(plan(DAY, zone).windows(at(2025, 12, 30, 12), at(2027, 1, 3)))
    local_days = [window.start.astimezone(ZoneInfo(zone)).date() for window in windows]
    year = [day for day in local_days if day.year == 2026]
    assert len(year) == len(set(year)) == 365
    assert all(a.end == b.start for a, b in pairwise(windows))


def test_a_day_of_daylight_saving_change_is_shorter_or_longer() -> None:
    lengths = {
        window.start.astimezone(ZoneInfo("Europe/Berlin")).date().isoformat(): window.end - window.start
        for window in plan(DAY, "Europe/Berlin").windows(at(2026, 3, 1), at(2026, 11, 1))
    }
    assert lengths["2026-03-29"] == 23 * HOUR
    assert lengths["2026-10-25"] == 25 * HOUR


def test_weeks_begin_on_monday() -> None:
    first, *_ = plan(7 * DAY).windows(at(2026, 5, 1), at(2026, 6, 1))
    assert first == Window(at(2026, 4, 27), at(2026, 5, 4))


def test_quarter_days_follow_the_local_clock() -> None:
    windows = list(plan(6 * HOUR, "America/New_York").windows(at(2026, 5, 1, 4), at(2026, 5, 2, 4)))
    assert [window.end.astimezone(ZoneInfo("America/New_York")).hour for window in windows] == [6, 12, 18, 0]


def test_a_week_that_slides_by_a_day_ends_every_midnight() -> None:
    windows = list(plan(7 * DAY, "Europe/Berlin", step=DAY).windows(at(2026, 3, 26), at(2026, 4, 2)))
    assert [window.end.astimezone(ZoneInfo("Europe/Berlin")).hour for window in windows] == [0] * 7
    assert windows[-1].end - windows[-1].start == 7 * DAY - HOUR  # the clock went forward on 29 March


zones = st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Tokyo", "Australia/Lord_Howe"])
lengths = st.sampled_from([HOUR / 12, HOUR, 2 * HOUR, 5 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY])
instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@given(zones, lengths, instants, st.integers(1, 400))
def test_windows_tile_time_whatever_the_cuts(zone: str, length: timedelta, start: datetime, hours: int) -> None:
    cuts = plan(length, zone)
    end = start + hours * HOUR
    whole = list(cuts.windows(start, end))
    middle = start + (end - start) / 3
    assert whole == [*cuts.windows(start, middle), *cuts.windows(middle, end)]
    assert all(start < window.end <= end for window in whole)
    assert all(a.end == b.start for a, b in pairwise(whole))


@given(zones, lengths, instants)
def test_floor_is_the_boundary_an_instant_belongs_to(zone: str, length: timedelta, instant: datetime) -> None:
    cuts = plan(length, zone)
    floor = cuts.floor(instant)
    assert floor <= instant
    assert not list(cuts.windows(floor, instant))
    assert cuts.ceiling(floor) == floor
    assert cuts.ceiling(instant) >= instant
