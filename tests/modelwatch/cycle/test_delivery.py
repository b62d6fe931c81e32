"""From the outbox to receivers: at least once, in order, and no channel in the way of another."""

import base64
import functools
import json
import threading
from collections.abc import Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from sqlalchemy import Engine
from standardwebhooks.webhooks import Webhook

from alerts.channels.webhook import WebhookChannel
from modelwatch.cycle import delivery
from modelwatch.cycle.delivery import BATCH, Courier, Delivered
from store.engine import writing
from store.models import apply_definition
from store.monitors import channels
from store.outbox import attempts, enqueue, messages
from store.records import OutboxMessage
from tests.alerts.receivers import Receiver, answering, hanging, in_turn, receiver
from tests.modelwatch.cycle.world import (
    DRIFT,
    REFERENCE,
    World,
    events,
    hours,
    model_file,
    new_world,
)

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def world_with(engine: Engine, **urls: str) -> World:
    """A model with a channel for each address, under its name."""
    declared = [{"kind": "webhook", "name": name, "url": url} for name, url in urls.items()]
    return new_world(engine, model_file(DRIFT, channels=declared), clock=hours(0))


def courier(world: World) -> Courier:
    return Courier(world.engine, lambda: world.clock, lambda: 0.0, world.environment)


def write(world: World, channel: str, keys: Sequence[str], first: int = 0) -> list[str]:
    """A message for a channel under each ordering key; their ids."""
    with writing(world.engine) as conn:
        channel_id = next(each.id for each in channels(conn, world.model.id) if each.name == channel)
        written = [
            OutboxMessage(
                id=f"msg_{channel}_{first + n}",
                model_id=world.model.id,
                channel_id=channel_id,
                ordering_key=key,
                type="alert.firing",
                body=json.dumps({"n": n}),
                state="pending",
                attempts=0,
                created_at=world.clock,
                next_attempt_at=world.clock,
            )
            for n, key in enumerate(keys)
        ]
        enqueue(conn, written)
    return [each.id for each in written]


def states(world: World) -> dict[str, str]:
    with world.engine.connect() as conn:
        return {message.id: message.state for message in messages(conn)}


def ids(server: Receiver) -> list[str]:
    return [request.headers["webhook-id"] for request in server.requests]


def test_a_message_that_failed_is_sent_again_under_the_same_id(engine: Engine) -> None:
    with receiver(in_turn(answering(500), answering(200))) as server:
        world = world_with(engine, a=server.url)
        (message,) = write(world, "a", ["k"])
        assert courier(world).deliver() == Delivered(0, 1)
        assert courier(world).deliver() == Delivered(0, 0)
        world.clock += timedelta(seconds=5)
        assert courier(world).deliver() == Delivered(1, 0)
        assert courier(world).deliver() == Delivered(0, 0)
    assert ids(server) == [message, message]
    assert len({request.body for request in server.requests}) == 1
    with engine.connect() as conn:
        assert [each.status_code for each in attempts(conn, message)] == [500, 200]
    assert states(world) == {message: "delivered"}


def test_messages_of_one_key_arrive_in_order_also_when_the_first_fails(engine: Engine) -> None:
    with receiver(in_turn(answering(503), *[answering(200)] * 3)) as server:
        world = world_with(engine, a=server.url)
        firing, resolved, other = write(world, "a", ["k", "k", "other"])
        assert courier(world).deliver() == Delivered(1, 1)
        assert ids(server) == [firing, other]
        world.clock += timedelta(seconds=5)
        assert courier(world).deliver() == Delivered(2, 0)
    assert ids(server) == [firing, other, firing, resolved]


def test_an_alert_that_fires_and_resolves_is_told_in_order(engine: Engine) -> None:
    with receiver(in_turn(answering(500), answering(200), answering(200))) as server:
        channel = {"kind": "webhook", "url": server.url}
        world = new_world(engine, model_file({**DRIFT, "fields": ["x"]}, channels=[channel]), REFERENCE)
        world.log([*events(0, 1, shift=3.0), *events(1, 2)])
        summary = world.cycle(hours(2))
        assert (summary.alerts_fired, summary.alerts_resolved) == (1, 1)
        assert (summary.webhooks_delivered, summary.webhooks_failed) == (0, 1)
        assert world.cycle(hours(2) + timedelta(seconds=5)).webhooks_delivered == 2
    types = [json.loads(request.body)["type"] for request in server.requests]
    assert types == ["alert.firing", "alert.firing", "alert.resolved"]


def test_what_is_announced_of_the_future_is_sent_now(engine: Engine) -> None:
    """A replay may judge windows that the wall clock has not reached; nobody waits until then to hear of it."""
    with receiver(answering(200)) as server:
        channel = {"kind": "webhook", "url": server.url}
        world = new_world(engine, model_file({**DRIFT, "fields": ["x"]}, channels=[channel]), REFERENCE)
        world.log(events(0, 1, shift=3.0))
        assert world.cycle(hours(2), clock=hours(-1_000)).webhooks_delivered == 1


def test_a_secret_that_is_missing_is_named_and_tried_again(engine: Engine) -> None:
    with receiver(answering(200)) as server:
        channel = {"kind": "webhook", "name": "a", "url": server.url, "secret_env": "CREDIT_SECRET"}
        world = new_world(engine, model_file(DRIFT, channels=[channel]), clock=hours(0))
        (message,) = write(world, "a", ["k"])
        assert courier(world).deliver() == Delivered(0, 1)
        with engine.connect() as conn:
            (attempt,) = attempts(conn, message)
        assert attempt.status_code is None
        assert "CREDIT_SECRET" in (attempt.error or "")
        assert server.requests == []
        world.environment["CREDIT_SECRET"] = SECRET
        world.clock += timedelta(seconds=5)
        assert courier(world).deliver() == Delivered(1, 0)
    (request,) = server.requests
    assert ids(server) == [message]
    assert request.headers["webhook-timestamp"] == str(int(world.clock.timestamp()))
    signature = Webhook(SECRET).sign(message, world.clock, request.body.decode())
    assert request.headers["webhook-signature"] == signature


def test_a_receiver_that_wants_no_more_gets_no_more(engine: Engine) -> None:
    with receiver(answering(410)) as gone, receiver(answering(200)) as server:
        world = world_with(engine, a=gone.url, b=server.url)
        first, second = write(world, "a", ["k", "k"])
        write(world, "b", ["k"])
        courier(world).deliver()
        world.clock += timedelta(days=4)
        courier(world).deliver()
        with engine.connect() as conn:
            reasons = {each.name: each.disabled_reason for each in channels(conn, world.model.id)}
    assert ids(gone) == [first]
    assert len(server.requests) == 1
    assert reasons["a"]
    assert reasons["b"] is None
    assert (states(world)[first], states(world)[second]) == ("dead", "pending")


def test_a_receiver_that_waits_holds_up_no_other(engine: Engine) -> None:
    """The first answers only when the second has got its message."""
    arrived = threading.Event()

    def waiting(handler: BaseHTTPRequestHandler, running: Receiver) -> None:
        arrived.wait(10)
        answering(200)(handler, running)

    def noting(handler: BaseHTTPRequestHandler, running: Receiver) -> None:
        arrived.set()
        answering(200)(handler, running)

    with receiver(waiting) as slow, receiver(noting) as quick:
        world = world_with(engine, a=slow.url, b=quick.url)
        # More than are claimed at once, and all of them before the other's.
        n_slow = BATCH + 3
        write(world, "a", [f"k{n}" for n in range(n_slow)])
        write(world, "b", ["k"])
        assert courier(world).deliver() == Delivered(n_slow + 1, 0)
    assert arrived.is_set()
    assert len(ids(slow)) == len(set(ids(slow))) == n_slow


def test_a_receiver_that_hangs_is_left_alone_for_the_round(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each of its messages would hold up the next windows for as long as an attempt may take."""
    monkeypatch.setattr(delivery, "WebhookChannel", functools.partial(WebhookChannel, seconds=delivery.SLOW_SECONDS))
    with receiver(hanging) as dead, receiver(answering(200)) as alive:
        world = world_with(engine, a=dead.url, b=alive.url)
        written = write(world, "a", [f"k{n}" for n in range(BATCH + 3)])
        write(world, "b", [f"k{n}" for n in range(BATCH + 3)])
        assert courier(world).deliver() == Delivered(BATCH + 3, 1)
        assert ids(dead) == written[:1]
        # The others are not lost: they have not been attempted, and come due when the lease is over.
        dead.over.set()
    with receiver(answering(200)) as mended:
        monkeypatch.undo()
        move(world, "a", mended.url)
        world.clock += timedelta(hours=1)
        assert courier(world).deliver() == Delivered(BATCH + 3, 0)
        assert sorted(ids(mended)) == sorted(written)
    with engine.connect() as conn:
        assert [len(attempts(conn, each)) for each in written[:3]] == [2, 1, 1]


def move(world: World, channel: str, url: str) -> None:
    """Give a channel another address, as applying the model file again would."""
    with writing(world.engine) as conn:
        declared = [
            {"kind": "webhook", "name": each.name, "url": url if each.name == channel else each.spec.url}
            for each in channels(conn, world.model.id)
        ]
        apply_definition(conn, model_file(DRIFT, channels=declared), world.clock)
