"""Rows of a window, sampled from the log, and those of the baseline that they are compared with."""

from datetime import datetime

from sqlalchemy import Connection

from detectors.binning import Binning
from modelwatch.columns import columns_of_log
from modelwatch.row_samples import MAX_ROWS, RowSample, from_parquet, sample_of, sampled_positions
from modelwatch.segment_names import values_in
from store.baseline_rows import read_baseline_rows
from store.column_types import to_micros
from store.prediction_log import ids_between, read_predictions_by_id
from store.records import Baseline

# A segment's rows are looked for among so many rows of the window.
MAX_SEARCHED = 50_000


def kept_rows(conn: Connection, baseline: Baseline, segment: str = "") -> RowSample | None:
    """The rows kept of a baseline, those of a segment where one is named; None when the baseline has none.

    ValueError for a segment of several values that are counted together, and for what is no segment.
    """
    payload = read_baseline_rows(conn, baseline.id)
    return None if payload is None else _of_segment(from_parquet(payload), segment)


def window_rows(
    conn: Connection,
    baseline: Baseline,
    kept: RowSample,
    binning: Binning,
    start: datetime,
    end: datetime,
    segment: str = "",
    limit: int = MAX_ROWS,
) -> RowSample:
    """At most ``limit`` rows of the model with start <= ts < end, over the fields that were kept of the baseline.

    Which rows depends on the baseline and the window alone, so that a window that is looked at again gives the same
    rows. The rows of a ``segment`` like ``region=north`` are sampled from at most 50,000 rows of the window.
    ``n_total`` are all rows of the window, also for a segment.
    """
    seed_text = f"{baseline.content_hash} {to_micros(start)} {to_micros(end)}"
    ids = ids_between(conn, baseline.model_id, to_micros(start), to_micros(end))
    positions = sampled_positions(len(ids), MAX_SEARCHED if segment else limit, seed_text)
    rows = read_predictions_by_id(conn, [ids[position] for position in positions.tolist()])
    columns = columns_of_log(binning, rows)
    read = RowSample({name: columns[name] for name in kept.kinds}, kept.kinds, len(ids))
    found = _of_segment(read, segment)
    return RowSample(
        sample_of(found.columns, found.kinds, found.n_rows, seed_text, limit).columns, kept.kinds, len(ids)
    )


def _of_segment(rows: RowSample, segment: str) -> RowSample:
    if not segment:
        return rows
    values = values_in(segment, tuple(rows.kinds))
    if values is None:
        raise ValueError(f"segment {segment}: rows of what is counted together cannot be told from the others")
    for field, category in values.items():
        rows = rows.of_category(field, category)
    return rows
