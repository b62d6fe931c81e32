"""What a baseline's rows leave behind for the checks that need more than its profile.

How pairs of fields go together and how much that moves by itself, copied rows of stretches as long as a window, names
that events have besides the fields, and of labelled rows what was lost in parts of them and, for regression, where
errors are large.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from sqlalchemy import Connection

from detectors.columns import Column, NumericColumn
from detectors.comoments import CoMoments, comoments, decode_comoments, encode_comoments
from detectors.error_model import ErrorModel, fit_error_model
from detectors.group_losses import count_losses, encode_losses
from detectors.pair_scatter import PairScatter, decode_scatter, encode_scatter, pair_scatter, with_wander
from detectors.profile_groups import encode_rows
from detectors.rank_codes import RankCodes
from detectors.row_sketch import RowSketch, decode_sketch, encode_sketch, sketch_groups
from modelwatch.baseline_blocks import Times
from modelwatch.baseline_stretches import Stretches, equal_stretches, window_stretches
from modelwatch.columns import label_column
from modelwatch.companions import COPIES, NAMES, PAIRS, content_hashes, paired_codes
from modelwatch.fields import PREDICTION
from modelwatch.losses import LOSSES, searched_groups
from modelwatch.outcomes import label_kind, row_losses
from modelwatch.scheme import Scheme
from store.companions import read_baseline_companion
from store.definitions import ModelDefinition
from store.records import Baseline

SCATTER, ERRORS = "scatter", "errors"
# More rows than this, taken evenly from all, say no more about how correlations scatter.
_SCATTER_ROWS = 100_000
# Stretches that are looked at, the last of the baseline: enough to know what is usual.
_MOST_WANDERED = 512
_MOST_COPIED = 64
# A baseline without a clock is cut into so many stretches.
_STRETCHES_WITHOUT_CLOCK = 32

_decode_list = msgspec.msgpack.Decoder(list[bytes]).decode
_decode_names = msgspec.json.Decoder(list[str]).decode


def companions_of_baseline(
    definition: ModelDefinition,
    scheme: Scheme,
    columns: Mapping[str, Column],
    labels: Sequence[str | None],
    times: Times | None,
    other_names: Sequence[str],
) -> dict[str, bytes]:
    """The parts of a baseline of these rows, for the whole stream.

    ``labels`` are JSON texts, None where there is none; ``times`` are microseconds since 1970. ``other_names`` are
    features that events of the time had and that are no fields.
    """
    n = len(labels)
    ranks = paired_codes(encode_rows(scheme.binning, columns))
    (pairs,) = comoments(ranks)
    wandered = window_stretches(definition, "drift", times, _MOST_WANDERED)
    copied = window_stretches(definition, "quality", times, _MOST_COPIED)
    found = {
        PAIRS: encode_comoments(pairs),
        SCATTER: encode_scatter(_scatter(ranks, pairs, wandered or equal_stretches(n, _STRETCHES_WITHOUT_CLOCK))),
        COPIES: _copies(columns, copied or equal_stretches(n, 1)),
        NAMES: msgspec.json.encode(sorted(other_names)),
    }
    if definition.task == "regression":
        found[ERRORS] = _errors(scheme, columns, labels).to_bytes()
    if any(text is not None for text in labels):
        found[LOSSES] = _losses(scheme, columns, labels)
    return found


def baseline_pairs(conn: Connection, baseline: Baseline) -> tuple[PairScatter, CoMoments] | None:
    """How the pairs of fields go together at a baseline; None where nothing was kept of it."""
    scatter = read_baseline_companion(conn, baseline.id, SCATTER)
    pairs = read_baseline_companion(conn, baseline.id, PAIRS)
    if scatter is None or pairs is None:
        return None
    return decode_scatter(scatter), decode_comoments(pairs)


def baseline_copies(conn: Connection, baseline: Baseline) -> list[RowSketch] | None:
    """The sketches of stretches of a baseline; None where nothing was kept of it."""
    payload = read_baseline_companion(conn, baseline.id, COPIES)
    return None if payload is None else [decode_sketch(each) for each in _decode_list(payload)]


def baseline_names(conn: Connection, baseline: Baseline) -> frozenset[str] | None:
    """Names of features at a baseline that are no fields of it; None where nothing was kept of it."""
    payload = read_baseline_companion(conn, baseline.id, NAMES)
    return None if payload is None else frozenset(_decode_names(payload))


def baseline_errors(conn: Connection, baseline: Baseline) -> ErrorModel | None:
    """Where errors are large at a baseline; None where nothing was kept of it."""
    payload = read_baseline_companion(conn, baseline.id, ERRORS)
    return None if payload is None else ErrorModel.from_bytes(payload)


def _scatter(ranks: RankCodes, pairs: CoMoments, stretches: Stretches) -> PairScatter:
    every = -(-len(ranks.codes) // _SCATTER_ROWS)
    some = RankCodes(ranks.fields, ranks.codes[::every], ranks.fingerprint)
    return with_wander(pair_scatter(some), pairs, comoments(ranks, stretches.of_row, stretches.n))


def _losses(scheme: Scheme, columns: Mapping[str, Column], labels: Sequence[str | None]) -> bytes:
    """What the model lost in each coarse group of the fields."""
    losses = row_losses(scheme, columns, label_column(labels, label_kind(scheme)))
    (sums,) = count_losses(searched_groups(scheme), columns, losses, np.zeros(len(labels), dtype=np.int64), 1)
    return encode_losses(sums)


def _copies(columns: Mapping[str, Column], stretches: Stretches) -> bytes:
    sketches = sketch_groups(content_hashes(columns), stretches.of_row, stretches.n)
    return msgspec.msgpack.encode([encode_sketch(each) for each in sketches])


def _errors(scheme: Scheme, columns: Mapping[str, Column], labels: Sequence[str | None]) -> ErrorModel:
    prediction, label = columns.get(PREDICTION), label_column(labels, "numeric")
    error = np.full(len(labels), np.nan)
    if isinstance(prediction, NumericColumn) and isinstance(label, NumericColumn):
        error = prediction.values - label.values
    return fit_error_model(scheme.binning, columns, error)
