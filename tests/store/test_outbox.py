from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError

from store.engine import writing
from store.monitors import disable_channel, get_channel, get_monitor
from store.outbox import (
    Outcome,
    attempts,
    claim_messages,
    enqueue,
    message_counts,
    messages,
    record_attempt,
    redeliver,
)
from store.records import DeliveryAttempt, OutboxMessage
from store.schema import delivery_attempt, outbox
from tests.store.conftest import NOW
from tests.store.recorded import add_model, channels_by_name, monitors_by_name

SECOND = timedelta(seconds=1)
LEASE = 60 * SECOND


class _Post:
    """The outbox of model credit with its channels ``first`` and ``second``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.model_id = add_model(engine, "credit", "drift", channel_names=("first", "second"))
        self.channel_ids = {name: channel.id for name, channel in channels_by_name(engine, self.model_id).items()}

    def message(self, message_id: str, key: str = "monitor:1", channel: str = "first") -> OutboxMessage:
        return OutboxMessage(
            id=message_id,
            model_id=self.model_id,
            channel_id=self.channel_ids[channel],
            ordering_key=key,
            type="alert.firing",
            body='{"type":"alert.firing","field":"Größe"}',
            state="pending",
            attempts=0,
            created_at=NOW,
            next_attempt_at=NOW,
        )

    def enqueue(self, *given: OutboxMessage) -> None:
        with writing(self.engine) as connection:
            enqueue(connection, given)

    def claim(self, now: datetime = NOW, limit: int = 100) -> list[OutboxMessage]:
        return claim_messages(self.engine, now=now, lease=LEASE, limit=limit)

    def claim_ids(self, now: datetime = NOW, limit: int = 100) -> list[str]:
        return [message.id for message in self.claim(now, limit)]

    def record(
        self, message: OutboxMessage, outcome: Outcome, retry_at: datetime | None = None, status_code: int | None = 200
    ) -> bool:
        attempt = DeliveryAttempt(message.id, NOW + SECOND, status_code, None, 0.25)
        with writing(self.engine) as connection:
            return record_attempt(connection, message, attempt, outcome=outcome, retry_at=retry_at)

    def attempts(self, message_id: str) -> list[DeliveryAttempt]:
        with self.engine.connect() as connection:
            return attempts(connection, message_id)

    def n_pending(self) -> int:
        with self.engine.connect() as connection:
            return message_counts(connection)["pending"]

    def all(self) -> dict[str, OutboxMessage]:
        with self.engine.connect() as connection:
            return {message.id: message for message in messages(connection)}


@pytest.fixture
def post(engine: Engine) -> _Post:
    return _Post(engine)


def test_a_claimed_message_is_as_it_was_written_and_nobody_elses(post: _Post) -> None:
    post.enqueue(post.message("a"), post.message("b", "monitor:2"))
    assert post.claim() == [post.message("a"), post.message("b", "monitor:2")]
    assert post.claim(NOW + LEASE - SECOND) == []
    assert post.claim_ids(NOW + LEASE) == ["a", "b"]


def test_at_most_so_many_are_claimed_and_those_due_longest_first(post: _Post) -> None:
    post.enqueue(
        *(replace(post.message(str(n), f"monitor:{n}"), next_attempt_at=NOW - n * SECOND) for n in range(-1, 4))
    )
    assert post.claim_ids(limit=2) == ["3", "2"]
    assert post.claim_ids() == ["1", "0"]
    assert post.claim_ids() == []
    assert post.claim_ids(NOW + SECOND) == ["-1"]


def test_a_message_waits_for_those_before_it_in_its_key_and_channel(post: _Post) -> None:
    post.enqueue(
        post.message("1"),
        post.message("2"),
        post.message("other key", "monitor:2"),
        post.message("other channel", channel="second"),
    )
    (first, *others) = post.claim()
    assert [first.id, *(other.id for other in others)] == ["1", "other key", "other channel"]
    assert post.record(first, "retry", NOW + 5 * SECOND)
    assert post.claim_ids(NOW + 4 * SECOND) == []
    (again,) = post.claim(NOW + 5 * SECOND)
    assert (again.id, again.attempts) == ("1", 1)
    assert post.record(again, "delivered")
    (second,) = post.claim(NOW + 5 * SECOND)
    assert second.id == "2"


def test_a_message_that_was_given_up_lets_the_next_one_pass(post: _Post) -> None:
    post.enqueue(post.message("1"), post.message("2"))
    (first,) = post.claim()
    assert post.record(first, "dead")
    assert post.claim_ids() == ["2"]


def test_attempts_are_kept_and_the_message_shows_the_last(post: _Post) -> None:
    post.enqueue(post.message("a"))
    (first,) = post.claim()
    assert post.record(first, "retry", NOW + 5 * SECOND, status_code=503)
    assert post.all()["a"] == replace(first, attempts=1, next_attempt_at=NOW + 5 * SECOND)
    (second,) = post.claim(NOW + 5 * SECOND)
    attempt = DeliveryAttempt("a", NOW + 6 * SECOND, None, "connection refused", 0.001)
    with writing(post.engine) as connection:
        assert record_attempt(connection, second, attempt, outcome="delivered", retry_at=None)
    assert post.all()["a"] == replace(second, state="delivered", attempts=2)
    assert post.attempts("a") == [DeliveryAttempt("a", NOW + SECOND, 503, None, 0.25), attempt]
    assert post.attempts("b") == []


@pytest.mark.parametrize("wait", [0, 2])
def test_who_has_lost_the_lease_cannot_overwrite_what_was_recorded_since(post: _Post, wait: int) -> None:
    post.enqueue(post.message("a"))
    (late,) = post.claim()
    (other,) = post.claim(NOW + LEASE)
    assert post.record(other, "retry", NOW + wait * LEASE)
    assert not post.record(late, "delivered")
    assert post.all()["a"] == replace(other, attempts=1, next_attempt_at=NOW + wait * LEASE)
    assert len(post.attempts("a")) == 2
    (last,) = post.claim(NOW + 2 * LEASE)
    assert post.record(last, "dead")
    assert not post.record(last, "delivered")
    assert post.all()["a"].state == "dead"


def test_an_instant_to_try_again_belongs_to_a_retry_and_to_nothing_else(post: _Post) -> None:
    post.enqueue(post.message("a"))
    (message,) = post.claim()
    with pytest.raises(ValueError, match="retry_at"):
        post.record(message, "retry")
    with pytest.raises(ValueError, match="retry_at"):
        post.record(message, "dead", NOW)
    assert post.attempts("a") == []


def test_messages_of_a_channel_out_of_use_wait_until_it_is_used_again(post: _Post) -> None:
    post.enqueue(post.message("a"), post.message("b", channel="second"))
    with writing(post.engine) as connection:
        disable_channel(connection, post.channel_ids["first"], "410 Gone")
    assert post.claim_ids() == ["b"]
    add_model(post.engine, "credit", "drift", channel_names=("first",))
    assert post.claim_ids() == ["a"]
    assert post.claim_ids(NOW + LEASE) == ["a"]
    add_model(post.engine, "credit", "drift", channel_names=("first", "second"))
    assert post.claim_ids(NOW + 2 * LEASE) == ["a", "b"]


def test_a_dead_message_is_tried_again_as_often_as_a_new_one(post: _Post) -> None:
    post.enqueue(post.message("a"), post.message("b", "monitor:2"))
    late, delivered = post.claim()
    assert post.record(delivered, "delivered")
    (other,) = post.claim(NOW + LEASE)
    assert post.record(other, "dead")
    later = NOW + 2 * LEASE
    with writing(post.engine) as connection:
        assert redeliver(connection, "a", later)
        assert not redeliver(connection, "a", later)
        assert not redeliver(connection, "b", later)
        assert not redeliver(connection, "c", later)
    assert not post.record(late, "dead")
    assert post.claim(later) == [replace(post.message("a"), next_attempt_at=later)]


def test_messages_are_listed_the_newest_first_and_counted(post: _Post) -> None:
    churn = add_model(post.engine, "churn", channel_names=("first",))
    channel_id = channels_by_name(post.engine, churn)["first"].id
    post.enqueue(*(post.message(str(n), f"monitor:{n}") for n in range(4)))
    post.enqueue(replace(post.message("churn"), model_id=churn, channel_id=channel_id))
    with post.engine.connect() as connection:
        assert message_counts(connection, "nobody") == {"pending": 0, "delivered": 0, "dead": 0}
    claimed = post.claim()
    outcomes: tuple[Outcome, ...] = ("delivered", "dead", "delivered")
    for message, outcome in zip(claimed, outcomes, strict=False):
        assert post.record(message, outcome)
    with post.engine.connect() as connection:
        assert [each.id for each in messages(connection)] == ["churn", "3", "2", "1", "0"]
        assert [each.id for each in messages(connection, "credit", limit=2)] == ["3", "2"]
        assert [each.id for each in messages(connection, state="delivered")] == ["2", "0"]
        assert messages(connection, "churn", "dead") == []
        assert message_counts(connection) == {"pending": 2, "delivered": 2, "dead": 1}
        assert message_counts(connection, "credit") == {"pending": 1, "delivered": 2, "dead": 1}


def test_a_message_is_enqueued_once_or_not_at_all(post: _Post) -> None:
    post.enqueue()
    post.enqueue(post.message("a"))
    with pytest.raises(IntegrityError):
        post.enqueue(post.message("b"), post.message("a"))
    assert list(post.all()) == ["a"]


def test_those_who_claim_at_once_never_get_the_same_message(post: _Post) -> None:
    expected = {f"{key}/{n}" for key in range(5) for n in range(6)}
    post.enqueue(*(post.message(f"{key}/{n}", f"monitor:{key}") for n in range(6) for key in range(5)))
    together = Barrier(4)

    def deliver_all(_: int) -> list[str]:
        together.wait()
        delivered = []
        while post.n_pending():
            for message in post.claim(limit=2):
                assert post.record(message, "delivered")
                delivered.append(message.id)
        return delivered

    with ThreadPoolExecutor(4) as threads:
        delivered = [message_id for own in threads.map(deliver_all, range(4)) for message_id in own]
    assert len(delivered) == len(expected)
    assert set(delivered) == expected
    with post.engine.connect() as connection:
        query = delivery_attempt.select().order_by(delivery_attempt.c.id)
        recorded = [row.message_id for row in connection.execute(query)]
    for key in range(5):
        assert [each for each in recorded if each.startswith(f"{key}/")] == [f"{key}/{n}" for n in range(6)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(st.sampled_from(["x", "y"]), min_size=1, max_size=6),
    script=st.lists(st.tuples(st.sampled_from(["delivered", "retry", "dead"]), st.integers(1, 4)), max_size=12),
)
def test_whatever_fails_each_key_is_settled_in_its_order(
    post: _Post, keys: list[str], script: list[tuple[Outcome, int]]
) -> None:
    with writing(post.engine) as connection:
        connection.execute(delete(delivery_attempt))
        connection.execute(delete(outbox))
    post.enqueue(*(post.message(f"{key}{n}", key) for n, key in enumerate(keys)))
    steps = iter(script)
    settled: dict[str, list[str]] = {"x": [], "y": []}
    now = NOW
    while post.n_pending():
        claimed = post.claim(now, limit=1)
        for message in claimed:
            outcome, wait = next(steps, ("delivered", 0))
            assert post.record(message, outcome, now + wait * SECOND if outcome == "retry" else None)
            if outcome != "retry":
                settled[message.ordering_key].append(message.id)
        now += SECOND * (not claimed)
    for key, ids in settled.items():
        assert ids == [f"{key}{n}" for n, own in enumerate(keys) if own == key]


def test_monitors_and_channels_are_found_by_id_also_when_dropped(post: _Post) -> None:
    monitor = monitors_by_name(post.engine, post.model_id)["drift"]
    channel = channels_by_name(post.engine, post.model_id)["second"]
    add_model(post.engine, "credit", channel_names=("first",))
    with post.engine.connect() as connection:
        assert get_monitor(connection, monitor.id) == replace(monitor, active=False)
        assert get_channel(connection, channel.id) == channel
