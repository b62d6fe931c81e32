"""A file's rows as a model sees them: fields, ids, instants, versions and labels, by the names in its model file."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from modelwatch.cells import Typed, loosely_typed, typed
from modelwatch.columns import plain_values
from modelwatch.fields import PREDICTION, SCORE, field_name, score_field
from modelwatch.file_reading import RawTable, TabularError, read_file
from modelwatch.instants import NO_INSTANT, micros_of
from modelwatch.values import canonical
from store.column_types import from_micros
from store.definitions import ColumnsSpec, FieldKind, ModelDefinition, Task

__all__ = ["FileRows", "LabelRows", "Mapped", "TabularError", "mapping_of", "read_labels", "read_rows"]

Role = Literal["prediction_id", "timestamp", "prediction", "score", "label", "sampling_probability", "version"]
# The columns that a file must have where the model file names them.
TO_INGEST: tuple[Role, ...] = ("prediction_id", "timestamp", "prediction", "score", "version")
TO_COMPARE: tuple[Role, ...] = ("prediction", "score")
_DEFAULT = ColumnsSpec()


@dataclass(frozen=True, slots=True)
class Mapped:
    """How a file is read: the names of its columns, the kinds of fields by field name, and the clocks' zone.

    ``kinds`` that are declared for the model stand before those the cells suggest; a ``must`` is the part of them
    that the file has to have. Without a ``task`` the prediction is a field like any other.
    """

    columns: ColumnsSpec = _DEFAULT
    kinds: Mapping[str, FieldKind] = field(default_factory=dict)
    must: frozenset[str] = frozenset()
    task: Task | None = None
    classes: tuple[str, ...] = ()
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, eq=False)
class FileRows:
    """The rows of a file. ``frame`` has a column for every field, by field name, and ``kinds`` its kind.

    ``features`` names the feature of each field that is one. ``ids`` are texts, None where a row has none.
    ``stamps`` are microseconds since 1970 (NO_INSTANT where there is none), None when the file has no instants.
    ``versions`` and ``labels`` are plain values a row, None when the file has no such column. ``left_out`` are the
    columns of features that are no fields, ``notices`` sentences for the user about them.
    """

    path: Path
    frame: pd.DataFrame
    kinds: dict[str, FieldKind]
    features: dict[str, str]
    ids: list[str | None]
    stamps: NDArray[np.int64] | None
    versions: list[object] | None
    labels: list[object] | None
    content_hash: str
    left_out: tuple[str, ...]
    notices: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last instant of the rows."""
        if self.stamps is None or not (there := self.stamps[self.stamps != NO_INSTANT]).size:
            return None
        return from_micros(int(there.min())), from_micros(int(there.max()))

    def label_texts(self) -> list[str | None]:
        """The labels as JSON texts, None where there is none."""
        if self.labels is None:
            return [None] * len(self)
        return [None if label is None else msgspec.json.encode(label).decode() for label in self.labels]


@dataclass(frozen=True, slots=True, eq=False)
class LabelRows:
    """Ids, instants and labels of a file, as in ``FileRows``.

    ``probabilities`` are the values a row of the chance to be asked for its label, None when the file has none.
    """

    ids: list[str | None]
    stamps: NDArray[np.int64] | None
    labels: list[object]
    probabilities: list[object] | None

    def __len__(self) -> int:
        return len(self.labels)


def mapping_of(definition: ModelDefinition, known: Mapping[str, FieldKind] | None = None) -> Mapped:
    """How files of a model are read; ``known`` are the kinds of its fields, where it has a baseline."""
    declared = {field_name(name): spec.kind for name, spec in definition.fields.items()}
    labels = definition.prediction.labels or ()
    return Mapped(
        definition.columns,
        {**(known or {}), **declared},
        frozenset(declared),
        definition.task,
        tuple(map(canonical, labels)),
        definition.time_zone,
    )


def read_rows(path: Path, mapped: Mapped, needed: Collection[Role] = ()) -> FileRows:
    """The rows of a file. Raises TabularError, naming what is wrong and what to change.

    A column that the model file names for one of the ``needed`` roles must be there, and one of instants anyhow;
    for the other roles it may be absent.
    """
    return _Reading(read_file(path), mapped, needed).rows()


def read_labels(path: Path, mapped: Mapped) -> LabelRows:
    """The labels of a file, which need hold nothing else but ids. Raises TabularError."""
    return _Reading(read_file(path), mapped, ("prediction_id", "label", "sampling_probability")).labels()


class _Reading:
    """One file on its way to rows."""

    def __init__(self, table: RawTable, mapped: Mapped, needed: Collection[Role]) -> None:
        self._table = table
        self._mapped = mapped
        self._needed = needed
        self._left = {str(name): cells for name, cells in table.frame.items()}
        self._fields: dict[str, pd.Series[Any]] = {}
        self._kinds: dict[str, FieldKind] = {}
        self._left_out: list[str] = []
        self._notices: list[str] = []

    def rows(self) -> FileRows:
        columns = self._mapped.columns
        self._left_out += [name for name in columns.ignore if self._left.pop(name, None) is not None]
        ids, stamps = self._ids(self._take("prediction_id")), self._stamps(self._take("timestamp"))
        versions, label = self._take("version"), self._take("label")
        labels = None if label is None else plain_values(self._output(label))
        if self._take("sampling_probability") is not None:
            self._notices.append(f"column {columns.sampling_probability!r} belongs to files of labels and was left out")
        prediction, scores = self._take("prediction"), self._take_scores()
        features = self._features()
        if prediction is not None:
            self._add_prediction(prediction)
        for name, score in scores.items():
            self._add(name, typed(score, "numeric", self._table.texts))
        self._check_declared()
        return FileRows(
            self._table.path,
            pd.DataFrame(self._fields, index=self._table.frame.index),
            self._kinds,
            features,
            ids,
            stamps,
            None if versions is None else plain_values(versions),
            labels,
            self._table.content_hash,
            tuple(map(field_name, self._left_out)),
            tuple(self._notices),
        )

    def labels(self) -> LabelRows:
        label = self._take("label")
        if label is None:
            raise self._no_column(self._mapped.columns.label, "columns.label")
        chances = self._take("sampling_probability")
        return LabelRows(
            self._ids(self._take("prediction_id")),
            self._stamps(self._take("timestamp")),
            plain_values(self._output(label)),
            None if chances is None else plain_values(typed(chances, "numeric", self._table.texts).cells),
        )

    def _take(self, role: Role) -> "pd.Series[Any] | None":
        """The column of a role, None where there is none."""
        name = getattr(self._mapped.columns, role)
        found = self._left.pop(name, None)
        if found is None and role in self._needed and (name != getattr(_DEFAULT, role) or role == "timestamp"):
            raise self._no_column(name, f"columns.{role}")
        return found

    def _take_scores(self) -> dict[str, "pd.Series[Any]"]:
        score = self._mapped.columns.score
        if isinstance(score, str):
            found = self._take("score")
            return {} if found is None else {SCORE: found}
        found_scores = {}
        for label, name in score.items():
            if name not in self._left:
                if "score" in self._needed:
                    raise self._no_column(name, f"columns.score.{label}")
                continue
            found_scores[score_field(label)] = self._left.pop(name)
        return found_scores

    def _features(self) -> dict[str, str]:
        features: dict[str, str] = {}
        for feature, cells in self._left.items():
            name = field_name(feature)
            if not feature:
                self._notices.append("a column without a name was left out")
            elif self._add(name, typed(cells, self._mapped.kinds.get(name), self._table.texts)):
                features[name] = feature
            else:
                self._left_out.append(feature)
        return features

    def _add_prediction(self, cells: "pd.Series[Any]") -> None:
        if self._mapped.task in ("binary", "multiclass"):
            self._fields[PREDICTION], self._kinds[PREDICTION] = self._output(cells), "categorical"
        else:
            kind: FieldKind | None = "numeric" if self._mapped.task == "regression" else None
            self._add(PREDICTION, typed(cells, kind or self._mapped.kinds.get(PREDICTION), self._table.texts))

    def _output(self, cells: "pd.Series[Any]") -> "pd.Series[Any]":
        """Predictions or labels as events have them; a truth value is 1 or 0 where those are the classes."""
        if self._mapped.task == "regression":
            return typed(cells, "numeric", self._table.texts).cells
        cells = loosely_typed(cells, self._table.texts)
        if pd.api.types.is_float_dtype(cells.dtype) and (cells.isna() | (cells % 1 == 0)).all():
            # Whole numbers become floats in files where some are missing.
            cells = cells.astype("Int64")
        if set(self._mapped.classes) == {"0", "1"}:
            values = plain_values(cells)
            if any(isinstance(value, bool) for value in values):
                as_numbers = [int(value) if isinstance(value, bool) else value for value in values]
                return pd.Series(as_numbers, index=cells.index, dtype=object)
        return cells

    def _add(self, name: str, found: Typed) -> bool:
        """Make a column a field; False when it is left out."""
        if found.kind == "times" or found.kind == "nested":
            what = "times" if found.kind == "times" else "nested values"
            self._notices.append(f"column {name!r} holds {what} and was left out: they cannot be monitored as they are")
            return False
        if found.n_infinite:
            self._notices.append(f"column {name!r}: {found.n_infinite} infinite values are taken as missing")
        self._fields[name], self._kinds[name] = found.cells, found.kind
        return True

    def _ids(self, cells: "pd.Series[Any] | None") -> list[str | None]:
        """Given ids as texts, else ids of the file's content and the row's place, the same every time it is read."""
        if cells is None:
            start = self._table.content_hash[:20]
            return [f"{start}-{row}" for row in range(len(self._table.frame))]
        return [
            canonical(value) if isinstance(value, str | int | float) else None if value is None else str(value)
            for value in plain_values(cells)
        ]

    def _stamps(self, cells: "pd.Series[Any] | None") -> NDArray[np.int64] | None:
        return None if cells is None else micros_of(cells, ZoneInfo(self._mapped.time_zone))

    def _check_declared(self) -> None:
        absent = sorted(self._mapped.must - set(self._fields))
        if absent:
            raise self._no_column(absent[0], "fields")

    def _no_column(self, name: str, where: str) -> TabularError:
        names = list(map(str, self._table.frame.columns))
        listed = ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")
        return TabularError(f"{self._table.path} has no column {name!r} ({where} of the model file): it has {listed}")
