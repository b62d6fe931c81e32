"""What the detectors found: results and alerts, for other programs to read."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from collector.problems import RequestError
from collector.routes import READ, Call, collector_of, json_response
from collector.waiting import ask
from store.records import BAD, AlertState, Result, ResultKind, Status


@get("/v1/models/{model:str}/results", opt=READ)
async def get_results(
    model: FromPath[str],
    request: Call,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    kind: FromQuery[ResultKind | None] = None,
    bad: FromQuery[bool] = False,
    statuses: Annotated[list[Status] | None, QueryParameter(name="status")] = None,
    monitors: Annotated[list[str] | None, QueryParameter(name="monitor")] = None,
    fields: Annotated[list[str] | None, QueryParameter(name="field")] = None,
    limit: FromQuery[int | None] = None,
) -> Response[bytes]:
    """The latest results of windows that end in (since, until], oldest first.

    ``status``, ``monitor`` and ``field`` may be repeated; ``bad`` is short for the statuses warning and critical. Of
    more than ``limit`` (10,000 at most, unless set otherwise) those of the newest windows are given, and ``truncated``
    is true.
    """
    collector = collector_of(request)
    most = collector.limits.listed if limit is None else limit
    if not 1 <= most <= collector.limits.listed:
        raise RequestError(400, f"limit: must be between 1 and {collector.limits.listed:,}")
    _check_zone("since", since)
    _check_zone("until", until)
    if bad and statuses:
        raise RequestError(400, "bad: is short for status=warning&status=critical: give one of the two")
    known = await collector.catalog.model(model)
    found = await ask(
        collector.storage.results,
        known.name,
        since=since,
        until=until,
        kind=kind,
        statuses=BAD if bad else statuses,
        monitors=monitors,
        fields=fields,
        limit=most + 1,
    )
    shown = [_result(each) for each in found[-most:]]
    return json_response({"results": shown, "truncated": len(found) > most})


@get("/v1/alerts", opt=READ)
async def get_alerts(
    request: Call,
    model: FromQuery[str | None] = None,
    states: Annotated[list[AlertState] | None, QueryParameter(name="state")] = None,
) -> Response[bytes]:
    """Alerts of one model, or of all that this key may see; without ``state`` those that are not inactive."""
    collector, grant = collector_of(request), request.auth
    if model is not None:
        grant.demand_model(model)
        await collector.catalog.model(model)
    alerts = await ask(collector.storage.alerts, model, states or ["pending", "firing", "recovering"])
    return json_response({"alerts": [alert for alert in alerts if grant.covers(alert.model)]})


def _check_zone(name: str, instant: datetime | None) -> None:
    if instant is not None and instant.tzinfo is None:
        raise RequestError(400, f"{name}: has no time zone: append Z, or an offset with + written as %2B")


def _result(result: Result) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(result)
    return shown


READING_ROUTES = (get_results, get_alerts)
