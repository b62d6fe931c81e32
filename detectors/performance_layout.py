"""Where each count and each sum of a performance profile lies in its two flat vectors.

Like a binning, a layout is fixed with the baseline: profiles of one layout add up, profiles of two do not.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from detectors.classes import Classes

Task = Literal["binary", "multiclass", "regression"]
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")

# Errors are counted in half octaves from a millionth to a trillion, on either side of zero.
_ERROR_STEPS = 2.0 ** (np.arange(-40, 81) / 2)
ERROR_EDGES: NDArray[np.float64] = np.concatenate([-_ERROR_STEPS[::-1], _ERROR_STEPS])

# Raised when the slots change: what was counted before does not add up with what is counted now.
_VERSION = 2

Edges = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The slots of a performance profile.

    Counts, all tasks: slot 0 the labelled rows. Classification of K classes: a (K + 1) x (K + 2) table of label by
    prediction (the declared classes, other, and for the prediction also none), the rows with a known label and a
    usable score, and those of them with a score outside [0, 1]. Then for each score, that speaks for one class, rows
    with a known label by (label is the class, how predicted, score bin), and all rows, labelled or not, by (how
    predicted, score bin); how predicted is NOT_PREDICTED (another class), PREDICTED (the class) or UNPREDICTED (no
    declared class). A binary model has one score, for its positive class; a multiclass model one a class, or none.
    Regression: usable rows, usable rows whose label is not zero, then rows per bin of the error.

    Sums: see ``CLASSIFICATION_SUMS`` and ``REGRESSION_SUMS``.
    """

    LABELLED: ClassVar[int] = 0
    NOT_PREDICTED: ClassVar[int] = 0
    PREDICTED: ClassVar[int] = 1
    UNPREDICTED: ClassVar[int] = 2
    CLASSIFICATION_SUMS: ClassVar[tuple[str, ...]] = ("log_loss", "log_loss^2", "brier", "brier^2")
    # e is prediction less label, r is |e / y| where the label y is not zero.
    REGRESSION_SUMS: ClassVar[tuple[str, ...]] = ("e", "|e|", "e^2", "e^4", "y", "y^2", "r", "r^2")
    USABLE: ClassVar[int] = 1
    NOT_ZERO: ClassVar[int] = 2
    FIRST_ERROR_BIN: ClassVar[int] = 3

    task: Task
    classes: Classes | None
    score_edges: tuple[Edges, ...]
    fingerprint: bytes = field(init=False)

    def __post_init__(self) -> None:
        if (self.task == "regression") != (self.classes is None):
            raise ValueError(f"task {self.task}: classes are for binary and multiclass models, which need them")
        for edges in self.score_edges:
            if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
                raise ValueError("score edges must be finite and strictly increasing")
        object.__setattr__(self, "fingerprint", _fingerprint(self))

    @property
    def known_classes(self) -> Classes:
        """The classes of a classifier's layout; ValueError for regression."""
        if self.classes is None:
            raise ValueError("a regression model has no classes")
        return self.classes

    @property
    def table_shape(self) -> tuple[int, int]:
        n_classes = len(self.known_classes.labels)
        return n_classes + 1, n_classes + 2

    @property
    def table(self) -> slice:
        return slice(1, self._table_end)

    @property
    def _table_end(self) -> int:
        rows, columns = self.table_shape
        return 1 + rows * columns

    @property
    def scored(self) -> int:
        return self._table_end

    @property
    def outside(self) -> int:
        return self._table_end + 1

    def n_score_bins(self, score: int) -> int:
        return len(self.score_edges[score]) + 1

    def labelled_scores(self, score: int) -> slice:
        """Labelled rows of one score: 2 x 3 x bins, by (label is the class, how predicted, bin)."""
        start = self._table_end + 2 + 9 * sum(self.n_score_bins(before) for before in range(score))
        return slice(start, start + 6 * self.n_score_bins(score))

    def all_scores(self, score: int) -> slice:
        """All rows of one score, labelled or not: 3 x bins, by (how predicted, bin)."""
        start = self.labelled_scores(score).stop
        return slice(start, start + 3 * self.n_score_bins(score))

    @property
    def n_counts(self) -> int:
        if self.task == "regression":
            return self.FIRST_ERROR_BIN + len(ERROR_EDGES) + 1
        if not self.score_edges:
            return self._table_end + 2
        return int(self.all_scores(len(self.score_edges) - 1).stop)

    @property
    def sum_names(self) -> tuple[str, ...]:
        return self.REGRESSION_SUMS if self.task == "regression" else self.CLASSIFICATION_SUMS

    @property
    def score_names(self) -> tuple[str, ...]:
        """The field that holds each score."""
        if not self.score_edges:
            return ()
        return score_names(self.task, self.known_classes)

    @property
    def score_classes(self) -> tuple[int, ...]:
        """The class that each score speaks for."""
        if not self.score_edges:
            return ()
        if self.task == "binary":
            return (self.known_classes.positive_code,)
        return tuple(range(len(self.score_edges)))


def performance_layout(task: Task, classes: Classes | None, score_edges: Mapping[str, Edges] | None = None) -> Layout:
    """The layout of a model.

    ``score_edges`` are the edges of the score fields' bins by field name: ``score`` for a binary model, ``score[c]``
    for every class c of a multiclass one; None or empty where the model gives no scores, and ignored for regression.
    ValueError names what is missing.
    """
    if task not in TASKS:
        raise ValueError(f"task {task!r} is not known: use one of {', '.join(TASKS)}")
    if task == "binary" and classes is not None and (classes.positive is None or len(classes.labels) != 2):
        raise ValueError(f"a binary model has two classes and a positive one, not {classes}")
    if task == "regression" or classes is None or not score_edges:
        return Layout(task, classes, ())
    names = score_names(task, classes)
    absent = [name for name in names if name not in score_edges]
    if absent:
        raise ValueError(f"score_edges: field {absent[0]!r} is missing: give the edges of every score, or none at all")
    return Layout(task, classes, tuple(np.asarray(score_edges[name], dtype=np.float64) for name in names))


def score_names(task: Task, classes: Classes) -> tuple[str, ...]:
    """The fields of a classifier's scores: one for the positive class, or one a class of a multiclass model."""
    return ("score",) if task == "binary" else tuple(f"score[{label}]" for label in classes.labels)


def bin_middles(edges: Edges) -> NDArray[np.float64]:
    """The middle of each score bin, as far as it lies between 0 and 1."""
    ends = np.clip(np.concatenate([[0.0], edges, [1.0]]), 0.0, 1.0)
    return np.asarray((ends[1:] + ends[:-1]) / 2)


def _fingerprint(layout: Layout) -> bytes:
    """Eight bytes that mark what was counted with this layout."""
    classes = layout.classes
    words = [_VERSION, layout.task, list(classes.labels) if classes else None, classes.positive if classes else None]
    digest = hashlib.sha256(json.dumps(words).encode())
    for edges in layout.score_edges:
        digest.update(len(edges).to_bytes(8, "little") + edges.astype("<f8").tobytes())
    return digest.digest()[:8]
