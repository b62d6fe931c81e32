"""Baselines: what windows are compared with, and the bins they are counted in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from store.engine import insert_into
from store.records import Baseline, Binning, ProfileSums
from store.schema import baseline, binning, model
from store.schema import baseline_profile as profile_table

Sums = tuple[int, int, bytes, bytes]


def add_baseline(
    conn: Connection,
    *,
    model_id: int,
    version: str,
    binning_hash: str,
    binning_payload: bytes,
    content_hash: str,
    origin: str,
    n_rows: int,
    start: datetime | None,
    end: datetime | None,
    profiles: Mapping[str, Sums],
    now: datetime,
) -> Baseline:
    """Put a baseline in force for a model; the one before it stays for lineage.

    ``profiles`` gives for each segment (``""``: the whole stream) its rows, its labelled rows and its two
    serialised sums. Bins that the model has had before keep their id and what was counted in them; the same content
    in the same bins is the same baseline, which comes into force again. ``start`` and ``end`` are the first and
    last instants of the rows, where they have any. Called inside ``store.engine.writing``.

    Raises ValueError when ``profiles`` lacks the whole stream or ``n_rows`` is not positive.
    """
    if "" not in profiles:
        raise ValueError("profiles: a baseline needs the sums of the whole stream, under the segment ''")
    if n_rows <= 0:
        raise ValueError(f"n_rows: a baseline needs rows, not {n_rows}")
    # Two baselines that come at once for one model are taken one after the other.
    conn.execute(select(model.c.id).where(model.c.id == model_id).with_for_update())
    identity = {
        "model_id": model_id,
        "binning_id": _binning_id(conn, model_id, binning_hash, binning_payload, now),
        "content_hash": content_hash,
    }
    baseline_id = conn.execute(select(baseline.c.id).filter_by(**identity)).scalar()
    if baseline_id is None:
        about = {"version": version, "origin": origin, "n_rows": n_rows, "start": start, "end": end, "created_at": now}
        added = conn.execute(insert(baseline).values(**identity, **about, active=False).returning(baseline.c.id))
        baseline_id = added.scalar_one()
    _save_profiles(conn, baseline_id, profiles)
    conn.execute(update(baseline).where(baseline.c.model_id == model_id, baseline.c.active).values(active=False))
    conn.execute(update(baseline).where(baseline.c.id == baseline_id).values(active=True))
    return _baseline(conn.execute(select(baseline).where(baseline.c.id == baseline_id)).one())


def active_baseline(conn: Connection, model_id: int) -> Baseline | None:
    """The baseline in force for a model, if it has one."""
    row = conn.execute(select(baseline).where(baseline.c.model_id == model_id, baseline.c.active)).one_or_none()
    return None if row is None else _baseline(row)


def baselines(conn: Connection, model_id: int) -> list[Baseline]:
    """All baselines that a model has had, the oldest first."""
    query = select(baseline).where(baseline.c.model_id == model_id).order_by(baseline.c.id)
    return [_baseline(row) for row in conn.execute(query)]


def get_binning(conn: Connection, binning_id: int) -> Binning:
    """The bins with that id, and how far the logs have been counted in them."""
    row = conn.execute(select(binning).where(binning.c.id == binning_id)).one()
    return Binning(row.id, row.model_id, row.content_hash, row.payload, row.predictions_to, row.labels_to)


def baseline_profile(conn: Connection, baseline_id: int, segment: str = "") -> ProfileSums | None:
    """The sums of one segment of a baseline; None when no row of the baseline was in it."""
    row = conn.execute(
        select(profile_table).where(profile_table.c.baseline_id == baseline_id, profile_table.c.segment == segment)
    ).one_or_none()
    return None if row is None else ProfileSums(row.n_rows, row.n_labelled, row.fields, row.performance)


def _binning_id(conn: Connection, model_id: int, content_hash: str, payload: bytes, now: datetime) -> int:
    conn.execute(
        insert_into(conn, binning)
        .values(model_id=model_id, content_hash=content_hash, payload=payload, created_at=now)
        .on_conflict_do_nothing(index_elements=["model_id", "content_hash"])
    )
    query = select(binning.c.id).where(binning.c.model_id == model_id, binning.c.content_hash == content_hash)
    return int(conn.execute(query).scalar_one())


def _save_profiles(conn: Connection, baseline_id: int, profiles: Mapping[str, Sums]) -> None:
    """Keep the sums of segments that the baseline has none for; of the others, the same sums are there already."""
    rows = [
        {"baseline_id": baseline_id, "segment": segment, **ProfileSums(*sums)._asdict()}
        for segment, sums in profiles.items()
    ]
    conn.execute(insert_into(conn, profile_table).on_conflict_do_nothing(), rows)


def _baseline(row: Row[Any]) -> Baseline:
    return Baseline(
        id=row.id,
        model_id=row.model_id,
        version=row.version,
        binning_id=row.binning_id,
        content_hash=row.content_hash,
        origin=row.origin,
        n_rows=row.n_rows,
        start=row.start,
        end=row.end,
        created_at=row.created_at,
        active=row.active,
    )
