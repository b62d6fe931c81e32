"""Rows as sums: what was predicted with what score, and for labelled ones what was true and how far off."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.classes import NO_CLASS, Classes
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.label_weights import encode_weights, weigh_labels
from detectors.performance_encoding import encode_performance
from detectors.performance_profile import (
    PerformanceProfile,
    add,
    class_codes,
    empty_performance,
    profile_performance,
    profile_predictions,
)
from modelwatch.columns import label_column
from modelwatch.fields import PREDICTION
from modelwatch.scheme import Scheme
from store.definitions import FieldKind

# As many groups are counted at a time as their sums fit into some 20 MB before they are packed.
_SLOTS_AT_ONCE = 2_500_000

Groups = NDArray[np.int64]
Values = NDArray[np.int64] | NDArray[np.float64]
# Predictions, scores if there are any, and labels.
Outcome = tuple[Values, NDArray[np.float64] | None, Values]


def label_kind(scheme: Scheme) -> FieldKind:
    """How labels of the scheme's model are read."""
    return "numeric" if scheme.layout.task == "regression" else "categorical"


def performance_of(scheme: Scheme, columns: Mapping[str, Column], labels: Sequence[str | None]) -> PerformanceProfile:
    """The sums of all rows; ``labels`` are JSON texts, a row without one counts among the predictions alone."""
    label, groups = label_column(labels, label_kind(scheme)), np.zeros(len(labels), dtype=np.int64)
    labelled = _labelled(scheme, columns, label, groups, 1, np.ones(len(labels)))[0]
    return add(labelled, _predicted(scheme, columns, groups, 1)[0])


def grouped_performance(
    scheme: Scheme, columns: Mapping[str, Column], label: Column, groups: Groups, signs: NDArray[np.float64]
) -> dict[int, bytes]:
    """The encoded sums of the labelled rows of every group (int[n], -1 left out) that has rows.

    ``signs`` (float[n]) subtracts rows.
    """
    found: dict[int, bytes] = {}
    for present, rows, own in _some_groups(scheme, groups):
        picked = _take(scheme, columns, rows)
        profiles = _labelled(scheme, picked, label.take(rows), own, len(present), signs[rows])
        found.update(zip(present, map(encode_performance, profiles), strict=True))
    return found


def grouped_weights(
    scheme: Scheme,
    columns: Mapping[str, Column],
    label: Column,
    probabilities: NDArray[np.float64],
    groups: Groups,
    signs: NDArray[np.float64],
) -> dict[int, bytes]:
    """The encoded weights of the labels of every group (int[n], -1 left out) that has rows.

    ``probabilities`` (float[n]) are the chances with which labels were asked for, ``signs`` (float[n]) subtract rows.
    """
    found: dict[int, bytes] = {}
    for present, rows, own in _some_groups(scheme, groups):
        truth, chances = label.take(rows), probabilities[rows]
        outcome = _outcome(scheme, _take(scheme, columns, rows), truth, len(rows))
        weights = weigh_labels(scheme.layout, *outcome, chances, own, len(present), signs[rows])
        found.update(zip(present, map(encode_weights, weights), strict=True))
    return found


def grouped_predictions(scheme: Scheme, columns: Mapping[str, Column], groups: Groups) -> dict[int, bytes]:
    """The encoded counts of the predictions of every group (int[n], -1 left out) that has rows.

    Empty for a model without scores, of which nothing is counted before the labels come.
    """
    found: dict[int, bytes] = {}
    if not scheme.layout.score_edges:
        return found
    for present, rows, own in _some_groups(scheme, groups):
        profiles = _predicted(scheme, _take(scheme, columns, rows), own, len(present))
        found.update(zip(present, map(encode_performance, profiles), strict=True))
    return found


def row_losses(scheme: Scheme, columns: Mapping[str, Column], label: Column) -> NDArray[np.float64]:
    """What the model lost by each row: 1 for a wrong prediction and 0 for a right one, or the absolute error.

    NaN where the label or the prediction is missing, or the label is of no declared class.
    """
    classes, prediction, n = scheme.layout.classes, columns.get(PREDICTION), len(label)
    if classes is None:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.abs(_numbers(prediction, n) - _numbers(label, n))
    true, predicted = _codes(label, classes, n), _codes(prediction, classes, n)
    known = (true >= 0) & (true != classes.other) & (predicted >= 0)
    return np.where(known, (true != predicted).astype(np.float64), np.nan)


def _some_groups(scheme: Scheme, groups: Groups) -> Iterator[tuple[list[int], Groups, Groups]]:
    """Some of the groups at a time: their numbers, their rows, and each row's position among them."""
    order = np.argsort(groups, kind="stable")
    present, starts = np.unique(groups[order], return_index=True)
    bounds = [*starts.tolist(), len(groups)]
    first = int(np.searchsorted(present, 0))
    step = max(1, _SLOTS_AT_ONCE // scheme.layout.n_counts)
    for at in range(first, len(present), step):
        until = min(at + step, len(present))
        rows = order[bounds[at] : bounds[until]]
        yield present[at:until].tolist(), rows, np.searchsorted(present[at:until], groups[rows])


def _take(scheme: Scheme, columns: Mapping[str, Column], rows: Groups) -> dict[str, Column]:
    return {name: columns[name].take(rows) for name in _outputs(scheme) if name in columns}


def _labelled(
    scheme: Scheme,
    columns: Mapping[str, Column],
    label: Column,
    groups: Groups,
    n_groups: int,
    signs: NDArray[np.float64],
) -> list[PerformanceProfile]:
    outcome = _outcome(scheme, columns, label, len(groups))
    return profile_performance(scheme.layout, *outcome, groups, n_groups, signs)


def _outcome(scheme: Scheme, columns: Mapping[str, Column], label: Column, n: int) -> Outcome:
    classes, prediction = scheme.layout.classes, columns.get(PREDICTION)
    if classes is None:
        return _numbers(prediction, n), None, _numbers(label, n)
    return _codes(prediction, classes, n), _scores(scheme, columns), _codes(label, classes, n)


def _predicted(
    scheme: Scheme, columns: Mapping[str, Column], groups: Groups, n_groups: int
) -> list[PerformanceProfile]:
    layout = scheme.layout
    if not layout.score_edges:
        return [empty_performance(layout)] * n_groups
    codes = _codes(columns.get(PREDICTION), layout.known_classes, len(groups))
    return profile_predictions(layout, codes, _scores(scheme, columns), groups, n_groups)


def _outputs(scheme: Scheme) -> list[str]:
    return [PREDICTION, *scheme.layout.score_names]


def _scores(scheme: Scheme, columns: Mapping[str, Column]) -> NDArray[np.float64] | None:
    names = scheme.layout.score_names
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
