"""Models with their versions and fields, and the two logs."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from store.column_types import BigId, Instant
from store.schema.parts import metadata, of_model, one_of, row_id

model = Table(
    "model",
    metadata,
    row_id(),
    Column("name", Text, nullable=False, unique=True),
    Column("definition", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

model_version = Table(
    "model_version",
    metadata,
    row_id(),
    of_model(),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("model_id", "name"),
)

field = Table(
    "field",
    metadata,
    row_id(),
    of_model(),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("kind", Text, nullable=False),
    UniqueConstraint("model_id", "name"),
    one_of("role", "feature", "prediction", "score"),
    one_of("kind", "numeric", "categorical", "boolean"),
)

# AUTOINCREMENT: an id must never be given twice, also when the newest rows are deleted, for the watermarks of
# ``binning`` count on it.
prediction_log = Table(
    "prediction_log",
    metadata,
    row_id(),
    of_model(),
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
    row_id(),
    of_model(),
    Column("prediction_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("sampling_probability", Float),
    UniqueConstraint("model_id", "prediction_id", "ts"),
    Index(None, "model_id", "id"),
    sqlite_autoincrement=True,
)

deploy = Table(
    "deploy",
    metadata,
    row_id(),
    of_model(),
    Column("version", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    UniqueConstraint("model_id", "version", "at"),
)

api_key = Table(
    "api_key",
    metadata,
    row_id(),
    Column("prefix", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("models", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
)
