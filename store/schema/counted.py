"""Baselines, what is kept of them, and the sums of hours."""

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
from store.schema.parts import metadata, of_model, row_id

binning = Table(
    "binning",
    metadata,
    row_id(),
    of_model(),
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
    row_id(),
    of_model(),
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

# What a baseline's rows leave behind for the checks that need more than its profile, one row a part.
baseline_companion = Table(
    "baseline_companion",
    metadata,
    Column("baseline_id", BigId, ForeignKey("baseline.id"), primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
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
