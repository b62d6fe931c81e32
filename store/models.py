"""Models, their versions and fields: what was declared, and what has been seen.

Functions that write are called inside ``store.engine.writing``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from store.changes import channel_changes, model_changes, monitor_changes, new_model
from store.definitions import (
    DefinitionError,
    ModelDefinition,
    from_json,
    named_channels,
    named_monitors,
    to_json,
)
from store.engine import insert_into
from store.monitors import channels, disable_channel, monitors, save_channels, save_monitors
from store.records import Field, Model, ModelVersion
from store.schema import field, model, model_version

__all__ = [
    "Applied",
    "apply_definition",
    "channels",
    "disable_channel",
    "fields",
    "get_model",
    "list_models",
    "monitors",
    "plan_definition",
    "replace_fields",
    "version_id",
    "versions",
]


@dataclass(frozen=True, slots=True)
class Applied:
    """A model as it now is, and one line for each thing that changed; none when all was so already."""

    model: Model
    changes: tuple[str, ...]


def plan_definition(conn: Connection, definition: ModelDefinition) -> tuple[str, ...]:
    """The lines that ``apply_definition`` would return now; changes nothing.

    Raises DefinitionError where that would.
    """
    return _changes(conn, get_model(conn, definition.model), definition)


def apply_definition(conn: Connection, definition: ModelDefinition, now: datetime) -> Applied:
    """Make a model, its monitors and its channels what the definition says; missing ones are made.

    Monitors and channels are matched by name: a changed one keeps its id and how far it was planned, one that is
    no longer named becomes inactive. Raises DefinitionError when the task of a model that is there would change.
    """
    text = to_json(definition)
    created = conn.execute(
        insert_into(conn, model)
        .values(name=definition.model, definition=text, created_at=now, updated_at=now)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(model.c.id)
    ).scalar_one_or_none()
    # The row is locked, so that two that apply at once do so one after the other.
    known = _model(conn.execute(select(model).where(model.c.name == definition.model).with_for_update()).one())
    changes = _changes(conn, known if created is None else None, definition)
    if to_json(known.definition) != text:
        conn.execute(update(model).where(model.c.id == known.id).values(definition=text, updated_at=now))
    save_monitors(conn, known.id, definition)
    save_channels(conn, known.id, definition)
    return Applied(_model(conn.execute(select(model).where(model.c.id == known.id)).one()), changes)


def get_model(conn: Connection, name: str) -> Model | None:
    """The model of that name, if there is one."""
    row = conn.execute(select(model).where(model.c.name == name)).one_or_none()
    return None if row is None else _model(row)


def list_models(conn: Connection) -> list[Model]:
    """All models in the order of their names."""
    return [_model(row) for row in conn.execute(select(model).order_by(model.c.name))]


def version_id(conn: Connection, model_id: int, name: str, now: datetime) -> int:
    """The id of a model's version, which is made if it is not there; the same for all who ask at once."""
    query = select(model_version.c.id).where(model_version.c.model_id == model_id, model_version.c.name == name)
    found = conn.execute(query).scalar_one_or_none()
    if found is not None:
        return int(found)
    conn.execute(
        insert_into(conn, model_version)
        .values(model_id=model_id, name=name, created_at=now)
        .on_conflict_do_nothing(index_elements=["model_id", "name"])
    )
    return int(conn.execute(query).scalar_one())


def versions(conn: Connection, model_id: int) -> list[ModelVersion]:
    """The versions of a model in the order they were first seen."""
    query = select(model_version).where(model_version.c.model_id == model_id).order_by(model_version.c.id)
    return [ModelVersion(row.id, row.model_id, row.name, row.created_at) for row in conn.execute(query)]


def replace_fields(conn: Connection, model_id: int, new_fields: Sequence[Field]) -> None:
    """Set the fields of a model, in the order they are to be shown."""
    conn.execute(select(model.c.id).where(model.c.id == model_id).with_for_update())
    conn.execute(delete(field).where(field.c.model_id == model_id))
    if new_fields:
        conn.execute(
            insert(field),
            [
                {"model_id": model_id, "position": position, "name": new.name, "role": new.role, "kind": new.kind}
                for position, new in enumerate(new_fields)
            ],
        )


def fields(conn: Connection, model_id: int) -> list[Field]:
    """The fields of a model in the order they are shown; none before its first baseline."""
    query = select(field).where(field.c.model_id == model_id).order_by(field.c.position)
    return [Field(row.name, row.role, row.kind) for row in conn.execute(query)]


def _changes(conn: Connection, known: Model | None, definition: ModelDefinition) -> tuple[str, ...]:
    if known is None:
        return new_model(definition)
    if known.definition.task != definition.task:
        raise DefinitionError(
            f"task: model {definition.model} is {known.definition.task} and cannot become {definition.task}; "
            "give the new one another name"
        )
    if known.definition.grain != definition.grain:
        raise DefinitionError(
            f"grain: model {definition.model} is counted by {known.definition.grain} and cannot change to "
            f"{definition.grain}; give the new one another name"
        )
    now_monitors = {each.name: each.spec for each in monitors(conn, known.id)}
    now_channels = channels(conn, known.id)
    return (
        *model_changes(known.definition, definition),
        *monitor_changes(now_monitors, {str(spec.name): spec for spec in named_monitors(definition)}),
        *channel_changes(
            {each.name: each.spec for each in now_channels},
            {str(spec.name): spec for spec in named_channels(definition)},
            {each.name: each.disabled_reason for each in now_channels if each.disabled_reason is not None},
        ),
    )


def _model(row: Row[Any]) -> Model:
    return Model(row.id, row.name, from_json(row.definition), row.created_at, row.updated_at)
