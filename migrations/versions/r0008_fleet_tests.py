"""Tests of the fleet, whose false discoveries are kept rare."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column of type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Microseconds since 1970, UTC.
INSTANT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "fleet_test",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("monitor_id", ID, nullable=False),
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("log_limit", sa.Float(), nullable=False),
        sa.Column("log_e_value", sa.Float(), nullable=False),
        sa.Column("window_end", INSTANT, nullable=False),
        sa.Column("discovery", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["baseline_id"], ["baseline.id"], name=op.f("fk_fleet_test_baseline_id_baseline")),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitor.id"], name=op.f("fk_fleet_test_monitor_id_monitor")),
        sa.PrimaryKeyConstraint("monitor_id", "baseline_id", "month", name=op.f("pk_fleet_test")),
        sa.UniqueConstraint("stream", "number", name=op.f("uq_fleet_test_stream_number")),
    )
