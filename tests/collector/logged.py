"""Looking into the logs behind a collector."""

from typing import Any

from sqlalchemy import Select, select

from store.engine import open_engine
from store.schema import label_log, model, model_version, prediction_log
from tests.collector.running import Running


def predictions(collector: Running) -> list[dict[str, Any]]:
    """The model's rows of the prediction log in the order they were written, each with its version's name."""
    query = (
        select(prediction_log, model_version.c.name.label("version"))
        .join_from(prediction_log, model_version, model_version.c.id == prediction_log.c.version_id)
        .join(model, model.c.id == prediction_log.c.model_id)
        .order_by(prediction_log.c.id)
    )
    return _rows(collector, query)


def labels(collector: Running) -> list[dict[str, Any]]:
    """The model's rows of the label log in the order they were written."""
    query = select(label_log).join(model, model.c.id == label_log.c.model_id).order_by(label_log.c.id)
    return _rows(collector, query)


def prediction_ids(collector: Running) -> list[str]:
    return [row["prediction_id"] for row in predictions(collector)]


def _rows(collector: Running, query: Select[Any]) -> list[dict[str, Any]]:
    engine = open_engine(collector.url)
    try:
        with engine.connect() as connection:
            found = connection.execute(query.where(model.c.name == collector.model))
            return [dict(row) for row in found.mappings()]
    finally:
        engine.dispose()
