"""Whether the process lives, and whether it can do its work."""

from litestar import Response, get

from collector.problems import BusyError
from collector.routes import PUBLIC, Call, collector_of, json_response
from collector.waiting import ask


@get("/healthz", opt=PUBLIC)
async def healthz() -> Response[bytes]:
    """The process answers; nothing is said about the store."""
    return json_response({"status": "ok"})


@get("/readyz", opt=PUBLIC)
async def readyz(request: Call) -> Response[bytes]:
    """Events can be taken: the store answers, its tables are those of this release, and the writer runs."""
    collector = collector_of(request)
    if not collector.commits.running:
        raise BusyError("the writer does not run: the collector is shutting down or must be restarted")
    state = await ask(collector.storage.schema_state)
    if state != "current":
        raise BusyError(f"the schema of the store is {state}: {_CURES[state]}")
    return json_response({"status": "ready"})


_CURES = {
    "empty": "run modelwatch migrate",
    "behind": "run modelwatch migrate",
    "ahead": "the store was made by a newer release: upgrade this collector",
}

HEALTH_ROUTES = (healthz, readyz)
