"""What windows add to evidence that grows over them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column of type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Microseconds since 1970, UTC.
INSTANT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "window_evidence",
        sa.Column("monitor_id", ID, nullable=False),
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("window_end", INSTANT, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["baseline_id"], ["baseline.id"], name=op.f("fk_window_evidence_baseline_id_baseline")),
        sa.ForeignKeyConstraint(["monitor_id"], ["monitor.id"], name=op.f("fk_window_evidence_monitor_id_monitor")),
        sa.PrimaryKeyConstraint("monitor_id", "baseline_id", "segment", "window_end", name=op.f("pk_window_evidence")),
    )
