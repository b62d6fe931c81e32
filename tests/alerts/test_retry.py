"""When to try again: the delays of Standard Webhooks, Retry-After, and the end."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.retry import MAX_ATTEMPTS, next_attempt, parse_retry_after
from tests.alerts.examples import NOW

DAY = timedelta(days=1)


def test_without_jitter_the_waits_are_those_of_standard_webhooks() -> None:
    waits = [next_attempt(failed, NOW, None, lambda: 0.0) for failed in range(1, 12)]
    seconds = [None if at is None else int((at - NOW).total_seconds()) for at in waits]
    hour = 3600
    assert seconds == [5, 300, 1800, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour, None, None]


@given(st.integers(1, MAX_ATTEMPTS - 1), st.floats(0, 1, exclude_max=True), st.none() | st.timedeltas(timedelta(0)))
def test_never_sooner_than_the_schedule_or_the_receiver_says(
    failed: int, jitter: float, retry_after: timedelta | None
) -> None:
    at = next_attempt(failed, NOW, retry_after, lambda: jitter)
    bare = next_attempt(failed, NOW, None, lambda: 0.0)
    assert at is not None
    assert bare is not None
    assert at >= bare
    assert at - NOW >= min(retry_after or timedelta(0), DAY)
    assert at - NOW <= 1.1 * DAY


def test_after_the_last_attempt_retry_after_does_not_help() -> None:
    assert next_attempt(MAX_ATTEMPTS, NOW, timedelta(seconds=30), lambda: 0.5) is None


def test_asking_before_the_first_attempt_is_an_error() -> None:
    with pytest.raises(ValueError, match="attempts is 0"):
        next_attempt(0, NOW, None, lambda: 0.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("0", 0),
        ("9" * 60, 86_400),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), 120),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), 0),
        ("Mon, 04 May 2026 00:06:00 -0000", 60),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: int) -> None:
    assert parse_retry_after(header, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1.5", "٣٠", "9" * 65, "Mon, 99 May 2026 00:00:00 GMT"])
def test_a_retry_after_that_says_neither_is_ignored(header: str | None) -> None:
    assert parse_retry_after(header, NOW) is None


@given(st.text(max_size=70), st.datetimes(timezones=st.just(UTC)))
def test_no_header_breaks_the_parser(header: str, now: datetime) -> None:
    wait = parse_retry_after(header, now)
    assert wait is None or timedelta(0) <= wait <= DAY
