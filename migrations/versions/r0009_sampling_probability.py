"""The chance with which a label was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("label_log", sa.Column("sampling_probability", sa.Float(), nullable=True))
