"""Outbox to receivers: at least once, the same message id on every attempt, the outcome recorded after each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine

from alerts.channels.signing import Secret, SecretError, parse_secrets
from alerts.channels.webhook import ATTEMPT_SECONDS, ChannelError, WebhookChannel
from alerts.delivery import Decision, Delivery, decide, not_configured
from store.engine import writing
from store.monitors import disable_channel, get_channel
from store.outbox import claim_messages, record_attempt
from store.records import Channel, OutboxMessage

BATCH = 20
_CHANNELS_AT_ONCE = 8
# An attempt that took so long and got no answer is the last on its channel for this round.
SLOW_SECONDS = 1.0
# Even if all of a batch go to one receiver, and it lets each wait.
_LEASE = timedelta(seconds=BATCH * ATTEMPT_SECONDS + 60)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round of delivery came to; ``failed`` messages are tried again or given up."""

    delivered: int = 0
    failed: int = 0


class _Outcomes(NamedTuple):
    """How the attempts on one channel went, and whether they ended early because it does not answer."""

    delivered: int
    failed: int
    gave_up: bool


@dataclass(frozen=True, slots=True)
class Courier:
    """Delivers what is due.

    ``clock`` gives the instant now, ``jitter`` numbers from 0 up to 1, ``environment`` the signing secrets by the
    name of their variable.
    """

    engine: Engine
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    environment: Mapping[str, str]

    def deliver(self) -> Delivered:
        """Attempt every message that is due, each once; a message that fails waits for its next attempt.

        Channels are served side by side, so that a receiver that lets one wait holds up no other. One that does not
        answer at all is left alone for the rest of the round: its other messages come due when the lease is over.
        """
        total = Delivered()
        busy: dict[Future[_Outcomes], int] = {}
        resting: set[int] = set()
        with ThreadPoolExecutor(_CHANNELS_AT_ONCE, thread_name_prefix="deliver") as pool:
            while True:
                claimed = self._claimed(resting.union(busy.values())) if len(busy) < _CHANNELS_AT_ONCE else {}
                busy |= {pool.submit(self._attempt_all, messages): channel for channel, messages in claimed.items()}
                if claimed:
                    continue  # others may be due behind so many
                if not busy:
                    return total
                for future in wait(busy, return_when=FIRST_COMPLETED).done:
                    channel, outcomes = busy.pop(future), future.result()
                    total = Delivered(total.delivered + outcomes.delivered, total.failed + outcomes.failed)
                    if outcomes.gave_up:
                        resting.add(channel)

    def _claimed(self, but_of: Collection[int]) -> dict[int, list[OutboxMessage]]:
        """The next messages that are due, by channel."""
        by_channel: dict[int, list[OutboxMessage]] = {}
        for message in claim_messages(self.engine, now=self.clock(), lease=_LEASE, limit=BATCH, but_of=but_of):
            by_channel.setdefault(message.channel_id, []).append(message)
        return by_channel

    def _attempt_all(self, messages: Sequence[OutboxMessage]) -> "_Outcomes":
        """Attempt messages of one channel one after the other, as long as it answers."""
        delivered = failed = 0
        for message in messages:
            decision = self._attempt(message)
            if decision.outcome == "delivered":
                delivered += 1
            else:
                failed += 1
            if decision.attempt.status_code is None and decision.attempt.seconds >= SLOW_SECONDS:
                return _Outcomes(delivered, failed, True)
        return _Outcomes(delivered, failed, False)

    def _attempt(self, message: OutboxMessage) -> Decision:
        with self.engine.connect() as conn:
            channel = get_channel(conn, message.channel_id)
        delivery = self._send(channel, message)
        decision = decide(message, delivery, self.clock(), self.jitter)
        with writing(self.engine) as conn:
            record_attempt(conn, message, decision.attempt, outcome=decision.outcome, retry_at=decision.retry_at)
            if decision.disable_channel is not None:
                disable_channel(conn, channel.id, decision.disable_channel)
        return decision

    def _send(self, channel: Channel, message: OutboxMessage) -> Delivery:
        try:
            webhook = WebhookChannel(channel.spec.url, self._secrets(channel))
        except (ChannelError, SecretError) as error:
            return not_configured(f"channel {channel.name}: {error}")
        return webhook.send(message.id, message.body.encode(), now=self.clock())

    def _secrets(self, channel: Channel) -> tuple[Secret, ...]:
        name = channel.spec.secret_env
        if name is None:
            return ()
        text = self.environment.get(name)
        if text is None:
            raise ChannelError(f"the environment variable {name} with the signing secret is not set")
        return parse_secrets(text)
