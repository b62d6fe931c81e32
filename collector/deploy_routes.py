"""Deploy markers: telling the monitor that another version went live."""

from datetime import UTC
from typing import Any

from litestar import Response, get, post
from litestar.params import FromQuery

from collector.bodies import JSON_TYPE, Share, decode_body, read_body
from collector.deploys import read_marker
from collector.openapi import DeployOperation
from collector.routes import READ, WRITE, Call, collector_of, json_response
from collector.waiting import ask
from store.records import Deploy


@post("/v1/deploys", status_code=201, opt=WRITE, operation_class=DeployOperation)
async def post_deploy(request: Call) -> Response[bytes]:
    """Mark that a version of a model went live. The same version at the same instant is one marker."""
    collector = collector_of(request)
    limits = collector.limits
    with Share(collector.in_flight) as share:
        body = await read_body(request, (JSON_TYPE,), limits.definition_bytes, share)
        marker = await decode_body(body, limits.definition_bytes, share, lambda data: read_marker(data, limits))
    request.auth.demand_model(marker.model)
    model = await collector.catalog.model(marker.model)
    at = (marker.at or collector.clock()).astimezone(UTC)
    deploy = await ask(collector.storage.add_deploy, model.id, marker.version, at, marker.note)
    return json_response(_shown(model.name, deploy), 201)


@get("/v1/deploys", opt=READ)
async def get_deploys(request: Call, model: FromQuery[str | None] = None) -> Response[bytes]:
    """The deploys of one model, or of all that this key may see: the newest of them, oldest first."""
    collector, grant = collector_of(request), request.auth
    if model is not None:
        grant.demand_model(model)
        await collector.catalog.model(model)
    deploys = await ask(collector.storage.deploys, model)
    shown = [_shown(name, deploy) for name, deploy in deploys if grant.covers(name)]
    return json_response({"deploys": shown[-collector.limits.listed :]})


def _shown(model: str, deploy: Deploy) -> dict[str, Any]:
    return {"model": model, "version": deploy.version, "at": deploy.at, "note": deploy.note}


DEPLOY_ROUTES = (post_deploy, get_deploys)
