"""The additive summary of labelled rows, from which every performance metric is computed, and of all scored rows.

A row is counted when it comes (``profile_predictions``) and again, in other slots, when its label comes
(``profile_performance``). Profiles of one layout add up like those of fields. A corrected label is the old row
subtracted and the new one added (``sign``); counts stay exact, sums exact to rounding.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.classes import Classes, class_codes
from detectors.performance_layout import ERROR_EDGES, Layout, Task, performance_layout

__all__ = [  # the layout and the classes are the other half of this interface
    "Classes",
    "Layout",
    "PerformanceProfile",
    "Task",
    "add",
    "class_codes",
    "empty_performance",
    "labelled_slots",
    "performance_layout",
    "profile_performance",
    "profile_predictions",
    "subtract",
    "total_performance",
]

# Probabilities are kept this far from 0 and 1 in log loss, which is infinite there.
LOG_LOSS_CLIP = 1e-15

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PerformanceProfile:
    """Sums over rows: ``counts`` (int64) and ``sums`` (float64), laid out by a ``Layout``."""

    task: Task
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    fingerprint: bytes

    @property
    def n_labelled(self) -> int:
        """Rows with a label, of whatever class or value."""
        return int(self.counts[Layout.LABELLED])


def empty_performance(layout: Layout) -> PerformanceProfile:
    """The profile of no rows."""
    counts = np.zeros(layout.n_counts, dtype=np.int64)
    return PerformanceProfile(layout.task, counts, np.zeros(len(layout.sum_names)), layout.fingerprint)


def profile_performance(
    layout: Layout,
    prediction: ArrayLike,
    score: ArrayLike | None,
    label: ArrayLike,
    groups: ArrayLike | None = None,
    n_groups: int = 1,
    sign: ArrayLike = 1,
) -> list[PerformanceProfile]:
    """One profile for each of ``n_groups`` groups of rows (``groups``: int[n] from 0; None: all in group 0).

    Classification: ``prediction`` and ``label`` are class codes (int[n], see ``class_codes``); ``score`` is float[n],
    the probability of the positive class, or float[n, K] in the order of the classes, NaN where there is none.
    Regression: ``prediction`` and ``label`` are float[n], NaN where there is none; ``score`` is not used.
    Rows without a label are not counted. ``sign`` (+1 or -1, or one for each row) subtracts rows. ValueError where
    lengths differ.
    """
    n = len(np.asarray(label))
    signs = np.broadcast_to(np.asarray(sign, dtype=np.float64), (n,))
    if len(np.asarray(prediction)) != n:
        raise ValueError(f"{n} labels and {len(np.asarray(prediction))} predictions: one a row")
    counter = _Counter(layout, _checked_groups(groups, n, n_groups), n_groups, signs)
    _count_labelled(counter, prediction, score, label)
    return counter.profiles()


def labelled_slots(
    layout: Layout, prediction: ArrayLike, score: ArrayLike | None, label: ArrayLike
) -> list[tuple[Codes, Codes]]:
    """The slots that ``profile_performance`` counts labelled rows in, each run of them with the rows (int64) in it."""
    slots = _Slots(layout)
    _count_labelled(slots, prediction, score, label)
    return slots.found


def profile_predictions(
    layout: Layout,
    prediction: ArrayLike,
    score: ArrayLike | None,
    groups: ArrayLike | None = None,
    n_groups: int = 1,
) -> list[PerformanceProfile]:
    """The counts of rows that need no label, for each group; arguments as for ``profile_performance``.

    Those are the rows with usable scores, by prediction and score bin: what performance is estimated from. The
    profiles of a regression model, and of one without scores, are empty.
    """
    n = len(np.asarray(prediction))
    counter = _Counter(layout, _checked_groups(groups, n, n_groups), n_groups, np.ones(n))
    if layout.score_edges and score is not None:
        scores, predicted = _score_matrix(layout, score, n), np.asarray(prediction, dtype=np.int64)
        _check_codes("prediction", predicted, layout.known_classes.other)
        usable = np.asarray(np.isfinite(scores).all(axis=1))
        for position, places in enumerate(_score_places(layout, scores, predicted)):
            counter.count(layout.all_scores(position), places, usable)
    return counter.profiles()


def add(a: PerformanceProfile, b: PerformanceProfile) -> PerformanceProfile:
    """The profile of the rows of both."""
    _check_same_layout(a.fingerprint, b.fingerprint)
    with np.errstate(over="ignore", invalid="ignore"):
        return PerformanceProfile(a.task, a.counts + b.counts, a.sums + b.sums, a.fingerprint)


def subtract(a: PerformanceProfile, b: PerformanceProfile) -> PerformanceProfile:
    """The profile of the rows of ``a`` without those of ``b``, which must be among them."""
    _check_same_layout(a.fingerprint, b.fingerprint)
    with np.errstate(over="ignore", invalid="ignore"):
        return PerformanceProfile(a.task, a.counts - b.counts, a.sums - b.sums, a.fingerprint)


def total_performance(layout: Layout, profiles: Iterable[PerformanceProfile]) -> PerformanceProfile:
    """The profile of the rows of all; of none, the empty one."""
    result = empty_performance(layout)
    for part in profiles:
        result = add(result, part)
    return result


class _Counting(Protocol):
    """Takes the slots and the values of rows."""

    layout: Layout

    def count(self, slots: slice | int, codes: Codes | None, kept: NDArray[np.bool_]) -> None:
        """Count the kept rows, each at its code within ``slots``, or all at one slot."""

    def sum(self, name: str, values: Numbers, kept: NDArray[np.bool_]) -> None:
        """Add up one value for each of the kept rows."""


class _Slots:
    """Notes the slots of rows and no sums."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.found: list[tuple[Codes, Codes]] = []

    def count(self, slots: slice | int, codes: Codes | None, kept: NDArray[np.bool_]) -> None:
        start, rows = slots if isinstance(slots, int) else slots.start, np.flatnonzero(kept)
        self.found.append((np.full(len(rows), start) if codes is None else start + codes[rows], rows))

    def sum(self, name: str, values: Numbers, kept: NDArray[np.bool_]) -> None:
        pass


class _Counter:
    """Adds rows to the vectors of all groups at once."""

    def __init__(self, layout: Layout, groups: Codes, n_groups: int, signs: Numbers) -> None:
        self.layout = layout
        self.counts = np.zeros((n_groups, layout.n_counts), dtype=np.int64)
        self.sums = np.zeros((n_groups, len(layout.sum_names)))
        self._groups, self._n_groups, self._signs = groups, n_groups, signs

    def count(self, slots: slice | int, codes: Codes | None, kept: NDArray[np.bool_]) -> None:
        run = slice(slots, slots + 1) if isinstance(slots, int) else slots
        width = run.stop - run.start
        at = self._groups[kept] * width + (0 if codes is None else codes[kept])
        seen = np.bincount(at, weights=self._signs[kept], minlength=self._n_groups * width)
        self.counts[:, run] += np.rint(seen).astype(np.int64).reshape(self._n_groups, width)

    def profiles(self) -> list[PerformanceProfile]:
        layout = self.layout
        return [
            PerformanceProfile(layout.task, counts, sums, layout.fingerprint)
            for counts, sums in zip(self.counts, self.sums, strict=True)
        ]

    def sum(self, name: str, values: Numbers, kept: NDArray[np.bool_]) -> None:
        with np.errstate(over="ignore", invalid="ignore"):
            added = np.bincount(self._groups[kept], weights=values[kept] * self._signs[kept], minlength=self._n_groups)
        self.sums[:, self.layout.sum_names.index(name)] += added


def _count_labelled(counter: _Counting, prediction: ArrayLike, score: ArrayLike | None, label: ArrayLike) -> None:
    layout = counter.layout
    if layout.task == "regression":
        _count_errors(counter, np.asarray(prediction, dtype=np.float64), np.asarray(label, dtype=np.float64))
        return
    predicted, true = np.asarray(prediction, dtype=np.int64), np.asarray(label, dtype=np.int64)
    _count_classes(counter, predicted, true)
    if layout.score_edges and score is not None:
        _count_scores(counter, _score_matrix(layout, score, len(true)), predicted, true)


def _count_classes(counter: _Counting, predicted: Codes, true: Codes) -> None:
    other = counter.layout.known_classes.other
    _check_codes("prediction", predicted, other)
    _check_codes("label", true, other)
    labelled = true >= 0
    counter.count(Layout.LABELLED, None, labelled)
    columns = counter.layout.table_shape[1]
    counter.count(counter.layout.table, true * columns + np.where(predicted < 0, columns - 1, predicted), labelled)


def _score_matrix(layout: Layout, score: ArrayLike, n: int) -> Numbers:
    matrix = np.asarray(score, dtype=np.float64)
    matrix = matrix[:, np.newaxis] if matrix.ndim == 1 else matrix
    if matrix.shape != (n, len(layout.score_edges)):
        raise ValueError(f"score of shape {np.shape(score)}: want {len(layout.score_edges)} for each of {n} rows")
    return matrix


def _score_places(layout: Layout, scores: Numbers, predicted: Codes) -> Iterator[Codes]:
    """For each score the place of every row among 3 x bins: how it was predicted, and the bin of the score."""
    declared = (predicted >= 0) & (predicted < layout.known_classes.other)
    for position, code in enumerate(layout.score_classes):
        how = np.where(predicted == code, Layout.PREDICTED, Layout.NOT_PREDICTED)
        how[~declared] = Layout.UNPREDICTED
        bins = np.searchsorted(layout.score_edges[position], scores[:, position], side="right")
        yield how * layout.n_score_bins(position) + bins


def _count_scores(counter: _Counting, scores: Numbers, predicted: Codes, true: Codes) -> None:
    layout = counter.layout
    usable = (true >= 0) & (true < layout.known_classes.other) & np.isfinite(scores).all(axis=1)
    counter.count(layout.scored, None, usable)
    counter.count(layout.outside, None, usable & ((scores < 0) | (scores > 1)).any(axis=1))
    for position, places in enumerate(_score_places(layout, scores, predicted)):
        is_class = true == layout.score_classes[position]
        counter.count(layout.labelled_scores(position), is_class * (3 * layout.n_score_bins(position)) + places, usable)
    # The probability given to each row's own label; a column for the negative class of a binary model is implied.
    given = np.where(usable[:, np.newaxis], np.clip(scores, 0.0, 1.0), 0.0)
    hits = true[:, np.newaxis] == np.array(layout.score_classes)
    own = np.where(hits[:, 0], given[:, 0], 1 - given[:, 0]) if layout.task == "binary" else (given * hits).sum(axis=1)
    log_loss = -np.log(np.clip(own, LOG_LOSS_CLIP, 1 - LOG_LOSS_CLIP))
    brier = ((given - hits) ** 2).sum(axis=1)
    for name, values in (("log_loss", log_loss), ("brier", brier)):
        counter.sum(name, values, usable)
        counter.sum(f"{name}^2", values**2, usable)


def _count_errors(counter: _Counting, predicted: Numbers, true: Numbers) -> None:
    usable = np.isfinite(predicted) & np.isfinite(true)
    not_zero = usable & (true != 0)
    counter.count(Layout.LABELLED, None, ~np.isnan(true))
    counter.count(Layout.USABLE, None, usable)
    counter.count(Layout.NOT_ZERO, None, not_zero)
    with np.errstate(over="ignore", invalid="ignore"):
        error = predicted - true
        ratio = np.abs(error / np.where(not_zero, true, 1.0))
        bins = np.searchsorted(ERROR_EDGES, error, side="right")
        counter.count(slice(Layout.FIRST_ERROR_BIN, counter.layout.n_counts), bins, usable)
        squared = error**2
        sums = {"e": error, "|e|": np.abs(error), "e^2": squared, "e^4": squared**2, "y": true, "y^2": true**2}
        for name, values in sums.items():
            counter.sum(name, values, usable)
        counter.sum("r", ratio, not_zero)
        counter.sum("r^2", ratio**2, not_zero)


def _check_codes(name: str, codes: Codes, other: int) -> None:
    if len(codes) and not -1 <= codes.min() <= codes.max() <= other:
        raise ValueError(f"{name}: codes must be from -1 to {other}: make them with class_codes")


def _checked_groups(groups: ArrayLike | None, n: int, n_groups: int) -> Codes:
    rows = np.zeros(n, dtype=np.int64) if groups is None else np.asarray(groups, dtype=np.int64)
    if len(rows) != n:
        raise ValueError(f"{len(rows)} groups for {n} rows: one a row")
    if n and not 0 <= rows.min() <= rows.max() < n_groups:
        raise ValueError(f"groups must be from 0 to {n_groups - 1}, not {rows.min()} to {rows.max()}")
    return rows


def _check_same_layout(a: bytes, b: bytes) -> None:
    if a != b:
        raise ValueError("the performance profiles were counted with different layouts: count one of them again")
