"""What is to be monitored: the tables of the store, model files, baselines."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelwatch.commands.session import model_named, now, open_store, put, say, settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from store.definitions import ModelDefinition

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The name of the model.", show_default=False)]
DataFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="csv, csv.gz, jsonl, jsonl.gz or parquet.", show_default=False)
]
Version = Annotated[
    str | None,
    typer.Option("--version", help="The version of the model; by default the newest, or 1.", show_default=False),
]


def migrate() -> None:
    """Bring the tables of the store up to date."""
    from store.engine import migrate as bring_up_to_date
    from store.engine import open_engine, schema_state

    engine = open_engine(settings().store_url)
    try:
        before = schema_state(engine)
        bring_up_to_date(engine)
    finally:
        engine.dispose()
    say("the tables are up to date" if before == "current" else f"the tables were {before} and are up to date now")


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The model file (YAML).", show_default=False)],
    plan: Annotated[bool, typer.Option("--plan", help="Show what would change, and change nothing.")] = False,
) -> None:
    """Make a model what its model file says.

    Monitors and channels are matched by name; those that are no longer there go out of force.
    """
    from modelwatch.model_file import read_model_file
    from store.engine import writing
    from store.models import apply_definition, plan_definition

    definition = read_model_file(file)
    with open_store(settings()) as engine:
        if plan:
            with engine.connect() as conn:
                changes = plan_definition(conn, definition)
        else:
            with writing(engine) as conn:
                changes = apply_definition(conn, definition, now()).changes
        with engine.connect() as conn:
            notices = _segment_notices(conn, definition)
    for line in changes:
        put(line)
    for notice in notices:
        say(notice)
    if not changes:
        say(f"model {definition.model}: nothing changes" if plan else f"model {definition.model} was so already")


def _segment_notices(conn: "Connection", definition: "ModelDefinition") -> list[str]:
    """Which segments of the model file the baseline in force, if any, cannot serve."""
    from modelwatch.scheme import Scheme
    from modelwatch.segments import segment_notices
    from store.baselines import active_baseline, get_binning
    from store.models import get_model

    found = get_model(conn, definition.model)
    made = None if found is None else active_baseline(conn, found.id)
    return (
        []
        if made is None
        else segment_notices(Scheme.from_bytes(get_binning(conn, made.binning_id).payload), definition)
    )


Predict = Annotated[
    str | None,
    typer.Option(
        "--predict",
        metavar="MODULE:FUNCTION",
        help="Measure how much each feature matters: a function of a pandas DataFrame of features, a value a row.",
        show_default=False,
    ),
]


def baseline(model: Model, file: DataFile, version: Version = None, predict: Predict = None) -> None:
    """Make the rows of a file the baseline.

    Windows of the model are compared with them from now on.
    """
    from modelwatch.baselines import BaselineRows, set_baseline
    from modelwatch.field_worth import measure_importance
    from modelwatch.ingestion import newest_version
    from modelwatch.predict_function import load_predict
    from modelwatch.scheme import Scheme
    from modelwatch.segments import segment_notices
    from modelwatch.tabular import TO_COMPARE, mapping_of, read_rows
    from store.baselines import get_binning
    from store.engine import writing
    from store.models import version_id

    with open_store(settings()) as engine:
        with engine.connect() as conn:
            found = model_named(conn, model)
        function = load_predict(predict, Path.cwd()) if predict else None
        rows = read_rows(file, mapping_of(found.definition), TO_COMPARE)
        start, end = rows.span or (None, None)
        name = version or newest_version(engine, found)
        made = set_baseline(
            engine,
            found,
            BaselineRows(rows.frame, rows.kinds, rows.label_texts(), start, end, rows.stamps, rows.left_out),
            version=name,
            origin=f"file {file.name}",
            content_hash=rows.content_hash,
            now=now(),
        )
        with writing(engine) as conn:
            version_id(conn, found.id, name, now())
            scheme = Scheme.from_bytes(get_binning(conn, made.binning_id).payload)
        for notice in [*rows.notices, *segment_notices(scheme, found.definition)]:
            say(notice)
        if rows.labels is None:
            say("the file has no labels: performance will be compared with fixed limits only")
        say(f"baseline {made.id} of model {model}: {len(rows):,} rows, {len(rows.kinds)} fields, version {name}")
        if function is not None:
            for line in measure_importance(engine, made, rows, function):
                say(line)
