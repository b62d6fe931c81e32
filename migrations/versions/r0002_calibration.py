"""What thresholds are calibrated with, and the calibrations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column of type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Microseconds since 1970, UTC.
INSTANT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "baseline_block",
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("start", INSTANT, nullable=True),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["baseline_id"], ["baseline.id"], name=op.f("fk_baseline_block_baseline_id_baseline")),
        sa.PrimaryKeyConstraint("baseline_id", "segment", "position", name=op.f("pk_baseline_block")),
    )
    op.create_table(
        "baseline_sample",
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("slots", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["baseline_id"], ["baseline.id"], name=op.f("fk_baseline_sample_baseline_id_baseline")),
        sa.PrimaryKeyConstraint("baseline_id", "segment", name=op.f("pk_baseline_sample")),
    )
    op.create_table(
        "calibration",
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["baseline_id"], ["baseline.id"], name=op.f("fk_calibration_baseline_id_baseline")),
        sa.PrimaryKeyConstraint("baseline_id", "segment", "subject", name=op.f("pk_calibration")),
    )
