"""Domain classifier: can a model that sees whole rows tell the window from the baseline?

The one part of the detectors that needs scikit-learn, which is imported when it is used.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from detectors.columns import CategoryColumn, Column
from detectors.noise import CHANCE

N_FOLDS = 5
# The classifier takes at most 255 categories of a field; the rarest share one.
_MOST_CATEGORIES = 200
_INTERVAL = 0.95

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FieldImportance:
    """By how much the ROC AUC falls when the values of one field are shuffled among the rows."""

    field: str
    drop: float


@dataclass(frozen=True, slots=True)
class DomainClassifierResult:
    """``value`` is the out-of-fold ROC AUC: .5 where the sides look alike, 1 where every row tells its side.

    ``low`` and ``high`` are its 95 % interval, ``limit`` the value that chance passes once in 1,000 times,
    ``p_value`` the chance of this value or a higher one. All are None where ``reason`` says why. ``fields`` are the
    fields by importance, the most telling first.
    """

    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    p_value: float | None
    n_baseline: int
    n_current: int
    fields: tuple[FieldImportance, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Fold:
    """ROC AUC of a classifier on rows that it was not trained on, its variance by chance, and the drop per field."""

    area: float
    variance: float
    drops: Scores


def domain_classifier(
    baseline: Mapping[str, Column], current: Mapping[str, Column], *, seed: int, n_folds: int = N_FOLDS
) -> DomainClassifierResult:
    """Train gradient-boosted trees to tell two samples apart, over the fields of ``baseline``, and test them.

    Each of ``n_folds`` parts is scored by a classifier of the other parts; the value is the mean of the parts' ROC
    AUC. If nothing changed, the rows of a part are exchangeable whatever the classifier does, so its area has the
    mean .5 and the variance v of the Mann-Whitney statistic (with ties). The classifiers share rows, so the areas
    agree more than chance: the variance of their mean is taken as v (1/k + 1/(k - 1)), not v/k. The interval has the
    standard error of Hanley and McNeil (Radiology 143, 1982). Both sides need two rows a part.

    Sources: Lopez-Paz and Oquab, Revisiting classifier two-sample tests, ICLR 2017; Rabanser, Guennemann and Lipton,
    Failing loudly, NeurIPS 2019; for the variance Nadeau and Bengio, Inference for the generalization error, Machine
    Learning 52, 2003. ValueError where ``current`` lacks a field.
    """
    n_baseline, n_current = _n_rows(baseline), _n_rows(current)
    if min(n_baseline, n_current) < 2 * n_folds:
        few = f"the classifier needs {2 * n_folds} rows on either side"
        return DomainClassifierResult(None, None, None, None, None, n_baseline, n_current, reason=few)
    table, categorical = _table(baseline, current)
    is_current = np.arange(n_baseline + n_current) >= n_baseline
    folds = _folds(table, categorical, is_current, seed, n_folds)
    value = float(np.mean([fold.area for fold in folds]))
    variance = float(np.mean([fold.variance for fold in folds]))
    deviation = math.sqrt(variance * (1 / n_folds + 1 / (n_folds - 1)))
    low, high = _interval(value, n_baseline, n_current)
    drops = np.mean([fold.drops for fold in folds], axis=0)
    order = np.argsort(-drops, kind="stable")
    names = list(baseline)
    return DomainClassifierResult(
        value=value,
        low=low,
        high=high,
        limit=min(0.5 - float(ndtri(CHANCE)) * deviation, 1.0),
        p_value=float(ndtr((0.5 - value) / deviation)) if deviation else 1.0,
        n_baseline=n_baseline,
        n_current=n_current,
        fields=tuple(FieldImportance(names[at], float(drops[at])) for at in order.tolist()),
    )


def _table(baseline: Mapping[str, Column], current: Mapping[str, Column]) -> tuple[Scores, list[bool]]:
    """All rows of both sides as numbers, NaN where there is no value, and which columns are categories."""
    parts: list[Scores] = []
    categorical: list[bool] = []
    for name, before in baseline.items():
        now = current.get(name)
        if now is None or type(now) is not type(before):
            raise ValueError(f"field {name!r} is not there in the window, or not of the baseline's kind")
        if isinstance(before, CategoryColumn) and isinstance(now, CategoryColumn):
            parts.append(_codes(before, now))
        elif not isinstance(before, CategoryColumn) and not isinstance(now, CategoryColumn):
            parts.append(np.concatenate([before.values, now.values]))
        categorical.append(isinstance(before, CategoryColumn))
    return np.column_stack(parts), categorical


def _codes(before: CategoryColumn, now: CategoryColumn) -> Scores:
    """Categories by their frequency in both sides together: what is learnt must not begin with knowing the side."""
    texts = [*before.vocabulary, *now.vocabulary, None, None]
    positions = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    of_code = np.array([positions[text] for text in texts])
    missing = positions[None]
    sides = (
        np.where(before.codes < 0, missing, of_code[before.codes]),
        np.where(now.codes < 0, missing, of_code[now.codes + len(before.vocabulary) * (now.codes >= 0)]),
    )
    rows = np.concatenate(sides)
    counts = np.bincount(rows, minlength=len(positions))
    counts[missing] = -1
    rank = np.empty(len(positions))
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(positions))
    codes = np.minimum(rank[rows], _MOST_CATEGORIES)
    return np.where(rows == missing, np.nan, codes)


def _folds(
    table: Scores, categorical: Sequence[bool], is_current: NDArray[np.bool_], seed: int, n_folds: int
) -> list[_Fold]:
    rng = np.random.default_rng(seed)
    fold_of = np.empty(len(table), dtype=np.int64)
    for side in (is_current, ~is_current):
        fold_of[side] = rng.permutation(np.arange(int(side.sum())) % n_folds)
    # Infinities are values at the ends, which the trees take as they take the largest number.
    finite = np.clip(table, -np.finfo(np.float32).max, np.finfo(np.float32).max)
    return [
        _fold(finite, categorical, is_current, fold_of == part, rng.spawn(1)[0], seed + part) for part in range(n_folds)
    ]


def _fold(
    table: Scores,
    categorical: Sequence[bool],
    is_current: NDArray[np.bool_],
    held_out: NDArray[np.bool_],
    rng: np.random.Generator,
    seed: int,
) -> _Fold:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    classifier = HistGradientBoostingClassifier(
        max_iter=50,
        max_leaf_nodes=15,
        categorical_features=list(categorical),
        early_stopping=False,
        random_state=seed % 2**32,
    )
    rows, truth = table[held_out], is_current[held_out]
    # Threads that wait for one another on a busy machine take ten times as long as one alone.
    with threadpool_limits(1):
        classifier.fit(table[~held_out], is_current[~held_out])
        scores = _scores(classifier, rows)
        drops = [_area(scores, truth) - _area(each, truth) for each in _scores_without(classifier, rows, rng)]
    return _Fold(_area(scores, truth), _chance_variance(scores, truth), np.array(drops))


def _scores_without(classifier: Any, rows: Scores, rng: np.random.Generator) -> Iterator[Scores]:
    """The scores when one column after the other is shuffled, and so says nothing."""
    for column in range(rows.shape[1]):
        shuffled = rows.copy()
        shuffled[:, column] = rng.permutation(shuffled[:, column])
        yield _scores(classifier, shuffled)


def _scores(classifier: Any, rows: Scores) -> Scores:
    scores: Scores = classifier.decision_function(rows)
    return scores


def _area(scores: Scores, truth: NDArray[np.bool_]) -> float:
    """ROC AUC: the chance that a row of the window has the higher score, equal ones counted half."""
    n_current = int(truth.sum())
    ranks = float(rankdata(scores)[truth].sum())
    return (ranks - n_current * (n_current + 1) / 2) / (n_current * (len(truth) - n_current))


def _chance_variance(scores: Scores, truth: NDArray[np.bool_]) -> float:
    """Variance of the area when the sides are exchangeable, with the correction for ties (Lehmann 1975)."""
    n, n_current = len(truth), int(truth.sum())
    _, ties = np.unique(scores, return_counts=True)
    tied = float((ties.astype(np.float64) ** 3 - ties).sum()) / (n * (n - 1))
    return (n + 1 - tied) / (12 * n_current * (n - n_current))


def _interval(area: float, n_baseline: int, n_current: int) -> tuple[float, float]:
    first, second = area / (2 - area), 2 * area * area / (1 + area)
    spread = area * (1 - area) + (n_current - 1) * (first - area**2) + (n_baseline - 1) * (second - area**2)
    half = float(ndtri((1 + _INTERVAL) / 2)) * math.sqrt(max(spread, 0.0) / (n_baseline * n_current))
    return max(area - half, 0.0), min(area + half, 1.0)


def _n_rows(columns: Mapping[str, Column]) -> int:
    return len(next(iter(columns.values()))) if columns else 0
