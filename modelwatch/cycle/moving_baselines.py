"""Baselines that move with the window: what came before it, or at the same hour or weekday.

They follow seasons and slow change that a fixed baseline would report, and get used to a fault that lasts.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from store.definitions import BaselineChoice

# Windows that a moving baseline adds up, and how many days lie between them.
_STEPS: dict[BaselineChoice, tuple[int, int]] = {"same_hour": (7, 1), "same_weekday": (4, 7)}
Span = tuple[datetime, datetime]


def compared_spans(choice: BaselineChoice, start: datetime, end: datetime, zone: ZoneInfo) -> list[Span]:
    """What the window [start, end) is compared with, the oldest first; nothing for a fixed baseline.

    ``previous``: the window before. ``same_hour``: the seven days before at the same local time. ``same_weekday``: the
    four weeks before at the same local time.
    """
    if choice == "fixed":
        return []
    if choice == "previous":
        return [(start - (end - start), start)]
    n_steps, days = _STEPS[choice]
    return [
        (_days_before(start, step * days, zone), _days_before(end, step * days, zone)) for step in range(n_steps, 0, -1)
    ]


def _days_before(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same reading of the local clock so many days earlier, in UTC."""
    local = instant.astimezone(zone)
    return (local - timedelta(days=days)).astimezone(instant.tzinfo)
