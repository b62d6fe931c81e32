"""Further sums beside the profiles of hours, and what a baseline's rows leave behind for them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column of type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Microseconds since 1970, UTC.
INSTANT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "profile_companion",
        sa.Column("binning_id", ID, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("start", INSTANT, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("version_id", ID, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["binning_id"], ["binning.id"], name=op.f("fk_profile_companion_binning_id_binning")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_version.id"], name=op.f("fk_profile_companion_version_id_model_version")
        ),
        sa.PrimaryKeyConstraint(
            "binning_id", "part", "start", "segment", "version_id", name=op.f("pk_profile_companion")
        ),
    )
    op.create_table(
        "baseline_companion",
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["baseline.id"], name=op.f("fk_baseline_companion_baseline_id_baseline")
        ),
        sa.PrimaryKeyConstraint("baseline_id", "segment", "part", name=op.f("pk_baseline_companion")),
    )
