"""Deploy markers: which version of a model went live when."""

from datetime import datetime

from sqlalchemy import Connection, select

from store.engine import insert_into
from store.records import Deploy
from store.schema import deploy


def add_deploy(conn: Connection, *, model_id: int, version: str, at: datetime, note: str = "") -> Deploy:
    """Mark a deploy. The same version at the same instant is the same deploy, which takes the newer note.

    Called inside ``store.engine.writing``.
    """
    values = {"model_id": model_id, "version": version, "at": at, "note": note}
    deploy_id = conn.execute(
        insert_into(conn, deploy)
        .values(values)
        .on_conflict_do_update(index_elements=["model_id", "version", "at"], set_={"note": note})
        .returning(deploy.c.id)
    ).scalar_one()
    return Deploy(id=deploy_id, model_id=model_id, version=version, at=at, note=note)


def deploys(
    conn: Connection, model_id: int, since: datetime | None = None, until: datetime | None = None
) -> list[Deploy]:
    """The deploys of a model in [since, until), in the order of their instants; None leaves that side open."""
    query = select(deploy).where(deploy.c.model_id == model_id).order_by(deploy.c.at, deploy.c.id)
    if since is not None:
        query = query.where(deploy.c.at >= since)
    if until is not None:
        query = query.where(deploy.c.at < until)
    return [Deploy(row.id, row.model_id, row.version, row.at, row.note) for row in conn.execute(query)]
