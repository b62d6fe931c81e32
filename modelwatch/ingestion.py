"""Rows of files into the two logs, under the collector's rules: a bad row is refused and named, its neighbours kept."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import pandas as pd
from sqlalchemy import Engine

from collector.problems import ItemError
from collector.settings import Limits
from collector.values import (
    INSTANT_WORDS,
    LEAST_PROBABILITY,
    PROBABILITY_WORDS,
    name_fault,
    scalar_json,
    text_value_fault,
    version_fault,
)
from modelwatch.columns import plain_values
from modelwatch.fields import PREDICTION, SCORE, place
from modelwatch.instants import NO_INSTANT
from modelwatch.tabular import FileRows, LabelRows, TabularError
from modelwatch.values import canonical
from store.column_types import to_micros
from store.engine import writing
from store.label_log import write_labels
from store.models import version_id, versions
from store.prediction_log import write_predictions
from store.records import LabelRow, Model, PredictionRow, WriteOutcome

CHUNK_ROWS = 10_000
FIRST_VERSION = "1"
SHOWN = 20
_encode = msgspec.json.Encoder().encode
Row = TypeVar("Row", PredictionRow, LabelRow)


@dataclass(slots=True)
class Ingested:
    """What became of the rows of a file. ``rejected`` lists the first refused rows, counted from 0, with the reason.

    ``unlabelled`` rows of a file of labels had none and were passed over.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected_total: int = 0
    unlabelled: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, index: int, field_of: str, error: str) -> None:
        """Note a refused row."""
        self.rejected_total += 1
        if len(self.rejected) < SHOWN:
            self.rejected.append({"index": index, "field": field_of, "error": error})


def newest_version(engine: Engine, model: Model) -> str:
    """The version that rows without one belong to: the newest the model has, else the first."""
    with engine.connect() as conn:
        found = versions(conn, model.id)
    return found[-1].name if found else FIRST_VERSION


def ingest(
    engine: Engine, model: Model, rows: FileRows, *, version: str | None, now: datetime, limits: Limits
) -> Ingested:
    """Log the predictions of a file; a row that names no version belongs to ``version``, by default the newest.

    The same file again gives nothing but duplicates. Raises TabularError for a fault of the file as a whole.
    """
    if rows.stamps is None:
        raise TabularError(f"{rows.path} has no column of instants")
    for feature in rows.features.values():
        if (fault := name_fault(feature, limits)) is not None:
            raise TabularError(f"{rows.path}: the column {feature[:50]!r} {fault}")
    if len(rows.features) > limits.features:
        raise TabularError(f"{rows.path} has {len(rows.features)} features, and the limit is {limits.features}")
    done = Ingested()
    version_ids = _version_ids(engine, model, rows, version or newest_version(engine, model), now, limits)
    checks = _Checks(limits, now, done)
    for start in range(0, len(rows), CHUNK_ROWS):
        chunk = _Chunk(rows, start, min(start + CHUNK_ROWS, len(rows)), version_ids)
        good = list(chunk.predictions(model, to_micros(now), checks))
        _write(lambda made: write_predictions(engine, made), good, done)
    return done


def add_labels(engine: Engine, model: Model, rows: LabelRows, *, now: datetime, limits: Limits) -> Ingested:
    """Log the labels of a file; one without an instant is taken as known ``now``."""
    done = Ingested()
    checks = _Checks(limits, now, done)
    received = to_micros(now)
    for start in range(0, len(rows), CHUNK_ROWS):
        good: list[tuple[int, LabelRow]] = []
        for index in range(start, min(start + CHUNK_ROWS, len(rows))):
            label, stamp = rows.labels[index], received if rows.stamps is None else int(rows.stamps[index])
            if label is None:
                done.unlabelled += 1
                continue
            prediction_id, text = rows.ids[index], checks.scalar(index, "label", label)
            if text is None or not checks.identity(index, prediction_id, stamp):
                continue
            try:
                chance = None if rows.probabilities is None else _probability(rows.probabilities[index])
                good.append((index, LabelRow(model.id, str(prediction_id), text, stamp, received, chance)))
            except ItemError as error:
                done.reject(index, "sampling_probability", str(error))
        _write(lambda made: write_labels(engine, made), good, done)
    return done


class _Checks:
    """The collector's rules for single values; what fails is noted as a rejection of its row."""

    def __init__(self, limits: Limits, now: datetime, done: Ingested) -> None:
        self._limits = limits
        self._earliest, self._latest = to_micros(limits.earliest), to_micros(now + limits.ahead)
        self._done = done

    def identity(self, index: int, prediction_id: str | None, stamp: int) -> bool:
        """Whether a row's id and instant can be stored."""
        fault: tuple[str, str] | None = None
        if not prediction_id:
            fault = ("prediction_id", "is missing")
        elif len(prediction_id) > self._limits.id_length:
            fault = ("prediction_id", f"is longer than {self._limits.id_length:,} characters, the limit id_length")
        elif not _storable(prediction_id):
            fault = ("prediction_id", "holds a character that cannot be stored")
        elif stamp == NO_INSTANT:
            fault = ("timestamp", f"is missing or not {INSTANT_WORDS}")
        elif not self._earliest <= stamp <= self._latest:
            fault = ("timestamp", "lies before 1970 or in the future (check the unit)")
        if fault is not None:
            self._done.reject(index, *fault)
        return fault is None

    def scalar(self, index: int, name: str, value: object) -> str | None:
        """A value as JSON text; None when it was rejected."""
        try:
            if isinstance(value, str | int | float) and (not isinstance(value, str) or _storable(value)):
                return scalar_json(name, value, self._limits)
            raise ItemError(name, "is neither a number, text, true nor false")
        except ItemError as error:
            self._done.reject(index, name, str(error))
            return None

    def feature(self, value: object) -> str | None:
        """Why a value may not be a feature's, None when it may."""
        if value is None or isinstance(value, bool | float):
            return None
        if isinstance(value, str):
            return text_value_fault(value, self._limits) or (None if _storable(value) else "is not valid Unicode")
        try:
            float(value)  # type: ignore[arg-type]
        except OverflowError:
            return "is a number beyond the range of double precision"
        except (TypeError, ValueError):
            return "is neither a number, text, true, false nor null"
        return None if isinstance(value, int) else "is neither a number, text, true, false nor null"

    def reject(self, index: int, name: str, error: str) -> None:
        """Note a refused row."""
        self._done.reject(index, name, error)


class _Chunk:
    """Some rows of a file, on their way into the log."""

    def __init__(self, rows: FileRows, start: int, stop: int, version_ids: Sequence[int | None]) -> None:
        self._rows = rows
        self._start = start
        self._frame = rows.frame.iloc[start:stop]
        self._version_ids = version_ids

    def predictions(self, model: Model, received: int, checks: _Checks) -> Iterator[tuple[int, PredictionRow]]:
        """The rows that are in order, each with its place in the file."""
        rows, stamps = self._rows, self._rows.stamps
        faults = self._faults(checks)
        predictions, scores = self._column(PREDICTION), self._scores()
        names = list(rows.features.values())
        for offset, values in enumerate(self._values(rows.features)):
            index = self._start + offset
            prediction_id, version = rows.ids[index], self._version_ids[index]
            stamp = NO_INSTANT if stamps is None else int(stamps[index])
            if not checks.identity(index, prediction_id, stamp):
                continue
            if version is None:
                checks.reject(index, "version", "cannot be the name of a version")
                continue
            if offset in faults:
                checks.reject(index, *faults[offset])
                continue
            value = predictions[offset]
            prediction = None if value is None else checks.scalar(index, "prediction", value)
            if value is not None and prediction is None:
                continue
            features = _encode(dict(zip(names, values, strict=True))).decode()
            yield (
                index,
                PredictionRow(
                    model.id, version, stamp, received, str(prediction_id), prediction, scores[offset], features, None
                ),
            )

    def _column(self, name: str) -> list[object]:
        return plain_values(self._frame[name]) if name in self._frame.columns else [None] * len(self._frame)

    def _values(self, names: Iterable[str]) -> Iterable[tuple[object, ...]]:
        """The values of some fields, row by row."""
        columns = [self._column(name) for name in names]
        return zip(*columns, strict=True) if columns else [()] * len(self._frame)

    def _score_keys(self) -> dict[str, str | None]:
        """The score fields, with the class of each where there are several."""
        places = {name: place(name) for name in self._rows.kinds if name not in self._rows.features}
        return {name: found.key for name, found in places.items() if found.part == "score"}

    def _scores(self) -> list[str | None]:
        """Numbers, or objects of class to number; a row without any has none."""
        keys = self._score_keys()
        if set(keys) == {SCORE}:
            return [None if value is None else _encode(value).decode() for value in self._column(SCORE)]
        found: list[str | None] = []
        for values in self._values(keys):
            score = {key: value for key, value in zip(keys.values(), values, strict=True) if value is not None}
            found.append(_encode(score).decode() if score else None)
        return found

    def _faults(self, checks: _Checks) -> dict[int, tuple[str, str]]:
        """What is wrong with features and scores, by the row's place in the chunk."""
        faults: dict[int, tuple[str, str]] = {}
        for name, feature in self._rows.features.items():
            for offset, value in self._suspicious(name):
                if (fault := checks.feature(value)) is not None:
                    faults.setdefault(offset, (f"features.{feature}", fault))
        for name in self._score_keys():
            for offset, value in self._suspicious(name):
                if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                    faults.setdefault(offset, (name, "is not a finite number"))
        return faults

    def _suspicious(self, name: str) -> Iterable[tuple[int, object]]:
        """The values of a field with their places, but none of a column of numbers, which cannot be wrong."""
        dtype = self._frame[name].dtype
        plain = pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype)
        return () if plain else enumerate(self._column(name))


def _probability(value: object) -> float | None:
    """The chance with which a label was asked for, None where none is given; ItemError for anything else."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and LEAST_PROBABILITY <= value <= 1:
        return float(value)
    raise ItemError("sampling_probability", f"is {str(value)[:50]}: it must be {PROBABILITY_WORDS}")


def _version_ids(
    engine: Engine, model: Model, rows: FileRows, default: str, now: datetime, limits: Limits
) -> Sequence[int | None]:
    """The id of every row's version, which is made if it is not there; None for a text that cannot name one."""
    if (fault := version_fault(default, limits)) is not None:
        raise TabularError(f"version {default[:50]!r} {fault}")
    given = [default] * len(rows) if rows.versions is None else [_version(value, default) for value in rows.versions]
    ids: Mapping[str, int | None]
    with writing(engine) as conn:
        ids = {
            name: None if version_fault(name, limits) else version_id(conn, model.id, name, now) for name in set(given)
        }
    return [ids[name] for name in given]


def _version(value: object, default: str) -> str:
    if value is None:
        return default
    return canonical(value) if isinstance(value, str | int | float) else str(value)


def _write(
    write: Callable[[Sequence[Row]], list[WriteOutcome]], rows: Sequence[tuple[int, Row]], done: Ingested
) -> None:
    outcomes = write([row for _, row in rows])
    for (index, _), outcome in zip(rows, outcomes, strict=True):
        if outcome == "conflict":
            done.reject(index, "prediction_id", "was already logged with other content; the first is kept")
    done.accepted += outcomes.count("accepted")
    done.duplicates += outcomes.count("duplicate")


def _storable(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
