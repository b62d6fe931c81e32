"""Some rows of each baseline, kept for the methods that compare rows with rows."""

from sqlalchemy import Connection, select

from store.engine import insert_into
from store.schema import baseline_rows


def save_baseline_rows(conn: Connection, baseline_id: int, n_rows: int, payload: bytes) -> None:
    """Keep ``n_rows`` rows of a baseline, as the bytes of the writer's choice; what is kept already stays.

    Raises ValueError when ``n_rows`` is not positive. Called inside ``store.engine.writing``.
    """
    if n_rows <= 0:
        raise ValueError(f"n_rows: a sample of a baseline has rows, not {n_rows}")
    kept = insert_into(conn, baseline_rows).values(baseline_id=baseline_id, n_rows=n_rows, payload=payload)
    conn.execute(kept.on_conflict_do_nothing(index_elements=["baseline_id"]))


def read_baseline_rows(conn: Connection, baseline_id: int) -> bytes | None:
    """The rows that were kept of a baseline; None when none were, as in releases that kept only sums."""
    query = select(baseline_rows.c.payload).where(baseline_rows.c.baseline_id == baseline_id)
    return conn.execute(query).scalar_one_or_none()
