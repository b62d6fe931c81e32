"""What becomes of a message after an attempt to deliver it. Decisions only: the caller keeps and waits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from alerts.retry import next_attempt
from store.records import DeliveryAttempt, OutboxMessage

Outcome = Literal["delivered", "retry", "disabled"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one attempt went.

    ``delivered``: the receiver took the message. ``retry``: it did not, and may later. ``disabled``: it said that
    it wants no more messages at all. ``error`` is a sentence, None when delivered; it never holds a secret.
    ``retry_after`` is the wait the receiver asked for, ``seconds`` how long the attempt took.
    """

    outcome: Outcome
    status_code: int | None
    error: str | None
    retry_after: timedelta | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What to record after an attempt.

    ``outcome`` ``retry`` comes with ``retry_at``; ``dead`` means that nobody will try again by himself. A
    ``disable_channel`` that is not None is the reason to switch the channel off.
    """

    attempt: DeliveryAttempt
    outcome: Literal["delivered", "retry", "dead"]
    retry_at: datetime | None
    disable_channel: str | None


def decide(message: OutboxMessage, delivery: Delivery, now: datetime, jitter: Callable[[], float]) -> Decision:
    """What to record after an attempt on ``message``, whose ``attempts`` counts those before this one.

    ``now`` is the instant the attempt ended, from which a wait is counted; ``jitter`` gives numbers from 0 up to 1.
    """
    attempt = DeliveryAttempt(
        message_id=message.id,
        at=now,
        status_code=delivery.status_code,
        error=delivery.error,
        seconds=delivery.seconds,
    )
    if delivery.outcome == "delivered":
        return Decision(attempt, "delivered", None, None)
    if delivery.outcome == "disabled":
        return Decision(attempt, "dead", None, delivery.error or "the receiver wants no more messages")
    retry_at = next_attempt(message.attempts + 1, now, delivery.retry_after, jitter)
    return Decision(attempt, "dead" if retry_at is None else "retry", retry_at, None)


def not_configured(problem: str) -> Delivery:
    """An attempt that could not be made because the channel is not set up, like a secret that is missing here.

    It is tried again on the usual schedule, for the operator may mend it; ``problem`` is the sentence to show.
    """
    return Delivery("retry", None, problem, None, 0.0)
