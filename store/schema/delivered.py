"""Channels, the messages for them, and attempts to deliver these."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, true

from store.column_types import BigId, Instant
from store.schema.parts import metadata, of_model, one_of, row_id

channel = Table(
    "channel",
    metadata,
    row_id(),
    of_model(),
    Column("name", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("disabled_reason", Text),
    UniqueConstraint("model_id", "name"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", BigId, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    of_model(),
    Column("channel_id", BigId, ForeignKey("channel.id"), nullable=False),
    Column("ordering_key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("lease_until", Instant),
    one_of("state", "pending", "delivered", "dead"),
    Index(None, "state", "next_attempt_at"),
    sqlite_autoincrement=True,
)

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    row_id(),
    Column("message_id", Text, ForeignKey("outbox.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("status_code", Integer),
    Column("error", Text),
    Column("seconds", Float, nullable=False),
    Index(None, "message_id"),
)
