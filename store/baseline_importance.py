"""What each field is worth to a model, where it was measured on the rows of a baseline."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from store.schema import baseline_importance


def save_importance(conn: Connection, baseline_id: int, importance: Mapping[str, float], source: str) -> None:
    """Keep the importance of fields, from 0 to 1, in place of what was kept before; ``source`` says how it was found.

    Raises ValueError where one is outside 0 to 1. Called inside ``store.engine.writing``.
    """
    for field, value in importance.items():
        if not 0 <= value <= 1:
            raise ValueError(f"importance: that of field {field!r} is {value}: it must be from 0 to 1")
    conn.execute(delete(baseline_importance).where(baseline_importance.c.baseline_id == baseline_id))
    rows = [
        {"baseline_id": baseline_id, "field": field, "importance": value, "source": source}
        for field, value in importance.items()
    ]
    if rows:
        conn.execute(insert(baseline_importance), rows)


def read_importance(conn: Connection, baseline_id: int) -> dict[str, tuple[float, str]]:
    """The importance of each field of a baseline, and how it was found; empty where it was not measured."""
    query = select(baseline_importance.c.field, baseline_importance.c.importance, baseline_importance.c.source)
    rows = conn.execute(query.where(baseline_importance.c.baseline_id == baseline_id))
    return {row.field: (row.importance, row.source) for row in rows}
