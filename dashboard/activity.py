"""The last days of a model in counts of events, for the sparkline that shows whether data is arriving."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

DAYS = 14


def event_clock(now: datetime, last_received: datetime, last_event: datetime) -> datetime:
    """Now, by the clock of the events.

    Events that are received long after they happened are a replayed history. Its clock stands where the events
    are, so the days up to there are shown and not the empty ones up to now.
    """
    behind = last_received - last_event
    return now - behind if behind > timedelta(days=2) else now


def days(up_to: datetime, where: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """The last DAYS local days, the one of ``up_to`` included, as [start, end); oldest first."""
    last = up_to.astimezone(where).date()
    edges = [last - timedelta(days=back) for back in range(DAYS - 1, -2, -1)]
    instants = [datetime(edge.year, edge.month, edge.day, tzinfo=where) for edge in edges]
    return list(pairwise(instants))


def by_day(
    counts: Sequence[tuple[datetime, int]], spans: Sequence[tuple[datetime, datetime]]
) -> tuple[tuple[datetime, int], ...]:
    """Counts summed for each of ``spans``; 0 for a day without events."""
    return tuple((start, sum(n for at, n in counts if start <= at < end)) for start, end in spans)
