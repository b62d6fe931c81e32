"""A sample of the rows of each baseline, for methods that compare rows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column of type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "baseline_rows",
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["baseline_id"], ["baseline.id"], name=op.f("fk_baseline_rows_baseline_id_baseline")),
        sa.PrimaryKeyConstraint("baseline_id", name=op.f("pk_baseline_rows")),
    )
