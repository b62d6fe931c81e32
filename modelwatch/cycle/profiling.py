"""New rows and labels of the logs into the profiles of their hours: each row once, exactly."""

from dataclasses import dataclass

from sqlalchemy import Engine

from modelwatch.companions import joined
from modelwatch.cycle.counting import Counting
from modelwatch.scheme import Scheme
from store.baselines import get_binning
from store.companions import add_companions
from store.engine import writing
from store.fences import fence
from store.label_log import label_changes
from store.prediction_log import read_predictions
from store.profiles import merge_profiles
from store.records import Baseline, Binning, LabelChanges, LoggedPredictions, Model
from store.runs import has_computed_runs, note_new_rows

BATCH_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Profiled:
    """What one round added to a model's profiles. ``orphans`` are labels that wait for their prediction."""

    n_rows: int = 0
    n_labels: int = 0
    orphans: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    """What lies between two pairs of watermarks."""

    binning: Binning
    after: tuple[int, int]
    rows: LoggedPredictions
    changes: LabelChanges

    @property
    def before(self) -> tuple[int, int]:
        return self.binning.predictions_to, self.binning.labels_to


def profile_model(engine: Engine, model: Model, baseline: Baseline) -> Profiled:
    """Count everything up to the fence, batch by batch.

    Nothing is counted twice when another process does the same at once: whoever moves the watermarks first has
    counted the batch, and the other reads on from there.
    """
    done = Profiled()
    goal = fence(engine)
    while batch := _read(engine, model, baseline, goal):
        if _count(engine, model, batch):
            done = Profiled(
                done.n_rows + len(batch.rows.ids),
                done.n_labels + len(batch.changes.rows.ids),
                done.orphans + batch.changes.orphans,
            )
    return done


def _read(engine: Engine, model: Model, baseline: Baseline, goal: tuple[int, int]) -> _Batch | None:
    """The next batch on the way to ``goal``; None when it is reached."""
    with engine.connect() as conn:
        binning = get_binning(conn, baseline.binning_id)
        predictions_from, labels_from = binning.predictions_to, binning.labels_to
        predictions_goal, labels_to = max(goal[0], predictions_from), max(goal[1], labels_from)
        if (predictions_goal, labels_to) == (predictions_from, labels_from):
            return None
        rows = read_predictions(conn, model.id, predictions_from, predictions_goal, BATCH_ROWS)
        predictions_to = rows.ids[-1] if len(rows.ids) == BATCH_ROWS else predictions_goal
        changes = label_changes(
            conn,
            model.id,
            predictions_from=predictions_from,
            predictions_to=predictions_to,
            labels_from=labels_from,
            labels_to=labels_to,
        )
    return _Batch(binning, (predictions_to, labels_to), rows, changes)


def _count(engine: Engine, model: Model, batch: _Batch) -> bool:
    """Add a batch to the profiles; False when somebody else has done so in the meantime."""
    counting = Counting(Scheme.from_bytes(batch.binning.payload), model.definition)
    added = counting.additions(batch.rows, batch.changes)
    arrivals = counting.arrivals(batch.rows, batch.changes)
    with writing(engine) as conn:
        merged = merge_profiles(
            conn, batch.binning.id, expected=batch.before, to=batch.after, deltas=added.profiles, merge=counting.merge
        )
        if merged:
            add_companions(conn, batch.binning.id, added.companions, joined)
        if merged and has_computed_runs(conn, model.id):
            for start, n_rows, n_labels in arrivals:
                note_new_rows(conn, model.id, start, n_rows, n_labels)
        return merged
