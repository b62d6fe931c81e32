"""A small model with rows that are known exactly: what the tests of the cycle play with."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from sqlalchemy import Engine

from detectors.stream_drift import METHOD as STREAM_DRIFT
from detectors.worst_segment import METHOD as WORST_SEGMENT
from modelwatch.baselines import set_baseline, typed_rows
from modelwatch.cycle import CycleSettings, CycleSummary, run
from store.baselines import active_baseline
from store.column_types import to_micros
from store.definition_reading import definition_from
from store.definitions import ModelDefinition
from store.engine import writing
from store.label_log import write_labels
from store.models import apply_definition, version_id
from store.prediction_log import write_predictions
from store.records import Baseline, LabelRow, Model, PredictionRow, Result
from store.results import results

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# With a limit of its own: how limits are calibrated is another matter than what becomes of a window.
# With its methods named it judges every field by itself, and no pairs.
METHODS = {"numeric": "ks", "categorical": "total_variation", "boolean": "total_variation"}
DRIFT: dict[str, Any] = {"kind": "drift", "window": "1h", "min_rows": 20, "threshold": 0.35, "method": METHODS}
PERFORMANCE: dict[str, Any] = {"kind": "performance", "window": "1h", "min_rows": 20, "metric": ["accuracy", "roc_auc"]}
QUALITY: dict[str, Any] = {"kind": "quality", "window": "1h"}


class Event(NamedTuple):
    """A prediction as a serving system would log it."""

    id: str
    at: datetime
    x: float | None
    region: str
    prediction: int
    score: float
    version: str = "1"


class Label(NamedTuple):
    """What turned out to be true of a prediction, when that was known, and by what chance it was asked for."""

    id: str
    at: datetime
    label: int
    probability: float | None = None


def hours(n: float) -> datetime:
    """The instant so many hours after the start."""
    return START + n * HOUR


def events(
    first: int, until: int, per_hour: int = 40, *, seed: int = 1, shift: float = 0.0, version: str = "1"
) -> list[Event]:
    """Rows of the hours [first, until), spread over each of them; ``shift`` moves ``x`` by so many deviations."""
    found = []
    for hour in range(first, until):
        rng = np.random.default_rng([seed, hour])
        for n in range(per_hour):
            x, score = float(rng.normal()) + shift, float(rng.uniform())
            region = "north" if rng.uniform() < 0.6 else "south"
            at = hours(hour + n / per_hour)
            found.append(Event(f"e{seed}-{hour}-{n}", at, x, region, int(score > 0.5), score, version))
    return found


def labels(of: Iterable[Event], *, after: timedelta = HOUR, wrong: float = 0.2, seed: int = 1) -> list[Label]:
    """A label for each event: the prediction, but for a share that is ``wrong``."""
    rng = np.random.default_rng(seed)
    return [
        Label(each.id, each.at + after, 1 - each.prediction if rng.uniform() < wrong else each.prediction)
        for each in of
    ]


def model_file(*monitors: dict[str, Any], **more: Any) -> ModelDefinition:
    """A definition of a binary model, by default with an hourly drift monitor."""
    document = {
        "model": "credit",
        "task": "binary",
        "prediction": {"labels": [0, 1], "positive": 1},
        "monitors": list(monitors) or [DRIFT],
        **more,
    }
    return definition_from(document)


@dataclass
class World:
    """A model in a store, and the wall clock of the test."""

    engine: Engine
    model: Model
    clock: datetime = START
    environment: dict[str, str] = field(default_factory=dict)

    def log(self, events: Iterable[Event]) -> None:
        rows = []
        with writing(self.engine) as conn:
            of_name: dict[str, int] = {}
            for each in events:
                if each.version not in of_name:
                    of_name[each.version] = version_id(conn, self.model.id, each.version, START)
                rows.append(self._row(each, of_name[each.version]))
        write_predictions(self.engine, rows)

    def log_labels(self, given: Iterable[Label]) -> None:
        write_labels(
            self.engine,
            [
                LabelRow(self.model.id, each.id, json.dumps(each.label), to_micros(each.at), 0, each.probability)
                for each in given
            ],
        )

    def cycle(self, now: datetime, *, errors: int = 0, clock: datetime | None = None) -> CycleSummary:
        """One round, in which the turns of so many models fail; wall time goes along with ``now`` unless given."""
        self.clock = clock or max(self.clock, now)
        summary = run(self.engine, now, CycleSettings(self.environment, clock=lambda: self.clock, jitter=lambda: 0.0))
        assert len(summary.errors) == errors, summary.errors
        return summary

    @property
    def baseline(self) -> Baseline:
        with self.engine.connect() as conn:
            found = active_baseline(conn, self.model.id)
        assert found is not None
        return found

    def results(self, **wanted: Any) -> list[Result]:
        """The latest results of the model whose attributes are as wanted, in the order of windows.

        Those about drift of a window as a whole, which say what its fields say together, are left to ``windows``, and
        those about the worst segment to ``worst``; but not those that say why a window could not be computed at all.
        """
        return [each for each in self._results(wanted, latest_only=True) if not _is_over_all(each)]

    def revisions(self, **wanted: Any) -> list[Result]:
        """The same, of all revisions."""
        return [each for each in self._results(wanted, latest_only=False) if not _is_over_all(each)]

    def windows(self, **wanted: Any) -> list[Result]:
        """The latest results about drift of a window as a whole."""
        return [each for each in self._results(wanted, latest_only=True) if _is_whole(each)]

    def worst(self, **wanted: Any) -> list[Result]:
        """The latest results about the worst segment of a window."""
        return [each for each in self._results(wanted, latest_only=True) if each.method == WORST_SEGMENT]

    def every_result(self) -> list[Result]:
        """All results of all revisions."""
        return self._results({}, latest_only=False)

    def _results(self, wanted: dict[str, Any], *, latest_only: bool) -> list[Result]:
        with self.engine.connect() as conn:
            found = results(conn, model=self.model.name, latest_only=latest_only)
        return [each for each in found if all(getattr(each, name) == value for name, value in wanted.items())]

    def _row(self, event: Event, version: int) -> PredictionRow:
        features = json.dumps({"x": event.x, "region": event.region})
        return PredictionRow(
            self.model.id,
            version,
            to_micros(event.at),
            0,
            event.id,
            json.dumps(event.prediction),
            json.dumps(event.score),
            features,
            None,
        )


def _is_over_all(result: Result) -> bool:
    return _is_whole(result) or result.method == WORST_SEGMENT


def _is_whole(result: Result) -> bool:
    return result.method == STREAM_DRIFT and result.status != "error"


def new_world(
    engine: Engine, definition: ModelDefinition, baseline: Sequence[Event] | None = None, **more: Any
) -> World:
    """The model of a definition in a store, with a labelled baseline of those events where they are given."""
    with writing(engine) as conn:
        model = apply_definition(conn, definition, START).model
    world = World(engine, model, **more)
    if baseline is not None:
        give_baseline(world, baseline)
    return world


def give_baseline(world: World, rows: Sequence[Event]) -> Baseline:
    """Make events, and labels for them, the baseline of the model, as of a file."""
    frame = pd.DataFrame(rows)
    of_rows = typed_rows(
        world.model.definition,
        frame[["x", "region"]],
        frame[["prediction", "score"]],
        [json.dumps(each.label) for each in labels(rows)],
    )
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()
    return set_baseline(
        world.engine, world.model, of_rows, version="1", origin="a file", content_hash=digest, now=START
    )


REFERENCE = events(0, 20, 50, seed=77)


def renamed(definition: ModelDefinition, name: str) -> ModelDefinition:
    """The same definition under another name."""
    return msgspec.structs.replace(definition, model=name)


def comparable(of: Iterable[Result]) -> list[Result]:
    """Results without what differs between two models, or two rounds, that saw the same rows."""
    return [replace(each, model="", id=None, baseline=None, computed_at=START) for each in of]
