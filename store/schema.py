"""Every table of the store. The migrations must arrive at exactly this; a test holds that they do."""

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
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    true,
)

from store.column_types import BigId, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", BigId, primary_key=True, autoincrement=True)


def _model() -> Column[int]:
    return Column("model_id", BigId, ForeignKey("model.id"), nullable=False)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


model = Table(
    "model",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("definition", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

model_version = Table(
    "model_version",
    metadata,
    _id(),
    _model(),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("model_id", "name"),
)

field = Table(
    "field",
    metadata,
    _id(),
    _model(),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("kind", Text, nullable=False),
    UniqueConstraint("model_id", "name"),
    _one_of("role", "feature", "prediction", "score"),
    _one_of("kind", "numeric", "categorical", "boolean"),
)

# AUTOINCREMENT: an id must never be given twice, also when the newest rows are deleted, for the watermarks of
# ``binning`` count on it.
prediction_log = Table(
    "prediction_log",
    metadata,
    _id(),
    _model(),
    Column("version_id", BigId, ForeignKey("model_version.id"), nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("prediction_id", Text, nullable=False),
    Column("prediction", Text),
    Column("score", Text),
    Column("features", Text, nullable=False),
    Column("tags", Text),
    UniqueConstraint("model_id", "prediction_id"),
    Index(None, "model_id", "ts"),
    Index(None, "model_id", "id"),
    sqlite_autoincrement=True,
)

label_log = Table(
    "label_log",
    metadata,
    _id(),
    _model(),
    Column("prediction_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("model_id", "prediction_id", "ts"),
    Index(None, "model_id", "id"),
    sqlite_autoincrement=True,
)

binning = Table(
    "binning",
    metadata,
    _id(),
    _model(),
    Column("content_hash", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("predictions_to", BigInteger, nullable=False, server_default="0"),
    Column("labels_to", BigInteger, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("model_id", "content_hash"),
)

baseline = Table(
    "baseline",
    metadata,
    _id(),
    _model(),
    Column("version", Text, nullable=False),
    Column("binning_id", BigId, ForeignKey("binning.id"), nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("n_rows", BigInteger, nullable=False),
    Column("start", Instant),
    Column("end", Instant),
    Column("created_at", Instant, nullable=False),
    Column("active", Boolean, nullable=False, server_default=true()),
    CheckConstraint("n_rows > 0", name="n_rows"),
)

# One baseline a model is in force; the earlier ones stay for lineage.
Index(
    "uq_baseline_active",
    baseline.c.model_id,
    unique=True,
    sqlite_where=baseline.c.active,
    postgresql_where=baseline.c.active,
)

# A baseline's own sums, one row a segment, of the same form as an hour's in ``profile``.
baseline_profile = Table(
    "baseline_profile",
    metadata,
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("n_rows", BigInteger, nullable=False),
    Column("n_labelled", BigInteger, nullable=False),
    Column("fields", LargeBinary, nullable=False),
    Column("performance", LargeBinary, nullable=False),
)

# What a baseline's thresholds are calibrated with: the sums of its contiguous blocks (its hours, or equal runs of rows
# where it has no clock), and a sample of its rows as slots.
baseline_block = Table(
    "baseline_block",
    metadata,
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("start", Instant),
    Column("n_rows", BigInteger, nullable=False),
    Column("fields", LargeBinary, nullable=False),
)

baseline_sample = Table(
    "baseline_sample",
    metadata,
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("slots", LargeBinary, nullable=False),
)

# ``subject`` names what is calibrated: the length of the windows, the fields and their methods.
calibration = Table(
    "calibration",
    metadata,
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("seed", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# Some of a baseline's rows, as Parquet: what the methods that no sum can serve compare with.
baseline_rows = Table(
    "baseline_rows",
    metadata,
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("n_rows", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)

# What each field is worth to the model, from 0 to 1, where it was measured; ``source`` says how.
baseline_importance = Table(
    "baseline_importance",
    metadata,
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("field", Text, primary_key=True),
    Column("importance", Float, nullable=False),
    Column("source", Text, nullable=False),
)

profile = Table(
    "profile",
    metadata,
    Column("binning_id", BigId, ForeignKey("binning.id"), primary_key=True),
    Column("start", Instant, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("version_id", BigId, ForeignKey("model_version.id"), primary_key=True),
    Column("n_rows", BigInteger, nullable=False),
    Column("n_labelled", BigInteger, nullable=False),
    Column("fields", LargeBinary, nullable=False),
    Column("performance", LargeBinary, nullable=False),
)

# Further sums of the rows of an hour, kept apart from its profile: each ``part`` serves one kind of check and adds up
# by its own rule.
profile_companion = Table(
    "profile_companion",
    metadata,
    Column("binning_id", BigId, ForeignKey("binning.id"), primary_key=True),
    Column("part", Text, primary_key=True),
    Column("start", Instant, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("version_id", BigId, ForeignKey("model_version.id"), primary_key=True),
    Column("payload", LargeBinary, nullable=False),
)

# What a baseline's rows leave behind for the checks that need more than its profile, one row a part.
baseline_companion = Table(
    "baseline_companion",
    metadata,
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
)

monitor = Table(
    "monitor",
    metadata,
    _id(),
    _model(),
    Column("name", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("planned_to", Instant),
    Column("active", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("model_id", "name"),
)

run = Table(
    "run",
    metadata,
    _id(),
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
    _one_of("state", "planned", "claimed", "done"),
    Index(None, "state", "monitor_id", "window_end"),
)

result = Table(
    "result",
    metadata,
    _id(),
    _model(),
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
    _one_of("kind", "drift", "quality", "performance", "estimate"),
    _one_of("status", "ok", "warning", "critical", "insufficient", "nodata", "error"),
    _one_of("severity", "none", "low", "high"),
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
    _id(),
    _model(),
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
    _one_of("state", "inactive", "pending", "firing", "recovering"),
    Index(None, "model_id", "state"),
)

transition = Table(
    "transition",
    metadata,
    _id(),
    Column("alert_id", BigId, ForeignKey("alert.id"), nullable=False),
    Column("run_id", BigId, ForeignKey("run.id"), nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("window_end", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("from_state <> to_state", name="change"),
    Index(None, "alert_id", "at"),
)

channel = Table(
    "channel",
    metadata,
    _id(),
    _model(),
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
    _model(),
    Column("channel_id", BigId, ForeignKey("channel.id"), nullable=False),
    Column("ordering_key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("lease_until", Instant),
    _one_of("state", "pending", "delivered", "dead"),
    Index(None, "state", "next_attempt_at"),
    sqlite_autoincrement=True,
)

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    _id(),
    Column("message_id", Text, ForeignKey("outbox.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("status_code", Integer),
    Column("error", Text),
    Column("seconds", Float, nullable=False),
    Index(None, "message_id"),
)

api_key = Table(
    "api_key",
    metadata,
    _id(),
    Column("prefix", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("models", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)

deploy = Table(
    "deploy",
    metadata,
    _id(),
    _model(),
    Column("version", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    UniqueConstraint("model_id", "version", "at"),
)
