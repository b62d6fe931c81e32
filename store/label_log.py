"""The log of labels: what turned out to be true. Append-only: a correction is a new row, and the latest counts."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine, func, select

from store.among import rows_among
from store.append import Log, append
from store.prediction_log import read_predictions_by_id
from store.records import LabelChanges, LabelRow, WriteOutcome
from store.schema import label_log, prediction_log

_LOG: Log[LabelRow] = Log(
    table=label_log,
    identity=("model_id", "prediction_id", "ts"),
    exact=("sampling_probability",),
    json=("label",),
    noted=("received_at",),
)


class _Label(NamedTuple):
    """A logged label; the greatest is the latest."""

    ts: int
    row_id: int
    text: str
    probability: float | None

    @property
    def content(self) -> tuple[str, float | None]:
        """What is counted of it."""
        return self.text, self.probability


_LABEL = (label_log.c.ts, label_log.c.id, label_log.c.label, label_log.c.sampling_probability)
_NO_LABEL = (None, None)


def write_labels(engine: Engine, rows: Sequence[LabelRow]) -> list[WriteOutcome]:
    """Append labels, of any models, in one transaction; they are durable when it returns.

    An outcome a row, in order. A (model, prediction id, instant) is kept once: the same label again is a duplicate
    (compared as a JSON value), another one, or one with another probability, a conflict. Raises as
    ``write_predictions`` does.
    """
    return append(engine, _LOG, rows)


def label_changes(
    conn: Connection,
    model_id: int,
    *,
    predictions_from: int,
    predictions_to: int,
    labels_from: int,
    labels_to: int,
) -> LabelChanges:
    """What the profiles of a model must add and take away when they move from one pair of watermarks to another.

    The label that counts for a prediction is, of those read so far, the one with the greatest (ts, id). Before the
    step predictions up to ``predictions_from`` and labels up to ``labels_from`` are read, after it those up to
    ``predictions_to`` and ``labels_to``. The rows are the predictions whose counted label, or its probability, differs,
    in the order of ids: taking the old and adding the new labels, step after step, always arrives at what counting
    everything afresh would give, whatever came first or late. ``orphans`` counts the labels of this step whose
    prediction is not read yet; they count as soon as it is.
    """
    # Both sides are read and joined here: a planner that misjudges one side of such a join in the database makes it
    # quadratic, and 100,000 late labels are an ordinary morning.
    step = _labels(conn, model_id, labels_from, labels_to)
    arrived = _prediction_ids(conn, model_id, predictions_from, predictions_to)
    known = _known_predictions(conn, model_id, step.keys() - arrived.keys(), min(predictions_from, predictions_to))
    earlier = _latest_among(conn, model_id, arrived.keys() | known.keys(), labels_from)
    old: dict[int, tuple[str | None, float | None]] = {}
    new: dict[int, tuple[str | None, float | None]] = {}
    for prediction_id, row_id in (*arrived.items(), *known.items()):
        before = earlier.get(prediction_id)
        after = max((label for label in (before, *step.get(prediction_id, ())) if label), default=None)
        counted = before.content if before and prediction_id in known else _NO_LABEL
        counts = after.content if after else _NO_LABEL
        if counted != counts:
            old[row_id], new[row_id] = counted, counts
    rows = read_predictions_by_id(conn, new.keys())
    return LabelChanges(
        rows=rows,
        old_labels=[old[row_id][0] for row_id in rows.ids],
        new_labels=[new[row_id][0] for row_id in rows.ids],
        old_probabilities=[old[row_id][1] for row_id in rows.ids],
        new_probabilities=[new[row_id][1] for row_id in rows.ids],
        orphans=sum(len(labels) for key, labels in step.items() if key not in arrived and key not in known),
    )


def count_orphans(conn: Connection, model_id: int) -> int:
    """How many labels of the model have no prediction in the log. It looks each label up: for a look now and then."""
    its_prediction = select(prediction_log.c.id).where(
        prediction_log.c.model_id == label_log.c.model_id,
        prediction_log.c.prediction_id == label_log.c.prediction_id,
    )
    query = (
        select(func.count()).select_from(label_log).where(label_log.c.model_id == model_id, ~its_prediction.exists())
    )
    return conn.execute(query).scalar_one()


def _labels(conn: Connection, model_id: int, after_id: int, to_id: int) -> dict[str, list[_Label]]:
    """The labels with after_id < id <= to_id, by prediction."""
    log = label_log.c
    query = select(log.prediction_id, *_LABEL).where(log.model_id == model_id, log.id > after_id, log.id <= to_id)
    found: dict[str, list[_Label]] = {}
    for prediction_id, *label in conn.execute(query).all():
        found.setdefault(prediction_id, []).append(_Label(*label))
    return found


def _prediction_ids(conn: Connection, model_id: int, after_id: int, to_id: int) -> dict[str, int]:
    """The row ids of the predictions with after_id < id <= to_id."""
    log = prediction_log.c
    query = select(log.prediction_id, log.id).where(log.model_id == model_id, log.id > after_id, log.id <= to_id)
    return dict(map(tuple, conn.execute(query).all()))


def _known_predictions(conn: Connection, model_id: int, keys: Collection[str], to_id: int) -> dict[str, int]:
    """The row ids of those of the named predictions that are among the rows up to ``to_id``."""
    log = prediction_log.c
    query = select(log.prediction_id, log.id).where(log.model_id == model_id)
    return {key: row_id for key, row_id in rows_among(conn, query, log.prediction_id, keys) if row_id <= to_id}


def _latest_among(conn: Connection, model_id: int, keys: Collection[str], to_id: int) -> dict[str, _Label]:
    """For each of the named predictions that has one, its latest label among the rows up to ``to_id``."""
    log = label_log.c
    query = select(log.prediction_id, *_LABEL).where(log.model_id == model_id)
    latest: dict[str, _Label] = {}
    if to_id <= 0:
        return latest
    for prediction_id, *columns in rows_among(conn, query, log.prediction_id, keys):
        label = _Label(*columns)
        if label.row_id <= to_id and (prediction_id not in latest or latest[prediction_id] < label):
            latest[prediction_id] = label
    return latest
