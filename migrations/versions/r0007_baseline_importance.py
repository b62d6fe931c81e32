"""What each field is worth to a model, as measured on the rows of a baseline."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column of type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "baseline_importance",
        sa.Column("baseline_id", ID, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("importance", sa.Float(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["baseline.id"], name=op.f("fk_baseline_importance_baseline_id_baseline")
        ),
        sa.PrimaryKeyConstraint("baseline_id", "field", name=op.f("pk_baseline_importance")),
    )
