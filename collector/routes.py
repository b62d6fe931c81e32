"""What every route shares: the collector behind it, and the key it was called with."""

from typing import Any

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler

from collector.access import EVERYTHING, Grant
from collector.problems import RequestError
from collector.service import Collector

Call = Request[Any, Grant, Any]

READ, WRITE, PUBLIC = {"scope": "read"}, {"scope": "write"}, {"public": True}


def collector_of(call: ASGIConnection[Any, Any, Any, Any]) -> Collector:
    """The collector that serves this call."""
    collector = call.app.state["collector"]
    assert isinstance(collector, Collector)
    return collector


async def check_key(call: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard before every route: a key in force, with the scope of the route, for the model in its path."""
    if handler.opt.get("public"):
        return
    gate = collector_of(call).gate
    grant = await gate.grant(call.headers.get("authorization")) if gate.keys_needed else EVERYTHING
    scope, model = handler.opt.get("scope"), call.path_params.get("model")
    if scope is not None:
        grant.demand(scope)
    if model is not None:
        grant.demand_model(model)
    call.scope["auth"] = grant


def answer_problem(_: Call, error: RequestError) -> Response[bytes]:
    """A refusal of ours as JSON."""
    return json_response(error.body(), error.status, error.headers)


def answer_http_error(_: Call, error: HTTPException) -> Response[bytes]:
    """A refusal of the framework, such as an unknown path or a parameter of the wrong type, in the same form."""
    flaws = [f"{flaw.get('key')}: {flaw.get('message')}" for flaw in error.extra or [] if isinstance(flaw, dict)]
    return json_response({"error": "; ".join(flaws) or error.detail}, error.status_code, error.headers or {})


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """Anything msgspec can encode as the body of an answer."""
    return Response(msgspec.json.encode(body), status_code=status, headers=headers, media_type="application/json")
