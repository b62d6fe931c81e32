"""What all tables are made of: their metadata, and the columns and constraints that many have."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, MetaData

from store.column_types import BigId

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def row_id() -> Column[int]:
    """A number that the database gives each row."""
    return Column("id", BigId, primary_key=True, autoincrement=True)


def of_model() -> Column[int]:
    """The model that a row belongs to."""
    return Column("model_id", BigId, ForeignKey("model.id"), nullable=False)


def one_of(column: str, *values: str) -> CheckConstraint:
    """A column of text holds one of these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
