"""Reading a model file from disk."""

from pathlib import Path

import yaml

from store.definition_reading import definition_from
from store.definitions import DefinitionError, ModelDefinition

MAX_BYTES = 1_000_000


def read_model_file(path: Path) -> ModelDefinition:
    """The definition in a YAML (or JSON) file.

    Raises DefinitionError, naming the file and the line or key, when it cannot be read or applied.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise DefinitionError(f"{path} is larger than {MAX_BYTES:,} bytes, the limit for a model file")
    try:
        document = yaml.safe_load(data)
    except (yaml.YAMLError, RecursionError) as error:
        raise DefinitionError(f"{path} is not valid YAML: {_cause(error)}") from error
    if not isinstance(document, dict):
        raise DefinitionError(f"{path} holds no model: write keys and values, beginning with model: and task:")
    try:
        return definition_from(document)
    except DefinitionError as error:
        raise DefinitionError(f"{path}: {error}") from error


def _cause(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or (str(error).splitlines() or ["nested too deeply"])[0]
    return problem if mark is None else f"line {mark.line + 1}: {problem}"
