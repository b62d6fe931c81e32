"""Profiles: the sums of each (version, segment, hour), and the step that counts more of the logs into them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from store.engine import insert_into
from store.records import ProfileDelta, ProfileKey, RowCount, StoredProfile
from store.schema import binning, profile

# Profiles that are in memory at once while they are merged; one may hold some ten kilobytes.
_CHUNK = 1_000

Merge = Callable[[StoredProfile | None, ProfileDelta], StoredProfile]


def merge_profiles(
    conn: Connection,
    binning_id: int,
    *,
    expected: tuple[int, int],
    to: tuple[int, int],
    deltas: Sequence[ProfileDelta],
    merge: Merge,
) -> bool:
    """Count the log rows up to ``to`` into the profiles of a binning, exactly once.

    ``expected`` and ``to`` are pairs (predictions_to, labels_to): how far the binning must have been counted, and
    how far it is afterwards. ``merge`` gives the new profile of a key from the one that is there, if any, and what
    is added; deltas of one key are merged in the order given. Called inside ``store.engine.writing``.

    Returns False, with nothing changed, when somebody else has counted on in the meantime. Raises ValueError when
    ``to`` lies before ``expected``.
    """
    if to[0] < expected[0] or to[1] < expected[1]:
        raise ValueError(f"profiles cannot be counted back from {expected} to {to}")
    # First of all, for the row of the binning stays locked: those who merge at once do so one after the other.
    if not _advance(conn, binning_id, expected, to):
        return False
    ordered = sorted(deltas, key=lambda delta: delta.key.start)
    for first in range(0, len(ordered), _CHUNK):
        _merge_chunk(conn, binning_id, ordered[first : first + _CHUNK], merge)
    return True


def is_counted_to(conn: Connection, binning_id: int, watermarks: tuple[int, int]) -> bool:
    """Whether a binning is still counted as far as (predictions_to, labels_to), and no further.

    Waits for whoever is counting on at this moment. Nobody counts on until the transaction ends. Called inside
    ``store.engine.writing``, before runs are finished in it: those who count lock the binning first, too.
    """
    query = select(binning.c.predictions_to, binning.c.labels_to).where(binning.c.id == binning_id)
    return tuple(conn.execute(query.with_for_update(read=True)).one()) == watermarks


def read_profiles(
    conn: Connection, binning_id: int, start: datetime, end: datetime, segment: str = ""
) -> list[StoredProfile]:
    """The profiles of a segment that begin in [start, end), ordered by start and then by version."""
    query = (
        select(profile)
        .where(
            profile.c.binning_id == binning_id,
            profile.c.start >= start,
            profile.c.start < end,
            profile.c.segment == segment,
        )
        .order_by(profile.c.start, profile.c.version_id)
    )
    return [_stored(row) for row in conn.execute(query)]


def row_counts(
    conn: Connection,
    binning_id: int,
    segment: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[RowCount]:
    """Rows and labelled rows of a segment for each hour (or other grain) that was counted, all versions together.

    Only hours that begin in [since, until), as far as these are given.
    """
    query = (
        select(profile.c.start, func.sum(profile.c.n_rows), func.sum(profile.c.n_labelled))
        .where(profile.c.binning_id == binning_id, profile.c.segment == segment)
        .group_by(profile.c.start)
        .order_by(profile.c.start)
    )
    if since is not None:
        query = query.where(profile.c.start >= since)
    if until is not None:
        query = query.where(profile.c.start < until)
    return [RowCount(start, int(n_rows), int(n_labelled)) for start, n_rows, n_labelled in conn.execute(query)]


def _advance(conn: Connection, binning_id: int, expected: tuple[int, int], to: tuple[int, int]) -> bool:
    advanced = conn.execute(
        update(binning)
        .where(
            binning.c.id == binning_id,
            binning.c.predictions_to == expected[0],
            binning.c.labels_to == expected[1],
        )
        .values(predictions_to=to[0], labels_to=to[1])
    )
    return advanced.rowcount == 1


def _merge_chunk(conn: Connection, binning_id: int, deltas: Sequence[ProfileDelta], merge: Merge) -> None:
    merged = {stored.key: stored for stored in _profiles_around(conn, binning_id, [delta.key for delta in deltas])}
    touched = dict.fromkeys(delta.key for delta in deltas)
    for delta in deltas:
        merged[delta.key] = merge(merged.get(delta.key), delta)
    statement = insert_into(conn, profile)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["binning_id", "start", "segment", "version_id"],
            set_={name: statement.excluded[name] for name in ("n_rows", "n_labelled", "fields", "performance")},
        ),
        [_values(binning_id, merged[key]) for key in touched],
    )


def _profiles_around(conn: Connection, binning_id: int, keys: Sequence[ProfileKey]) -> Iterator[StoredProfile]:
    """The stored profiles of all combinations of the keys' parts: a lookup that both databases do by index.

    (SQLite searches a list of whole keys for every row of the binning instead.)
    """
    query = select(profile).where(
        profile.c.binning_id == binning_id,
        profile.c.start.in_({key.start for key in keys}),
        profile.c.segment.in_({key.segment for key in keys}),
        profile.c.version_id.in_({key.version_id for key in keys}),
    )
    return map(_stored, conn.execute(query))


def _stored(row: Row[Any]) -> StoredProfile:
    return StoredProfile(
        key=ProfileKey(version_id=row.version_id, segment=row.segment, start=row.start),
        n_rows=row.n_rows,
        n_labelled=row.n_labelled,
        fields=row.fields,
        performance=row.performance,
    )


def _values(binning_id: int, stored: StoredProfile) -> dict[str, object]:
    return {
        "binning_id": binning_id,
        "start": stored.key.start,
        "segment": stored.key.segment,
        "version_id": stored.key.version_id,
        "n_rows": stored.n_rows,
        "n_labelled": stored.n_labelled,
        "fields": stored.fields,
        "performance": stored.performance,
    }
