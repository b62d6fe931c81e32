"""The log of predictions: what a model was asked and what it answered, each event once."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, Select, select

from store.append import Log, append
from store.records import LoggedPredictions, PredictionRow, WriteOutcome
from store.schema import prediction_log

_LOG: Log[PredictionRow] = Log(
    table=prediction_log,
    identity=("model_id", "prediction_id"),
    exact=("version_id", "ts"),
    json=("prediction", "score", "features", "tags"),
    noted=("received_at",),
)

# In the order of the fields of LoggedPredictions.
LOGGED_COLUMNS = (
    prediction_log.c.id,
    prediction_log.c.ts,
    prediction_log.c.version_id,
    prediction_log.c.prediction_id,
    prediction_log.c.prediction,
    prediction_log.c.score,
    prediction_log.c.features,
)


def write_predictions(engine: Engine, rows: Sequence[PredictionRow]) -> list[WriteOutcome]:
    """Append predictions, of any models, in one transaction; they are durable when it returns.

    An outcome a row, in order. A (model, prediction id) is kept once, the first time: the same version, instant,
    prediction, score, features and tags again are a duplicate (JSON texts are compared as values), anything else
    is a conflict. UnstorableTextError names a row whose text no database can hold. StoreError: the database refused
    the batch (a model or version that is not in the store is an error of the program) or was lost.
    """
    return append(engine, _LOG, rows)


def read_predictions(conn: Connection, model_id: int, after_id: int, to_id: int, limit: int) -> LoggedPredictions:
    """The model's rows with after_id < id <= to_id, in the order of ids, the first ``limit`` of them."""
    log = prediction_log.c
    return _read(
        conn,
        select(*LOGGED_COLUMNS)
        .where(log.model_id == model_id, log.id > after_id, log.id <= to_id)
        .order_by(log.id)
        .limit(limit),
    )


def read_predictions_between(
    conn: Connection, model_id: int, start_ts: int, end_ts: int, limit: int
) -> LoggedPredictions:
    """The model's rows with start_ts <= ts < end_ts, in the order of event time, the first ``limit`` of them."""
    log = prediction_log.c
    return _read(
        conn,
        select(*LOGGED_COLUMNS)
        .where(log.model_id == model_id, log.ts >= start_ts, log.ts < end_ts)
        .order_by(log.ts, log.id)
        .limit(limit),
    )


def logged_predictions(rows: Sequence[Sequence[object]]) -> LoggedPredictions:
    """Rows of LOGGED_COLUMNS turned into columns."""
    if not rows:
        return LoggedPredictions([], [], [], [], [], [], [])
    return LoggedPredictions(*map(list, zip(*rows, strict=True)))


def _read(conn: Connection, query: Select[tuple[int, int, int, str, str | None, str | None, str]]) -> LoggedPredictions:
    return logged_predictions(conn.execute(query).all())
