"""Outbox to receivers: at least once, the same message id on every attempt, the outcome recorded after each."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.channels.signing import Secret, SecretError, parse_secrets
from alerts.channels.webhook import ATTEMPT_SECONDS, ChannelError, WebhookChannel
from alerts.delivery import Delivery, decide, not_configured
from store.engine import writing
from store.monitors import disable_channel, get_channel
from store.outbox import claim_messages, record_attempt
from store.records import Channel, OutboxMessage

BATCH = 20
_CHANNELS_AT_ONCE = 8
# Even if all of a batch go to one receiver, and it hangs every time.
_LEASE = timedelta(seconds=BATCH * ATTEMPT_SECONDS + 60)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round of delivery came to; ``failed`` messages are tried again or given up."""

    delivered: int = 0
    failed: int = 0


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

        Channels are served side by side, so that a receiver that hangs holds up no other.
        """
        total = Delivered()
        with ThreadPoolExecutor(_CHANNELS_AT_ONCE, thread_name_prefix="deliver") as pool:
            while messages := claim_messages(self.engine, now=self.clock(), lease=_LEASE, limit=BATCH):
                by_channel: dict[int, list[OutboxMessage]] = {}
                for message in messages:
                    by_channel.setdefault(message.channel_id, []).append(message)
                for outcomes in pool.map(self._attempt_all, by_channel.values()):
                    total = Delivered(total.delivered + sum(outcomes), total.failed + outcomes.count(False))
        return total

    def _attempt_all(self, messages: Sequence[OutboxMessage]) -> list[bool]:
        return [self._attempt(message) for message in messages]

    def _attempt(self, message: OutboxMessage) -> bool:
        with self.engine.connect() as conn:
            channel = get_channel(conn, message.channel_id)
        delivery = self._send(channel, message)
        decision = decide(message, delivery, self.clock(), self.jitter)
        with writing(self.engine) as conn:
            record_attempt(conn, message, decision.attempt, outcome=decision.outcome, retry_at=decision.retry_at)
            if decision.disable_channel is not None:
                disable_channel(conn, channel.id, decision.disable_channel)
        return decision.outcome == "delivered"

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
