"""Companions: further sums of the rows of each (version, segment, hour), and what baselines leave behind for them.

What a payload holds is the writer's choice; each ``part`` has one form and one rule by which two of them add up.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from store.engine import insert_into
from store.records import Companion, ProfileKey
from store.schema import baseline_companion, profile_companion

# Companions that are in memory at once while they are added; one may hold some ten kilobytes.
_CHUNK = 1_000

Join = Callable[[str, bytes, bytes], bytes]


def add_companions(conn: Connection, binning_id: int, added: Sequence[Companion], join: Join) -> None:
    """Add to the companions of hours; ``join`` gives the payload of a part from the one that is there and the new one.

    Called inside ``store.engine.writing``, after ``merge_profiles`` has moved the watermarks over the rows in question
    in the same transaction: that is what makes each row count once.
    """
    ordered = sorted(added, key=lambda each: (each.part, each.key.start))
    for first in range(0, len(ordered), _CHUNK):
        _add_chunk(conn, binning_id, ordered[first : first + _CHUNK], join)


def read_companions(
    conn: Connection, binning_id: int, part: str, start: datetime, end: datetime, segment: str = ""
) -> list[Companion]:
    """The companions of a part and segment that begin in [start, end), ordered by start and then by version."""
    query = (
        select(profile_companion.c.version_id, profile_companion.c.start, profile_companion.c.payload)
        .where(
            profile_companion.c.binning_id == binning_id,
            profile_companion.c.part == part,
            profile_companion.c.start >= start,
            profile_companion.c.start < end,
            profile_companion.c.segment == segment,
        )
        .order_by(profile_companion.c.start, profile_companion.c.version_id)
    )
    return [
        Companion(ProfileKey(version_id, segment, began), part, payload)
        for version_id, began, payload in conn.execute(query)
    ]


def save_baseline_companions(conn: Connection, baseline_id: int, parts: Mapping[str, bytes], segment: str = "") -> None:
    """Keep the parts of a segment of a baseline; those that are there stay. Called inside ``store.engine.writing``."""
    rows = [
        {"baseline_id": baseline_id, "segment": segment, "part": part, "payload": payload}
        for part, payload in parts.items()
    ]
    if rows:
        conn.execute(insert_into(conn, baseline_companion).on_conflict_do_nothing(), rows)


def read_baseline_companion(conn: Connection, baseline_id: int, part: str, segment: str = "") -> bytes | None:
    """A part of a segment of a baseline; None where none was kept, as in releases that had no companions."""
    query = select(baseline_companion.c.payload).where(
        baseline_companion.c.baseline_id == baseline_id,
        baseline_companion.c.segment == segment,
        baseline_companion.c.part == part,
    )
    return conn.execute(query).scalar_one_or_none()


def _add_chunk(conn: Connection, binning_id: int, added: Sequence[Companion], join: Join) -> None:
    keys = [each.key for each in added]
    parts = {each.part for each in added}
    # All combinations of the keys' parts: a lookup that both databases do by index.
    query = select(profile_companion).where(
        profile_companion.c.binning_id == binning_id,
        profile_companion.c.part.in_(parts),
        profile_companion.c.start.in_({key.start for key in keys}),
        profile_companion.c.segment.in_({key.segment for key in keys}),
        profile_companion.c.version_id.in_({key.version_id for key in keys}),
    )
    found = {(row.part, ProfileKey(row.version_id, row.segment, row.start)): row.payload for row in conn.execute(query)}
    touched = dict.fromkeys((each.part, each.key) for each in added)
    for part, key, payload in ((each.part, each.key, each.payload) for each in added):
        before = found.get((part, key))
        found[part, key] = payload if before is None else join(part, before, payload)
    statement = insert_into(conn, profile_companion)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["binning_id", "part", "start", "segment", "version_id"],
            set_={"payload": statement.excluded.payload},
        ),
        [
            {
                "binning_id": binning_id,
                "part": part,
                "start": key.start,
                "segment": key.segment,
                "version_id": key.version_id,
                "payload": found[part, key],
            }
            for part, key in touched
        ],
    )
