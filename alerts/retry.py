"""When a message that was not delivered is tried again.

The delays are those of Standard Webhooks 1.0.0: ten attempts over a little more than three days.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

DELAYS = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MAX_ATTEMPTS = len(DELAYS)
# What a receiver may ask for at most: a wrong header must not silence a channel for years.
LONGEST_RETRY_AFTER = timedelta(hours=24)
# Up to a tenth is added to a delay, so that messages that failed together do not come back together.
JITTER = 0.1

_SECONDS = re.compile(r"[0-9]+")
_LONGEST_HEADER = 64


def next_attempt(
    attempts: int, now: datetime, retry_after: timedelta | None, jitter: Callable[[], float]
) -> datetime | None:
    """The instant of the next attempt after ``attempts`` failed ones, or None when it is time to give up.

    ``retry_after`` is the wait that the receiver asked for: the next attempt is never sooner. ``jitter`` gives
    numbers from 0 up to 1.
    """
    if attempts < 1:
        raise ValueError(f"attempts is {attempts}: ask after the first attempt has failed")
    if attempts >= MAX_ATTEMPTS:
        return None
    wait = DELAYS[attempts] * (1 + JITTER * jitter())
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
    return now + wait


def parse_retry_after(header: str | None, now: datetime) -> timedelta | None:
    """The wait that a ``Retry-After`` header asks for: seconds, or an HTTP date seen from ``now``.

    Never negative and never above ``LONGEST_RETRY_AFTER``. None when there is no header or it says neither.
    """
    if header is None or len(header) > _LONGEST_HEADER:
        return None
    text = header.strip()
    if _SECONDS.fullmatch(text):
        return timedelta(seconds=min(int(text), int(LONGEST_RETRY_AFTER.total_seconds())))
    try:
        until = parsedate_to_datetime(text)
        # A date without a zone is GMT by the rules of HTTP.
        wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_RETRY_AFTER)
