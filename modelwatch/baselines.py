"""Setting a baseline: what later windows are compared with, and the bins in which everything is counted.

It is made of a file, or, for a model without one, of the first complete windows of its own log.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from detectors.columns import CategoryColumn, Column
from detectors.encoding import encode_profile
from detectors.performance_encoding import encode_performance
from detectors.profile import profile
from modelwatch.baseline_blocks import Times, blocks_of, slot_sample_of
from modelwatch.baseline_companions import companions_of_baseline
from modelwatch.cells import typed
from modelwatch.columns import columns_of_frame, label_column
from modelwatch.fields import PREDICTION, SCORE, field_name, score_field
from modelwatch.outcomes import performance_of
from modelwatch.row_samples import sample_of, to_parquet
from modelwatch.scheme import Scheme, choose_scheme, is_score
from modelwatch.segments import groupings
from modelwatch.values import decode
from modelwatch.windows import WindowPlan
from store.baseline_rows import save_baseline_rows
from store.baselines import add_baseline
from store.calibrations import save_blocks, save_samples
from store.column_types import from_micros, to_micros
from store.companions import save_baseline_companions
from store.definitions import FieldKind, ModelDefinition, duration, named_monitors
from store.engine import writing
from store.models import replace_fields, versions
from store.prediction_log import first_ts, read_predictions_between
from store.records import Baseline, BaselineBlock, Field, FieldRole, LoggedPredictions, Model, ProfileSums

# How the origin of a baseline begins that was made of the first windows of the log.
LOG_ORIGIN = "first windows of the log"
# A model that gets few rows is not left without a baseline for ever: after so many windows, this many rows will do.
MAX_BASELINE_WINDOWS = 28
LEAST_ROWS = 100


class BaselineError(ValueError):
    """Rows that cannot be a baseline; the message says why and what to change."""


@dataclass(frozen=True, slots=True)
class BaselineRows:
    """Rows for a baseline: a column of ``frame`` for every field, by field name, and its kind.

    ``labels`` are JSON texts, None where there is none. ``start`` and ``end`` are what the rows span, ``times`` their
    instants in microseconds since 1970, if known. ``other_names`` are features that are no fields.
    """

    frame: pd.DataFrame
    kinds: Mapping[str, FieldKind]
    labels: Sequence[str | None]
    start: datetime | None
    end: datetime | None
    times: Times | None = None
    other_names: tuple[str, ...] = ()


def set_baseline(
    engine: Engine, model: Model, rows: BaselineRows, *, version: str, origin: str, content_hash: str, now: datetime
) -> Baseline:
    """Make ``rows`` the baseline of a model: choose the bins, count, store, and make it the one in force.

    The same content again is the same baseline. Raises BaselineError or DefinitionError for rows that will not do.
    """
    if len(rows.frame) < 1:
        raise BaselineError("a baseline without rows compares with nothing")
    columns = columns_of_frame(rows.frame, rows.kinds)
    scheme = choose_scheme(model.definition, columns, _classes_seen(model.definition, columns, rows.labels))
    fields = [Field(name, _role(name), kind) for name, kind in rows.kinds.items()]
    sums = _sums(model.definition, scheme, columns, rows.labels)
    blocks, slot_samples = _for_calibration(model.definition, scheme, columns, rows.times, content_hash)
    companions = companions_of_baseline(model.definition, scheme, columns, rows.labels, rows.times, rows.other_names)
    sample = sample_of(columns, rows.kinds, len(rows.frame), content_hash)
    with writing(engine) as conn:
        replace_fields(conn, model.id, fields)
        made = add_baseline(
            conn,
            model_id=model.id,
            version=version,
            binning_hash=scheme.content_hash,
            binning_payload=scheme.to_bytes(),
            content_hash=content_hash,
            origin=origin,
            n_rows=len(rows.frame),
            start=rows.start,
            end=rows.end,
            profiles=sums,
            now=now,
        )
        save_blocks(conn, made.id, blocks)
        save_samples(conn, made.id, slot_samples)
        save_baseline_companions(conn, made.id, companions)
        save_baseline_rows(conn, made.id, sample.n_rows, to_parquet(sample))
        return made


def baseline_from_log(engine: Engine, model: Model, now: datetime) -> Baseline | None:
    """The baseline of the first complete windows of a model's log, as soon as there are enough rows; else None.

    Enough are the ``baseline_rows`` of the model file, or what 28 windows brought if that is at least 100 rows, or the
    first 100 later on. It is the same one whenever ``now`` is, as long as no earlier rows come. Its labels are not
    looked at here: they may be days away, and are read from the profiles when they are needed.
    """
    definition = model.definition
    plan = _window_plan(definition)
    with engine.connect() as conn:
        first = first_ts(conn, model.id)
        if first is None:
            return None
        start = plan.floor(from_micros(first))
        found = _enough_rows(conn, model, plan, start, plan.floor(now))
    if found is None:
        return None
    rows, end = found
    return set_baseline(
        engine,
        model,
        _rows_of_log(definition, rows, start, end),
        version=_most_frequent_version(engine, model, rows),
        origin=f"{LOG_ORIGIN}, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC",
        content_hash=hashlib.sha256("\n".join(rows.prediction_ids).encode()).hexdigest(),
        now=now,
    )


def _enough_rows(
    conn: Connection, model: Model, plan: WindowPlan, start: datetime, complete: datetime
) -> tuple[LoggedPredictions, datetime] | None:
    """The rows for a baseline that begins at ``start``, and the end of the windows they fill, if those are over."""
    ends = [window.end for window in islice(plan.windows(start, complete), MAX_BASELINE_WINDOWS)]
    if not ends:
        return None
    n_rows = model.definition.baseline_rows
    rows = read_predictions_between(conn, model.id, to_micros(start), to_micros(ends[-1]), n_rows)
    if len(rows.ids) < n_rows:
        if len(ends) < MAX_BASELINE_WINDOWS:
            return None
        if len(rows.ids) >= LEAST_ROWS:
            return rows, ends[-1]
        rows = read_predictions_between(conn, model.id, to_micros(start), to_micros(complete), LEAST_ROWS)
        if len(rows.ids) < LEAST_ROWS:
            return None
    return rows, min(plan.ceiling(from_micros(rows.ts[-1] + 1)), complete)


def _window_plan(definition: ModelDefinition) -> WindowPlan:
    """The windows of the first drift monitor, or of the first one there is."""
    specs = sorted(named_monitors(definition), key=lambda spec: spec.kind != "drift")
    length = duration(specs[0].window) if specs else timedelta(days=1)
    return WindowPlan(length, length, ZoneInfo(definition.time_zone))


def _rows_of_log(definition: ModelDefinition, rows: LoggedPredictions, start: datetime, end: datetime) -> BaselineRows:
    features = pd.DataFrame.from_records([decode(text) for text in rows.features])
    features.columns = pd.Index([field_name(str(name)) for name in features.columns])
    outputs = pd.DataFrame(_outputs_of_log(rows), dtype=object)
    found = typed_rows(definition, features, outputs, [None] * len(rows.ids), start, end)
    return replace(found, times=np.array(rows.ts, dtype=np.int64))


def typed_rows(
    definition: ModelDefinition,
    features: pd.DataFrame,
    outputs: pd.DataFrame,
    labels: Sequence[str | None],
    start: datetime | None = None,
    end: datetime | None = None,
) -> BaselineRows:
    """Rows for a baseline from features and outputs under their field names, kinds as declared or as the cells say.

    Columns of times and of nested values are left out: they are no fields.
    """
    declared = {field_name(name): spec.kind for name, spec in definition.fields.items()}
    columns: dict[str, pd.Series[Any]] = {}
    kinds: dict[str, FieldKind] = {}
    for name, cells in features.items():
        found = typed(cells, declared.get(str(name)), texts=False)
        if found.kind != "times" and found.kind != "nested":
            columns[str(name)], kinds[str(name)] = found.cells, found.kind
    for name, cells in outputs.items():
        columns[str(name)], kinds[str(name)] = cells, _output_kind(definition, str(name))
    left_out = tuple(str(name) for name in features.columns if str(name) not in columns)
    return BaselineRows(pd.DataFrame(columns), kinds, labels, start, end, other_names=left_out)


def _outputs_of_log(rows: LoggedPredictions) -> dict[str, list[object]]:
    """Prediction and score fields, those that have a value anywhere."""
    scores = [None if text is None else decode(text) for text in rows.scores]
    found: dict[str, list[object]] = {PREDICTION: [None if text is None else decode(text) for text in rows.predictions]}
    classes = sorted({name for score in scores if isinstance(score, dict) for name in score})
    if classes:
        found |= {
            score_field(name): [score.get(name) if isinstance(score, dict) else None for score in scores]
            for name in classes
        }
    else:
        found[SCORE] = scores
    return {name: values for name, values in found.items() if any(value is not None for value in values)}


def _output_kind(definition: ModelDefinition, field: str) -> FieldKind:
    # A predicted class is a category, all else a number.
    return "categorical" if field == PREDICTION and definition.task != "regression" else "numeric"


def _most_frequent_version(engine: Engine, model: Model, rows: LoggedPredictions) -> str:
    most = Counter(rows.version_ids).most_common(1)[0][0]
    with engine.connect() as conn:
        return next(version.name for version in versions(conn, model.id) if version.id == most)


def _for_calibration(
    definition: ModelDefinition,
    scheme: Scheme,
    columns: Mapping[str, Column],
    times: Times | None,
    content_hash: str,
) -> tuple[dict[str, list[BaselineBlock]], dict[str, bytes]]:
    """Blocks and sampled rows of the whole baseline and of each of its segments that has rows."""
    blocks, samples = {}, {}
    n_rows = len(next(iter(columns.values())))
    for segment, rows in _rows_by_segment(scheme, definition, columns, n_rows):
        own = columns if len(rows) == n_rows else {name: column.take(rows) for name, column in columns.items()}
        own_times = None if times is None else times[rows]
        blocks[segment] = blocks_of(scheme.binning, own, own_times, duration(definition.grain))
        samples[segment] = slot_sample_of(scheme.binning, own, content_hash, segment).to_bytes()
    return blocks, samples


def _rows_by_segment(
    scheme: Scheme, definition: ModelDefinition, columns: Mapping[str, Column], n_rows: int
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """The rows of the whole baseline and of each of its segments that has any."""
    for grouping in groupings(scheme, definition, columns, n_rows):
        for position, segment in enumerate(grouping.segments):
            rows = np.flatnonzero(grouping.of_row == position)
            if rows.size:
                yield segment, rows


def _sums(
    definition: ModelDefinition, scheme: Scheme, columns: Mapping[str, Column], labels: Sequence[str | None]
) -> dict[str, ProfileSums]:
    """The sums of the whole baseline and of each of its segments that has rows."""
    n_rows = len(labels)
    found: dict[str, ProfileSums] = {}
    for segment, rows in _rows_by_segment(scheme, definition, columns, n_rows):
        own = columns if len(rows) == n_rows else {name: column.take(rows) for name, column in columns.items()}
        performance = performance_of(scheme, own, [labels[row] for row in rows.tolist()])
        found[segment] = ProfileSums(
            len(rows),
            performance.n_labelled,
            encode_profile(profile(scheme.binning, own, workers=2)),
            encode_performance(performance),
        )
    return found


def _classes_seen(
    definition: ModelDefinition, columns: Mapping[str, Column], labels: Sequence[str | None]
) -> set[str | None]:
    if definition.task == "regression":
        return set()
    seen = [label_column(labels, "categorical"), columns.get(PREDICTION)]
    return {text for column in seen if isinstance(column, CategoryColumn) for text in column.vocabulary}


def _role(name: str) -> FieldRole:
    if name == PREDICTION:
        return "prediction"
    return "score" if is_score(name) else "feature"
