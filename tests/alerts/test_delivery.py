"""What becomes of a message after an attempt."""

from datetime import timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery import Delivery, Outcome, decide, not_configured
from alerts.retry import MAX_ATTEMPTS
from store.records import DeliveryAttempt, OutboxMessage
from tests.alerts.examples import NOW


def message(attempts: int = 0) -> OutboxMessage:
    return OutboxMessage("msg_1", 1, 4, "monitor:3", "alert.firing", "{}", "pending", attempts, NOW, NOW)


def test_a_delivered_message_is_done() -> None:
    decision = decide(message(), Delivery("delivered", 204, None, None, 0.2), NOW, lambda: 0.0)
    assert decision.attempt == DeliveryAttempt("msg_1", NOW, 204, None, 0.2)
    assert (decision.outcome, decision.retry_at, decision.disable_channel) == ("delivered", None, None)


def test_a_refused_message_waits_as_long_as_the_receiver_asked() -> None:
    refused = Delivery("retry", 429, "The receiver answered 429.", timedelta(seconds=30), 0.1)
    decision = decide(message(), refused, NOW, lambda: 0.0)
    assert (decision.outcome, decision.retry_at) == ("retry", NOW + timedelta(seconds=30))


def test_410_ends_the_message_and_switches_the_channel_off() -> None:
    gone = Delivery("disabled", 410, "The receiver answered 410 Gone.", None, 0.1)
    decision = decide(message(), gone, NOW, lambda: 0.0)
    assert (decision.outcome, decision.disable_channel) == ("dead", "The receiver answered 410 Gone.")


def test_a_channel_that_is_not_set_up_is_tried_again() -> None:
    decision = decide(message(), not_configured("The variable CREDIT_SECRET is not set."), NOW, lambda: 0.0)
    assert decision.outcome == "retry"
    assert decision.attempt.error == "The variable CREDIT_SECRET is not set."


def test_a_message_that_always_fails_dies_after_ten_attempts_in_little_more_than_three_days() -> None:
    now, attempts = NOW, 0
    while True:
        decision = decide(message(attempts), Delivery("retry", 500, "No.", None, 0.0), now, lambda: 0.99)
        attempts += 1
        if decision.retry_at is None:
            break
        now = decision.retry_at
    assert (decision.outcome, attempts) == ("dead", MAX_ATTEMPTS)
    assert timedelta(days=3) < now - NOW < timedelta(days=3.6)


@given(st.sampled_from(get_args(Outcome)), st.integers(0, 20), st.none() | st.timedeltas(timedelta(0)))
def test_a_decision_is_never_half_made(outcome: Outcome, attempts: int, wait: timedelta | None) -> None:
    error = None if outcome == "delivered" else "No."
    decision = decide(message(attempts), Delivery(outcome, None, error, wait, 0.0), NOW, lambda: 0.5)
    assert (decision.retry_at is not None) == (decision.outcome == "retry")
    assert (decision.disable_channel is not None) == (outcome == "disabled")
    assert (decision.outcome == "delivered") == (outcome == "delivered")
