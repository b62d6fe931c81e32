"""Where windows begin and end: in the model's own time zone, by arithmetic on dates, never by a cron trigger.

Windows of whole days are cut at local midnight, weeks (and other multiples of days) counted from a Monday, so that a
day with a daylight-saving change is one window of 23 or 25 hours. Windows that divide a day and are longer than an
hour are cut at the local clock's times. All others are cut in UTC, counted from 1970.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MONDAY = date(1970, 1, 5)


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [start, end) of one check, in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Windows of one ``length``, one ending at every multiple of ``step``, cut in ``zone``."""

    length: timedelta
    step: timedelta
    zone: ZoneInfo

    def windows(self, after: datetime, until: datetime) -> Iterator[Window]:
        """Windows whose end lies in (after, until], in order."""
        previous: datetime | None = None
        for end in boundaries(self.step, self.zone, after, until):
            if self.length != self.step:
                yield Window(self._sliding_start(end), end)
            else:
                yield Window(previous or self.floor(end - _INSTANT), end)
                previous = end

    def floor(self, instant: datetime) -> datetime:
        """The last boundary at or before ``instant``."""
        return max(boundaries(self.step, self.zone, instant - 2 * self.step - _DAY, instant))

    def ceiling(self, instant: datetime) -> datetime:
        """The first boundary at or after ``instant``."""
        return next(boundaries(self.step, self.zone, instant - _INSTANT, instant + 2 * self.step + _DAY))

    def _sliding_start(self, end: datetime) -> datetime:
        if self.length % _DAY:
            return end - self.length
        local = end.astimezone(self.zone)
        return _local(local.date() - self.length, local.time(), self.zone)


def boundaries(step: timedelta, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """The instants in (after, until] at which windows of this step are cut, in order."""
    if not step % _DAY:
        cuts = _day_cuts(step, zone, after, until)
    elif step > _HOUR and not _DAY % step:
        cuts = _clock_cuts(step, zone, after, until)
    else:
        cuts = _utc_cuts(step, after, until)
    last = after
    for cut in cuts:
        # A local time that daylight saving skips falls on the one after it: one cut, not two.
        if last < cut <= until:
            last = cut
            yield cut


def _day_cuts(step: timedelta, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    days = step // _DAY
    number = (after.astimezone(zone).date() - _FIRST_MONDAY).days // days
    while (cut := _local(_FIRST_MONDAY + timedelta(days=number * days), time(0), zone)) <= until:
        yield cut
        number += 1


def _clock_cuts(step: timedelta, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    day = after.astimezone(zone).date()
    while (midnight := _local(day, time(0), zone)) <= until:
        yield midnight
        for part in range(1, _DAY // step):
            yield _local(day, (datetime.min + part * step).time(), zone)
        day += _DAY


def _utc_cuts(step: timedelta, after: datetime, until: datetime) -> Iterator[datetime]:
    cut = _EPOCH + (after - _EPOCH) // step * step
    while cut <= until:
        yield cut
        cut += step


def _local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
