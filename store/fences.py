"""How far the logs can be read without missing a row that is still being written.

PostgreSQL gives out ids before the rows that carry them are committed, so a row with a smaller id may appear after
one with a greater. Every writer of a log therefore shares an advisory lock until it commits; who holds it alone
knows that no row is on its way. SQLite has one writer at a time, so its rows appear in the order of their ids and
a plain read is enough.
"""

from typing import Any

from sqlalchemy import Connection, Engine, func, select, text

from store.schema import label_log, prediction_log

# The number of the advisory lock: any constant will do that no other program uses in this database.
_LOCK = 0x6D77_6C6F_6773
# While the fence waits for a writer that hangs, the writers behind it wait too; this bounds their wait.
_PATIENCE_SECONDS = 10

_IDS = select(
    select(func.coalesce(func.max(prediction_log.c.id), 0)).scalar_subquery(),
    select(func.coalesce(func.max(label_log.c.id), 0)).scalar_subquery(),
)


def fence(engine: Engine) -> tuple[int, int]:
    """The greatest id of the prediction log and of the label log such that no smaller one can still appear.

    0 for a log without rows. Where the newest rows were erased it may lie below an earlier fence; their ids are
    never given again, so nothing is counted twice. Raises sqlalchemy.exc.OperationalError when a writer on
    PostgreSQL keeps it waiting for ten seconds.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            _wait_for_writers(connection)
        predictions, labels = connection.execute(_IDS).one()
    return int(predictions), int(labels)


def announce_writer(cursor: Any) -> None:
    """Hold the fence off until the PostgreSQL transaction of this driver's cursor ends. Writers do not wait for each
    other. To be called before the first id is taken."""
    cursor.execute("SELECT pg_advisory_xact_lock_shared(%s::bigint)", (_LOCK,))


def _wait_for_writers(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE_SECONDS}s'"))
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
