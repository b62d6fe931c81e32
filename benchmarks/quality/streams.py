"""A stream as the benchmark sees it: a trained model, its baseline, the rows that come after, what is known to change.

Frames have the features, ``prediction``, ``label``, of binary models ``score``, and ``timestamp`` where the file has
a clock. Numeric fields are float64; categorical fields are pandas categories, the same in every frame of a stream.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.quality.models import Model, permutation_importance, trained
from benchmarks.quality.sources import SOURCES, Change, FieldKind, Source, Task

NATURAL = "before any known change"


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """``importance`` is what each feature is worth on the baseline; ``changes`` count rows of ``watched``."""

    name: str
    task: Task
    kinds: Mapping[str, FieldKind]
    train: pd.DataFrame
    baseline: pd.DataFrame
    watched: pd.DataFrame
    sizes: tuple[int, ...]
    period: str | None
    changes: tuple[Change, ...]
    model: Model
    importance: Mapping[str, float]

    @property
    def output(self) -> str:
        """The column that holds the model's output: its score, or the prediction of a regression."""
        return "prediction" if self.task == "regression" else "score"

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows scored anew."""
        return self.model.scored(rows)

    def unchanged(self) -> pd.DataFrame:
        """Baseline and watched rows before the first known change, in order."""
        end = self.changes[0].row if self.changes else len(self.watched)
        return pd.concat([self.baseline, self.watched[:end]], ignore_index=True)


@dataclass(frozen=True, slots=True, eq=False)
class NaturalWindow:
    """Rows in their order, and the change that is in force (``NATURAL`` where there was none yet)."""

    rows: pd.DataFrame
    change: str


def data_folder() -> Path:
    """The folder of the streams; FileNotFoundError where there is none."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("MODELWATCH_TEST_DATA") or beside)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder of data streams at {folder}: set MODELWATCH_TEST_DATA")
    return folder


def source_named(name: str) -> Source:
    """ValueError where no stream has this name."""
    for source in SOURCES:
        if source.name == name:
            return source
    raise ValueError(f"stream {name!r} is not known: use {', '.join(source.name for source in SOURCES)}")


def load(source: Source, folder: Path) -> Stream:
    """Reads the file, trains the model and scores every row; the same numbers every time."""
    kinds: dict[str, FieldKind] = dict.fromkeys(source.numeric, "numeric")
    kinds |= dict.fromkeys(source.categorical, "categorical")
    frame = _frame(source, source.prepared(pd.read_csv(folder / source.file)))
    # With more threads than idle cores training such small models takes ten times as long.
    with threadpool_limits(1):
        model = trained(frame[: source.train_end], source.task, kinds, balanced=source.balanced)
        frame = model.scored(frame)
    parts = [
        frame[start:stop].reset_index(drop=True)
        for start, stop in (
            (0, source.train_end),
            (source.train_end, source.baseline_end),
            (source.baseline_end, len(frame)),
        )
    ]
    importance = permutation_importance(model, parts[1], np.random.default_rng(0))
    changes = tuple(
        Change(change.row - source.baseline_end, change.name, change.nature, change.control)
        for change in source.changes
    )
    train, baseline, watched = parts
    return Stream(
        source.name,
        source.task,
        kinds,
        train,
        baseline,
        watched,
        source.sizes,
        source.period,
        changes,
        model,
        importance,
    )


def _frame(source: Source, raw: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, object] = {name: raw[name].astype(np.float64) for name in source.numeric}
    for name in source.categorical:
        texts = raw[name].astype(object).where(raw[name].notna(), None)
        columns[name] = pd.Categorical([None if text is None else str(text) for text in texts])
    columns["label"] = source.label(raw)
    if source.timestamp is not None:
        columns["timestamp"] = pd.to_datetime(raw[source.timestamp])
    return pd.DataFrame(columns)


def natural_windows(stream: Stream) -> list[NaturalWindow]:
    """The watched rows in order, cut by the calendar or by number, anew at every change; short ends are left out."""
    starts = [0, *(change.row for change in stream.changes), len(stream.watched)]
    names = [NATURAL, *(change.name for change in stream.changes)]
    found: list[NaturalWindow] = []
    for name, start, stop in zip(names, starts, starts[1:], strict=False):
        pieces = _pieces(stream, stream.watched[start:stop])
        found.extend(NaturalWindow(rows.reset_index(drop=True), name) for rows in pieces)
    return found


def baseline_windows(stream: Stream) -> NDArray[np.int64]:
    """The window (int64[n], counted from 0) that each row of the baseline falls into, cut as the watched rows are.

    -1 for rows of short ends.
    """
    of_row = np.full(len(stream.baseline), -1, dtype=np.int64)
    for position, rows in enumerate(_pieces(stream, stream.baseline)):
        of_row[rows.index.to_numpy()] = position
    return of_row


def _pieces(stream: Stream, rows: pd.DataFrame) -> list[pd.DataFrame]:
    return _by_calendar(rows, stream.period) if stream.period else _by_number(rows, min(stream.sizes))


def _by_number(rows: pd.DataFrame, size: int) -> list[pd.DataFrame]:
    return [rows[start : start + size] for start in range(0, len(rows) - size + 1, size)]


def _by_calendar(rows: pd.DataFrame, period: str) -> list[pd.DataFrame]:
    # The first and the last piece may hold a part of their days.
    grouped = rows.groupby(pd.Grouper(key="timestamp", freq=period), sort=True)
    return [piece for _, piece in grouped if len(piece)][1:-1]
