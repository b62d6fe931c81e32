"""Messages on their way to channels: written with what they tell of, delivered at least once, in order of a key."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Engine, Row, Select, func, insert, or_, select, update

from store.engine import writing
from store.records import DeliveryAttempt, OutboxMessage, OutboxState
from store.schema import channel, delivery_attempt, model, outbox

Outcome = Literal["delivered", "retry", "dead"]


def enqueue(conn: Connection, messages: Sequence[OutboxMessage]) -> None:
    """Put messages on their way, in the order given. Called inside ``store.engine.writing``."""
    if messages:
        conn.execute(insert(outbox), [_values(message) for message in messages])


def claim_messages(
    engine: Engine, *, now: datetime, lease: timedelta, limit: int, but_of: Collection[int] = ()
) -> list[OutboxMessage]:
    """At most ``limit`` messages that are due at ``now``, in the order they came due; nobody else gets them for
    ``lease``. None of the channels whose ids ``but_of`` names.

    Of messages with the same channel and ordering key only the first that is pending can be among them. Those of a
    channel that was disabled, or dropped from its model's file, wait until it is in use again. ``attempts`` of a
    message counts those before this one.
    """
    first_of_each_key = (
        select(func.min(outbox.c.sequence))
        .where(outbox.c.state == "pending")
        .group_by(outbox.c.channel_id, outbox.c.ordering_key)
    )
    query = (
        select(outbox)
        .join(channel, channel.c.id == outbox.c.channel_id)
        .where(
            outbox.c.state == "pending",
            outbox.c.next_attempt_at <= now,
            or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now),
            outbox.c.sequence.in_(first_of_each_key),
            channel.c.active,
            channel.c.disabled_reason.is_(None),
            channel.c.id.not_in(but_of),
        )
        .order_by(outbox.c.next_attempt_at, outbox.c.sequence)
        .limit(limit)
        # PostgreSQL only; on SQLite there is one writer at a time.
        .with_for_update(of=outbox, skip_locked=True)
    )
    with writing(engine) as conn:
        claimed = conn.execute(query).all()
        conn.execute(
            update(outbox)
            .where(outbox.c.sequence.in_([row.sequence for row in claimed]))
            .values(lease_until=now + lease)
        )
    return [_message(row) for row in claimed]


def record_attempt(
    conn: Connection,
    message: OutboxMessage,
    attempt: DeliveryAttempt,
    *,
    outcome: Outcome,
    retry_at: datetime | None,
) -> bool:
    """Record an attempt on a message as it was claimed, and what becomes of the message.

    Returns False when somebody else has recorded an attempt since then, as may happen after the lease has run out:
    then only the attempt is kept. Called inside ``store.engine.writing``. Raises ValueError unless ``retry_at`` is
    given with the outcome ``retry``, and only then.
    """
    if (outcome == "retry") != (retry_at is not None):
        raise ValueError(f"retry_at: an instant for the outcome 'retry' and None otherwise, not {retry_at}")
    conn.execute(
        insert(delivery_attempt).values(
            message_id=message.id,
            at=attempt.at,
            status_code=attempt.status_code,
            error=attempt.error,
            seconds=attempt.seconds,
        )
    )
    updated = conn.execute(
        update(outbox)
        .where(
            outbox.c.id == message.id,
            outbox.c.state == "pending",
            outbox.c.attempts == message.attempts,
            # ``redeliver`` counts from 0 again, but at a later instant.
            outbox.c.next_attempt_at == message.next_attempt_at,
        )
        .values(
            state="pending" if outcome == "retry" else outcome,
            attempts=outbox.c.attempts + 1,
            next_attempt_at=retry_at or message.next_attempt_at,
            lease_until=None,
        )
    )
    return updated.rowcount == 1


def messages(
    conn: Connection, model: str | None = None, state: OutboxState | None = None, limit: int | None = None
) -> list[OutboxMessage]:
    """Messages, the newest first; only those about a model, or in a state, where these are given."""
    query = _of_model(select(outbox), model).order_by(outbox.c.sequence.desc())
    if state is not None:
        query = query.where(outbox.c.state == state)
    if limit is not None:
        query = query.limit(limit)
    return [_message(row) for row in conn.execute(query)]


def attempts(conn: Connection, message_id: str) -> list[DeliveryAttempt]:
    """The attempts to deliver a message, in the order they were recorded."""
    query = select(delivery_attempt).where(delivery_attempt.c.message_id == message_id).order_by(delivery_attempt.c.id)
    return [
        DeliveryAttempt(row.message_id, row.at, row.status_code, row.error, row.seconds) for row in conn.execute(query)
    ]


def message_counts(conn: Connection, model: str | None = None) -> dict[OutboxState, int]:
    """How many messages are in each state; 0 for a state that none is in."""
    query = _of_model(select(outbox.c.state, func.count()), model).group_by(outbox.c.state)
    found = {state: int(n) for state, n in conn.execute(query)}
    return {state: found.get(state, 0) for state in get_args(OutboxState)}


def redeliver(conn: Connection, message_id: str, now: datetime) -> bool:
    """Try a message that was given up again, from ``now`` on, as often as a new one; False if it was not given up.

    Called inside ``store.engine.writing``.
    """
    revived = conn.execute(
        update(outbox)
        .where(outbox.c.id == message_id, outbox.c.state == "dead")
        .values(state="pending", attempts=0, next_attempt_at=now, lease_until=None)
    )
    return revived.rowcount == 1


def _of_model(query: Select[Any], model_name: str | None) -> Select[Any]:
    if model_name is None:
        return query
    return query.join(model, model.c.id == outbox.c.model_id).where(model.c.name == model_name)


def _values(message: OutboxMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "model_id": message.model_id,
        "channel_id": message.channel_id,
        "ordering_key": message.ordering_key,
        "type": message.type,
        "body": message.body,
        "state": message.state,
        "attempts": message.attempts,
        "created_at": message.created_at,
        "next_attempt_at": message.next_attempt_at,
    }


def _message(row: Row[Any]) -> OutboxMessage:
    return OutboxMessage(
        id=row.id,
        model_id=row.model_id,
        channel_id=row.channel_id,
        ordering_key=row.ordering_key,
        type=row.type,
        body=row.body,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
    )
