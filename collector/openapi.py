"""What OpenAPI cannot read from the handlers: the bodies, which they decode themselves."""

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Operation, SecurityScheme

from collector.bodies import JSON_TYPE, LINE_TYPES
from collector.deploys import DeployMarker
from collector.labels import LabelEvent
from collector.predictions import PredictionEvent
from store.definitions import ModelDefinition

_VALUE = {"type": ["number", "string", "boolean", "null"]}
_OBJECTS = {
    "features": {"type": "object", "additionalProperties": _VALUE},
    "tags": {"type": "object", "additionalProperties": _VALUE},
}


def openapi_config(version: str) -> OpenAPIConfig:
    """The description at /schema: one JSON document, nothing that a browser would have to fetch."""
    return OpenAPIConfig(
        title="modelwatch collector",
        version=version,
        summary="Predictions and labels in; models, results and alerts out.",
        path="/schema",
        use_handler_docstrings=True,
        render_plugins=[JsonRenderPlugin(path="/")],
        components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"key": []}, {}],
    )


@dataclass
class _WithBody(Operation):
    """An operation whose body is described here."""

    body: ClassVar[dict[str, Any]]

    def to_schema(self) -> dict[str, Any]:
        return {**super().to_schema(), "requestBody": {"required": True, "content": self.body}}


def _schema(form: type[Any]) -> dict[str, Any]:
    (schema,), parts = msgspec.json.schema_components([form], ref_template="{name}")
    inlined = _inlined(schema, parts)
    assert isinstance(inlined, dict)
    return inlined


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"]], parts)
    return {key: _inlined(value, parts) for key, value in schema.items()}


def _events(schema: dict[str, Any]) -> dict[str, Any]:
    one_or_more = {"oneOf": [schema, {"type": "array", "items": schema}]}
    return {JSON_TYPE: {"schema": one_or_more}} | {kind: {"schema": schema} for kind in LINE_TYPES}


def _prediction_schema() -> dict[str, Any]:
    schema = _schema(PredictionEvent)
    schema["properties"] = schema["properties"] | _OBJECTS
    return schema


class PredictionsOperation(_WithBody):
    """Posting predictions."""

    body = _events(_prediction_schema())


class LabelsOperation(_WithBody):
    """Posting labels."""

    body = _events(_schema(LabelEvent))


class ModelOperation(_WithBody):
    """Putting a model file."""

    body: ClassVar[dict[str, Any]] = {JSON_TYPE: {"schema": _schema(ModelDefinition)}}


class DeployOperation(_WithBody):
    """Posting a deploy marker."""

    body: ClassVar[dict[str, Any]] = {JSON_TYPE: {"schema": _schema(DeployMarker)}}
