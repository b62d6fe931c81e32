"""What the thresholds of a baseline are calibrated with, and what came of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from store.engine import insert_into
from store.records import BaselineBlock, StoredCalibration
from store.schema import baseline_block, baseline_sample, calibration

# Blocks that are written in one statement; one may hold some ten kilobytes.
_CHUNK = 1_000


def save_blocks(conn: Connection, baseline_id: int, blocks: Mapping[str, Sequence[BaselineBlock]]) -> None:
    """Keep the blocks of each segment of a baseline in their order; those that are there already stay as they are.

    Called inside ``store.engine.writing``.
    """
    rows = [
        {"baseline_id": baseline_id, "segment": segment, "position": position, **block._asdict()}
        for segment, of_segment in blocks.items()
        for position, block in enumerate(of_segment)
    ]
    for first in range(0, len(rows), _CHUNK):
        conn.execute(insert_into(conn, baseline_block).on_conflict_do_nothing(), rows[first : first + _CHUNK])


def read_blocks(conn: Connection, baseline_id: int, segment: str = "", first: int = 0) -> list[BaselineBlock]:
    """The blocks of one segment of a baseline in their order, from the position ``first`` on; none for a baseline that
    was set without them."""
    query = (
        select(baseline_block.c.start, baseline_block.c.n_rows, baseline_block.c.fields)
        .where(baseline_block.c.baseline_id == baseline_id, baseline_block.c.segment == segment)
        .where(baseline_block.c.position >= first)
        .order_by(baseline_block.c.position)
    )
    return [BaselineBlock(*row) for row in conn.execute(query)]


def read_block_starts(conn: Connection, baseline_id: int, segment: str = "") -> list[datetime | None]:
    """Where each of these blocks begins; their sums, which may be large, are left alone."""
    query = (
        select(baseline_block.c.start)
        .where(baseline_block.c.baseline_id == baseline_id, baseline_block.c.segment == segment)
        .order_by(baseline_block.c.position)
    )
    return list(conn.scalars(query))


def save_samples(conn: Connection, baseline_id: int, samples: Mapping[str, bytes]) -> None:
    """Keep the sampled rows of each segment of a baseline. Called inside ``store.engine.writing``."""
    rows = [{"baseline_id": baseline_id, "segment": segment, "slots": slots} for segment, slots in samples.items()]
    if rows:
        conn.execute(insert_into(conn, baseline_sample).on_conflict_do_nothing(), rows)


def read_sample(conn: Connection, baseline_id: int, segment: str = "") -> bytes | None:
    """The sampled rows of one segment of a baseline; None where none were kept."""
    query = select(baseline_sample.c.slots).where(
        baseline_sample.c.baseline_id == baseline_id, baseline_sample.c.segment == segment
    )
    return conn.execute(query).scalar()


def save_calibration(
    conn: Connection, baseline_id: int, segment: str, subject: str, found: StoredCalibration, now: datetime
) -> None:
    """Keep a calibration; where somebody else was first theirs stays. Called inside ``store.engine.writing``."""
    values = {"baseline_id": baseline_id, "segment": segment, "subject": subject, **found._asdict(), "created_at": now}
    conn.execute(insert_into(conn, calibration).values(values).on_conflict_do_nothing())


def read_calibration(conn: Connection, baseline_id: int, segment: str, subject: str) -> StoredCalibration | None:
    """The calibration of a baseline for a subject; None where there is none yet."""
    query = select(calibration.c.seed, calibration.c.payload).where(
        calibration.c.baseline_id == baseline_id,
        calibration.c.segment == segment,
        calibration.c.subject == subject,
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else StoredCalibration(*row)


def calibration_made_at(conn: Connection, baseline_id: int, segment: str, subject: str) -> datetime | None:
    """When the calibration of a baseline for a subject was drawn; None where there is none yet."""
    query = select(calibration.c.created_at).where(
        calibration.c.baseline_id == baseline_id,
        calibration.c.segment == segment,
        calibration.c.subject == subject,
    )
    return conn.execute(query).scalar()
