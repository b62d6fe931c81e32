"""The log of predictions: what a model was asked and what it answered, each event once."""

from array import array
from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, Select, UnaryExpression, func, select

from store.among import rows_among
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

_IDS_AT_ONCE = 50_000

# In the order of the fields of LoggedPredictions.
_LOGGED_COLUMNS = (
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
        select(*_LOGGED_COLUMNS)
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
        select(*_LOGGED_COLUMNS)
        .where(log.model_id == model_id, log.ts >= start_ts, log.ts < end_ts)
        .order_by(log.ts, log.id)
        .limit(limit),
    )


def read_predictions_by_id(conn: Connection, ids: Collection[int]) -> LoggedPredictions:
    """The rows with these ids, in the order of ids."""
    rows = rows_among(conn, select(*_LOGGED_COLUMNS), prediction_log.c.id, ids)
    return _columns(sorted(rows, key=itemgetter(0)))


def ids_between(conn: Connection, model_id: int, start_ts: int, end_ts: int) -> "array[int]":
    """The ids of the model's rows with start_ts <= ts < end_ts, in the order of event time; eight bytes a row."""
    log = prediction_log.c
    query = (
        select(log.id)
        .where(log.model_id == model_id, log.ts >= start_ts, log.ts < end_ts)
        .order_by(log.ts, log.id)
        .execution_options(yield_per=_IDS_AT_ONCE)
    )
    return array("q", conn.execute(query).scalars())


def first_ts(conn: Connection, model_id: int) -> int | None:
    """The earliest event time of the model, in microseconds; None when there is no event."""
    return _first_in_order(conn, model_id, prediction_log.c.ts.asc())


def last_ts(conn: Connection, model_id: int) -> int | None:
    """The latest event time of the model, in microseconds; None when there is no event."""
    return _first_in_order(conn, model_id, prediction_log.c.ts.desc())


def last_received_at(conn: Connection, model_id: int) -> int | None:
    """When the newest row of the model came in, in microseconds; None when there is none."""
    log = prediction_log.c
    query = select(log.received_at).where(log.model_id == model_id).order_by(log.id.desc()).limit(1)
    return conn.execute(query).scalar_one_or_none()


def count_between(conn: Connection, model_id: int, start_ts: int, end_ts: int) -> int:
    """How many events of the model have start_ts <= ts < end_ts."""
    log = prediction_log.c
    query = select(func.count()).where(log.model_id == model_id, log.ts >= start_ts, log.ts < end_ts)
    return conn.execute(query).scalar_one()


def _first_in_order(conn: Connection, model_id: int, order: UnaryExpression[int]) -> int | None:
    log = prediction_log.c
    return conn.execute(select(log.ts).where(log.model_id == model_id).order_by(order).limit(1)).scalar_one_or_none()


def _read(conn: Connection, query: Select[Any]) -> LoggedPredictions:
    return _columns(conn.execute(query).all())


def _columns(rows: Sequence[tuple[Any, ...]]) -> LoggedPredictions:
    if not rows:
        return LoggedPredictions([], [], [], [], [], [], [])
    return LoggedPredictions(*map(list, zip(*rows, strict=True)))
