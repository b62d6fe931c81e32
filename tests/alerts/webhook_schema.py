"""The schema that receivers are given, and a strict reading of it for our own bodies."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

DOCS = Path(__file__).parents[2] / "docs"


def schema() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCS / "webhook.schema.json").read_text(encoding="utf-8"))
    return document


def strict_validator() -> Draft202012Validator:
    """Refuses keys that the schema does not name, so that nothing is sent that is not documented."""
    document = schema()
    _close(document)
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def _close(node: Any) -> None:
    if isinstance(node, dict):
        if "properties" in node:
            node["additionalProperties"] = False
        for value in node.values():
            _close(value)
    elif isinstance(node, list):
        for value in node:
            _close(value)
