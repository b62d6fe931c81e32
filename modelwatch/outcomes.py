"""Labelled rows as sums: what was predicted, what was true, and by how much it was missed."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.classes import NO_CLASS, Classes
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.performance_encoding import encode_performance
from detectors.performance_profile import PerformanceProfile, class_codes, profile_performance
from modelwatch.columns import label_column
from modelwatch.fields import PREDICTION, SCORE, score_field
from modelwatch.scheme import Scheme
from store.definitions import FieldKind

# Groups are counted this many at a time: the sums of one take some 20 kB before they are packed.
_GROUPS_AT_ONCE = 500


def label_kind(scheme: Scheme) -> FieldKind:
    """How labels of the scheme's model are read."""
    return "numeric" if scheme.layout.task == "regression" else "categorical"


def performance_of(
    scheme: Scheme, columns: Mapping[str, Column], labels: Sequence[str | None], signs: ArrayLike = 1
) -> PerformanceProfile:
    """The sums of all rows; ``labels`` are JSON texts, a row without one is not counted."""
    label = label_column(labels, label_kind(scheme))
    signs = np.broadcast_to(np.asarray(signs, dtype=np.float64), (len(labels),))
    groups = np.zeros(len(labels), dtype=np.int64)
    return _profiles(scheme, columns, label, groups, 1, signs)[0]


def grouped_performance(
    scheme: Scheme, columns: Mapping[str, Column], label: Column, groups: NDArray[np.int64], signs: NDArray[np.float64]
) -> dict[int, bytes]:
    """The encoded sums of every group (int[n], -1 left out) that has rows; ``signs`` (float[n]) subtracts rows."""
    order = np.argsort(groups, kind="stable")
    present, starts = np.unique(groups[order], return_index=True)
    found: dict[int, bytes] = {}
    bounds = [*starts.tolist(), len(groups)]
    first = int(np.searchsorted(present, 0))
    for at in range(first, len(present), _GROUPS_AT_ONCE):
        until = min(at + _GROUPS_AT_ONCE, len(present))
        rows = order[bounds[at] : bounds[until]]
        own = np.searchsorted(present[at:until], groups[rows])
        picked = {name: columns[name].take(rows) for name in _outputs(scheme) if name in columns}
        profiles = _profiles(scheme, picked, label.take(rows), own, until - at, signs[rows])
        found.update(zip(present[at:until].tolist(), map(encode_performance, profiles), strict=True))
    return found


def _profiles(
    scheme: Scheme,
    columns: Mapping[str, Column],
    label: Column,
    groups: NDArray[np.int64],
    n_groups: int,
    signs: NDArray[np.float64],
) -> list[PerformanceProfile]:
    layout = scheme.layout
    prediction = columns.get(PREDICTION)
    if layout.classes is None:
        true, predicted = _numbers(label, len(groups)), _numbers(prediction, len(groups))
        return profile_performance(layout, predicted, None, true, groups, n_groups, signs)
    return profile_performance(
        layout,
        _codes(prediction, layout.classes, len(groups)),
        _scores(scheme, columns),
        _codes(label, layout.classes, len(groups)),
        groups,
        n_groups,
        signs,
    )


def _outputs(scheme: Scheme) -> list[str]:
    return [PREDICTION, *_score_fields(scheme)]


def _score_fields(scheme: Scheme) -> list[str]:
    layout = scheme.layout
    if not layout.score_edges:
        return []
    if layout.task == "binary":
        return [SCORE]
    return [score_field(label) for label in layout.known_classes.labels]


def _scores(scheme: Scheme, columns: Mapping[str, Column]) -> NDArray[np.float64] | None:
    names = _score_fields(scheme)
    if not names or any(name not in columns for name in names):
        return None
    found = [_numbers(columns[name], 0) for name in names]
    return found[0] if scheme.layout.task == "binary" else np.column_stack(found)


def _numbers(column: Column | None, n: int) -> NDArray[np.float64]:
    return column.values if isinstance(column, NumericColumn) else np.full(n, np.nan)


def _codes(column: Column | None, classes: Classes, n: int) -> NDArray[np.int64]:
    if not isinstance(column, CategoryColumn):
        return np.full(n, NO_CLASS, dtype=np.int64)
    # The two last places serve the codes -2 (mistyped: no declared class) and -1 (missing).
    of_text = np.concatenate([class_codes(column.vocabulary, classes), [classes.other, NO_CLASS]])
    return of_text[column.codes]
