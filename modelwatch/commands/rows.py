"""Rows of files into the logs."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from modelwatch.commands.definitions import DataFile, Model, Version
from modelwatch.commands.session import model_named, now, open_store, put, say, settings

if TYPE_CHECKING:
    from modelwatch.ingestion import Ingested

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_TOLD = 5


def ingest(model: Model, file: DataFile, version: Version = None, as_json: Json = False) -> None:
    """Log the predictions in a file.

    The same file twice counts once.
    """
    from modelwatch.ingestion import ingest as log_rows
    from modelwatch.tabular import TO_INGEST, mapping_of, read_rows
    from store.models import fields

    found_settings = settings()
    with open_store(found_settings) as engine:
        with engine.connect() as conn:
            found = model_named(conn, model)
            known = {field.name: field.kind for field in fields(conn, found.id)}
        rows = read_rows(file, mapping_of(found.definition, known), TO_INGEST)
        limits = found_settings.collector().limits
        done = log_rows(engine, found, rows, version=version, now=now(), limits=limits)
    for notice in rows.notices:
        say(notice)
    _tell("predictions", done, as_json)
    if rows.labels is not None and any(label is not None for label in rows.labels):
        say(f"the file also holds labels: log them with modelwatch labels {model} {file}")


def labels(model: Model, file: DataFile, as_json: Json = False) -> None:
    """Log the labels in a file.

    A label without a timestamp counts as known now.
    """
    from modelwatch.ingestion import add_labels
    from modelwatch.tabular import mapping_of, read_labels

    found_settings = settings()
    with open_store(found_settings) as engine:
        with engine.connect() as conn:
            found = model_named(conn, model)
        rows = read_labels(file, mapping_of(found.definition))
        done = add_labels(engine, found, rows, now=now(), limits=found_settings.collector().limits)
    _tell("labels", done, as_json)


def _tell(what: str, done: "Ingested", as_json: bool) -> None:
    if as_json:
        put(json.dumps(asdict(done)))
        return
    put(f"{what}: {done.accepted:,} accepted, {done.duplicates:,} duplicates, {done.rejected_total:,} rejected")
    if done.unlabelled:
        say(f"{done.unlabelled:,} rows have no label")
    for each in done.rejected[:_TOLD]:
        say(f"row {each['index'] + 1}: {each['field']} {each['error']}")
    if done.rejected_total > _TOLD:
        say(f"and {done.rejected_total - _TOLD:,} more rows")
