"""Models: declaring them and listing them."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath

from collector.bodies import JSON_TYPE, Share, decode_body, read_body
from collector.openapi import ModelOperation
from collector.problems import RequestError
from collector.reasons import UNREADABLE
from collector.routes import READ, WRITE, Call, collector_of, json_response
from collector.waiting import ask
from store.definition_reading import definition_from
from store.definitions import DefinitionError, ModelDefinition
from store.records import Model, ModelVersion


class ModelSummary(msgspec.Struct, frozen=True):
    """A model as it is listed. ``versions`` are in the order in which they were first seen."""

    name: str
    task: str
    owner: str
    runbook: str
    time_zone: str
    versions: list[str]
    created_at: datetime
    updated_at: datetime


@put("/v1/models/{model:str}", status_code=200, opt=WRITE, operation_class=ModelOperation)
async def put_model(model: FromPath[str], request: Call) -> Response[bytes]:
    """Create or change a model: the model file as JSON. The answer lists what changed; nothing, when all was so."""
    collector = collector_of(request)
    limit = collector.limits.definition_bytes
    with Share(collector.in_flight) as share:
        body = await read_body(request, (JSON_TYPE,), limit, share)
        document = await decode_body(body, limit, share, _document)
    try:
        definition = _definition(document, model)
        applied = await ask(collector.storage.apply, definition, collector.clock())
    except DefinitionError as error:
        raise RequestError(422, str(error)) from None
    return json_response({"model": applied.model.name, "changes": applied.changes})


@get("/v1/models", opt=READ)
async def get_models(request: Call) -> Response[bytes]:
    """The models that this key may see, by name."""
    collector, grant = collector_of(request), request.auth
    models = await ask(collector.storage.models)
    return json_response(
        {"models": [_summary(model, versions) for model, versions in models if grant.covers(model.name)]}
    )


def _document(data: bytes) -> Any:
    if not data.strip():
        raise RequestError(400, "the body is empty: send the model file as one JSON object")
    try:
        return msgspec.json.decode(data)
    except UNREADABLE as error:
        raise RequestError(400, f"the body is not sound JSON: {error}") from None


def _definition(document: Any, name: str) -> ModelDefinition:
    if not isinstance(document, dict):
        raise DefinitionError('the model file must be one JSON object, like {"task": "binary"}')
    definition = definition_from({"model": name} | document)
    if definition.model != name:
        raise DefinitionError(f"model: the file says {definition.model!r}, the address {name[:128]!r}: they must agree")
    return definition


def _summary(model: Model, versions: list[ModelVersion]) -> ModelSummary:
    definition = model.definition
    return ModelSummary(
        name=model.name,
        task=definition.task,
        owner=definition.owner,
        runbook=definition.runbook,
        time_zone=definition.time_zone,
        versions=[version.name for version in versions],
        created_at=model.created_at,
        updated_at=model.updated_at,
    )


MODEL_ROUTES = (put_model, get_models)
