"""A small stream with a model that anybody can follow: label 1 where the first number is above 0, with some noise."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.quality.models import Model
from benchmarks.quality.sources import FieldKind
from benchmarks.quality.streams import Stream

KINDS: dict[str, FieldKind] = {"first": "numeric", "second": "numeric", "place": "categorical"}


class FirstAboveZero:
    """The probability of label 1 is .9 where the first input is above 0, else .1; a missing one counts as below."""

    def predict_proba(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        score = np.where(inputs[:, 0] > 0, 0.9, 0.1)
        return np.column_stack([1 - score, score])


def model() -> Model:
    estimator: Any = FirstAboveZero()
    return Model("binary", KINDS, {"place": np.array([0.0, 1.0, 2.0])}, 0.5, estimator)


def rows_of(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    first = rng.normal(3, 2, n) - 3
    wrong = rng.random(n) < 0.1
    frame = pd.DataFrame(
        {
            "first": first,
            "second": rng.exponential(5, n),
            "place": pd.Categorical(rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1]), categories=["a", "b", "c"]),
            "label": ((first > 0) != wrong).astype(np.float64),
        }
    )
    return model().scored(frame)


def small_stream() -> Stream:
    importance = {"first": 0.4, "second": 0.0, "place": 0.0}
    parts = rows_of(500, 1), rows_of(2_000, 2), rows_of(3_000, 3)
    return Stream("small", "binary", KINDS, *parts, (300,), None, (), model(), importance)
