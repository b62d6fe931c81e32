"""Monitors, their runs and results, the evidence that grows over windows, and alerts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    true,
)

from store.column_types import BigId, Instant
from store.schema.parts import metadata, of_model, one_of, row_id

monitor = Table(
    "monitor",
    metadata,
    row_id(),
    of_model(),
    Column("name", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("planned_to", Instant),
    Column("active", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("model_id", "name"),
)

run = Table(
    "run",
    metadata,
    row_id(),
    Column("monitor_id", BigId, ForeignKey("monitor.id"), nullable=False),
    Column("window_start", Instant, nullable=False),
    Column("window_end", Instant, nullable=False),
    Column("state", Text, nullable=False, server_default="planned"),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease_until", Instant),
    # Rows (labelled ones for performance) that were counted when the window was last computed, and rows and changed
    # labels that came into it since.
    Column("n_seen", BigInteger, nullable=False, server_default="0"),
    Column("n_since", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("monitor_id", "window_end"),
    CheckConstraint("window_start < window_end", name="window"),
    one_of("state", "planned", "claimed", "done"),
    Index(None, "state", "monitor_id", "window_end"),
)

result = Table(
    "result",
    metadata,
    row_id(),
    of_model(),
    Column("run_id", BigId, ForeignKey("run.id"), nullable=False),
    Column("monitor_id", BigId, ForeignKey("monitor.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    # Earlier revisions stay, so that what was known when an alert was sent can still be read.
    Column("latest", Boolean, nullable=False, server_default=true()),
    Column("version", Text),
    Column("kind", Text, nullable=False),
    Column("method", Text, nullable=False),
    # The empty text stands for "whole model" and "whole stream": NULLs would never be equal in the unique key.
    Column("field", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("window_start", Instant, nullable=False),
    Column("window_end", Instant, nullable=False),
    Column("n_baseline", BigInteger, nullable=False),
    Column("n_current", BigInteger, nullable=False),
    Column("value", Float),
    Column("threshold", Float),
    Column("threshold_source", Text),
    Column("p_value", Float),
    Column("effect", Float),
    Column("severity", Text, nullable=False),
    Column("severity_score", Float),
    # The 95 % interval of the value.
    Column("interval_low", Float),
    Column("interval_high", Float),
    Column("confidence", Text),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("baseline", Text),
    Column("computed_at", Instant, nullable=False),
    UniqueConstraint("run_id", "revision", "method", "field", "segment"),
    one_of("kind", "drift", "quality", "performance", "estimate"),
    one_of("status", "ok", "warning", "critical", "insufficient", "nodata", "error"),
    one_of("severity", "none", "low", "high"),
    Index(None, "model_id", "window_end"),
)

# What one window of a monitor adds to evidence that grows over windows; the state of a sequential test is the fold of
# its rows in the order of their windows, so a window that is computed again replaces what it added.
window_evidence = Table(
    "window_evidence",
    metadata,
    Column("monitor_id", BigId, ForeignKey("monitor.id"), primary_key=True),
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("window_end", Instant, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
)

# One test a drift monitor, baseline and month; the limit is set when it begins, from what its stream had found by then.
fleet_test = Table(
    "fleet_test",
    metadata,
    Column("stream", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("monitor_id", BigId, ForeignKey("monitor.id"), primary_key=True),
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("month", Text, primary_key=True),
    Column("log_limit", Float, nullable=False),
    Column("log_e_value", Float, nullable=False),
    Column("window_end", Instant, nullable=False),
    Column("discovery", Boolean, nullable=False),
    UniqueConstraint("stream", "number"),
)

alert = Table(
    "alert",
    metadata,
    row_id(),
    of_model(),
    Column("monitor_id", BigId, ForeignKey("monitor.id"), nullable=False),
    Column("method", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("streak", Integer, nullable=False),
    Column("since", Instant),
    Column("window_end", Instant, nullable=False),
    Column("result_id", BigId, ForeignKey("result.id")),
    UniqueConstraint("monitor_id", "method", "field", "segment"),
    one_of("state", "inactive", "pending", "firing", "recovering"),
    Index(None, "model_id", "state"),
)

transition = Table(
    "transition",
    metadata,
    row_id(),
    Column("alert_id", BigId, ForeignKey("alert.id"), nullable=False),
    Column("run_id", BigId, ForeignKey("run.id"), nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("window_end", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("from_state <> to_state", name="change"),
    Index(None, "alert_id", "at"),
)
