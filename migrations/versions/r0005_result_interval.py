"""The interval of a result's value."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("result", sa.Column("interval_low", sa.Float(), nullable=True))
    op.add_column("result", sa.Column("interval_high", sa.Float(), nullable=True))
