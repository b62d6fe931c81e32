"""What each window adds to evidence that grows over windows: written with the window's results, read as a history."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from store.engine import insert_into
from store.records import Evidence
from store.schema import window_evidence

# Evidence of more windows than this is not looked at: those of hours for some five months.
MAX_WINDOWS = 4_000


def save_evidence(conn: Connection, monitor_id: int, baseline_id: int, found: Sequence[Evidence]) -> None:
    """Keep what windows add; one that was computed again replaces what it added before.

    Called inside ``store.engine.writing``, in the transaction of the windows' results.
    """
    if not found:
        return
    statement = insert_into(conn, window_evidence)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["monitor_id", "baseline_id", "segment", "window_end"],
            set_={"payload": statement.excluded.payload},
        ),
        [{"monitor_id": monitor_id, "baseline_id": baseline_id, **each._asdict()} for each in found],
    )


def read_evidence(
    conn: Connection, monitor_id: int, baseline_id: int, segment: str, limit: int = MAX_WINDOWS
) -> list[Evidence]:
    """What the windows of a segment added, in their order; the last ``limit`` of them."""
    query = (
        select(window_evidence.c.segment, window_evidence.c.window_end, window_evidence.c.payload)
        .where(
            window_evidence.c.monitor_id == monitor_id,
            window_evidence.c.baseline_id == baseline_id,
            window_evidence.c.segment == segment,
        )
        .order_by(window_evidence.c.window_end.desc())
        .limit(limit)
    )
    return [Evidence(*row) for row in conn.execute(query)][::-1]
