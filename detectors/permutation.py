"""What a model loses when a field is shuffled: how much the field matters to it, by the model itself and by labels.

The measure is what the model knows beyond chance: how much better its outputs are on their own rows than dealt to the
rows at random. A field that costs all of it when shuffled has the importance 1, one that costs nothing has 0. So a
share of accuracy, an area under a curve and an error in dollars are on one scale.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]
Outputs = NDArray[Any]
Predict = Callable[[Mapping[str, Values]], Outputs]
Gain = Callable[[Outputs], float]

REPEATS = 5


@dataclass(frozen=True, slots=True)
class FieldWorth:
    """``importance`` is the share of what the model knows that is lost without the field, from 0 to 1.

    ``lost`` is the same in the units of the measure, as the mean over the shuffles; below 0 the model did better by
    chance, and the importance is 0. ``standard_error`` is that of ``lost`` over the shuffles, None of a single one.
    """

    importance: float
    lost: float
    standard_error: float | None


@dataclass(frozen=True, slots=True)
class PermutationImportance:
    """What every field is worth; none where it is undefined, and ``reason`` says why.

    ``gain`` is the measure on the rows as they are, ``by_chance`` with the outputs dealt to the rows at random.
    """

    fields: Mapping[str, FieldWorth]
    gain: float
    by_chance: float
    reason: str = ""


def permutation_importance(
    predict: Predict,
    columns: Mapping[str, Values],
    gain: Gain,
    rng: np.random.Generator,
    repeats: int = REPEATS,
) -> PermutationImportance:
    """What each of ``columns`` (a value a row, all of one length n) is worth to a model.

    ``predict`` gives the outputs (a row an output) of rows that it gets by column. ``gain`` says how good outputs are,
    higher is better; it knows the labels, in the order of the rows. importance = (gain - gain with the field shuffled)
    / (gain - gain of the outputs dealt at random), each the mean of ``repeats`` shuffles. Fields that stand in for each
    other each look less important than both together are. Undefined where there are fewer than two rows, where a gain
    is no number, or where the model does no better than chance. ValueError where columns differ in length, where
    ``repeats`` is below 1, or where ``predict`` gives another number of outputs. Source: Breiman, Machine Learning 45
    (2001), there for trees; Fisher, Rudin and Dominici, JMLR 20 (2019).
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, not {repeats}")
    n = _rows(columns)
    if n < 2:
        return PermutationImportance({}, math.nan, math.nan, f"{n} rows cannot be shuffled: at least 2 are needed")
    outputs = _predicted(predict, columns, n)
    before = gain(outputs)
    by_chance = float(np.mean([gain(outputs[rng.permutation(n)]) for _ in range(repeats)]))
    if not math.isfinite(before) or not math.isfinite(by_chance):
        return PermutationImportance({}, before, by_chance, "how good the model is on these rows is not defined")
    # Outputs that are all the same are dealt without a change, but for the rounding of a mean.
    if before - by_chance <= 1e-9 * max(abs(before), abs(by_chance)):
        return PermutationImportance({}, before, by_chance, "on these rows the model does no better than chance")
    fields = {}
    for name, values in columns.items():
        shuffled = [{**columns, name: values[rng.permutation(n)]} for _ in range(repeats)]
        lost = np.array([before - gain(_predicted(predict, each, n)) for each in shuffled])
        fields[name] = _worth(lost, before - by_chance)
    return PermutationImportance(fields, before, by_chance)


def accuracy_gain(labels: Values) -> Gain:
    """Outputs are classes: the share of rows whose class is the label."""
    return lambda outputs: float(np.mean(outputs == labels))


def ranking_gain(positive: NDArray[np.bool_]) -> Gain:
    """Outputs are scores of the positive class: the area under the ROC curve, ties one half; NaN of one class only."""

    def gain(outputs: Outputs) -> float:
        _, places, counts = np.unique(outputs.astype(np.float64), return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
        n_positive = int(positive.sum())
        pairs = n_positive * (len(positive) - n_positive)
        return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / pairs) if pairs else math.nan

    return gain


def error_gain(labels: NDArray[np.float64]) -> Gain:
    """Outputs are numbers: the mean absolute error, negative, for less is better."""
    return lambda outputs: -float(np.mean(np.abs(outputs.astype(np.float64) - labels)))


def _rows(columns: Mapping[str, Values]) -> int:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns must have one length, not {lengths}")
    return next(iter(lengths.values()), 0)


def _predicted(predict: Predict, columns: Mapping[str, Values], n: int) -> Outputs:
    outputs = np.asarray(predict(columns))
    if outputs.shape[:1] != (n,):
        raise ValueError(f"predict: gave outputs of shape {outputs.shape} for {n} rows: it must give one a row")
    return outputs


def _worth(lost: NDArray[np.float64], most: float) -> FieldWorth:
    mean = float(lost.mean())
    error = float(lost.std(ddof=1) / math.sqrt(len(lost))) if len(lost) > 1 else None
    return FieldWorth(min(max(mean / most, 0.0), 1.0), mean, error)
