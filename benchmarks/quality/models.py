"""The monitored models: gradient boosting from scikit-learn, trained on the first part of a stream.

Every stream gets a model trained here, also the two that ship predictions: rows that an injection altered must be
scored again, and the models behind the shipped predictions are not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from benchmarks.quality.sources import FieldKind, Task

ROUNDS = 60
# Categories beyond the most frequent ones of the training rows, and new ones, are missing to the model.
MAX_CATEGORIES = 200
# A field is shuffled this often to find out what it is worth.
SHUFFLES = 3
SHUFFLED_ROWS = 6_000


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained model. ``codes`` has, per categorical field, the model's code (or NaN) for each category."""

    task: Task
    kinds: Mapping[str, FieldKind]
    codes: Mapping[str, NDArray[np.float64]]
    threshold: float
    estimator: Any

    def scored(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with ``prediction`` and, of a binary model, ``score`` (probability of label 1) made anew."""
        inputs = self._inputs(rows)
        if self.task == "regression":
            return rows.assign(prediction=self.estimator.predict(inputs))
        score = self.estimator.predict_proba(inputs)[:, 1]
        return rows.assign(prediction=(score >= self.threshold).astype(np.float64), score=score)

    def _inputs(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        return np.column_stack([self._input(rows, name) for name in self.kinds])

    def _input(self, rows: pd.DataFrame, name: str) -> NDArray[np.float64]:
        if self.kinds[name] == "numeric":
            return rows[name].to_numpy(np.float64)
        # The code -1 of a missing category takes the last place of the table.
        return np.append(self.codes[name], np.nan)[rows[name].cat.codes.to_numpy()]


def trained(rows: pd.DataFrame, task: Task, kinds: Mapping[str, FieldKind], *, balanced: bool) -> Model:
    """A model of the label; see ``Source`` for ``balanced``."""
    codes = {name: _codes(rows[name]) for name, kind in kinds.items() if kind == "categorical"}
    label = rows["label"].to_numpy(np.float64)
    categorical = [kind == "categorical" for kind in kinds.values()]
    kind_of_model = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    estimator = kind_of_model(max_iter=ROUNDS, random_state=0, categorical_features=categorical)
    model = Model(task, kinds, codes, float(label.mean()) if balanced else 0.5, estimator)
    estimator.fit(model._inputs(rows), label)
    return model


def _codes(categories: "pd.Series[Any]") -> NDArray[np.float64]:
    seen = np.bincount(
        categories.cat.codes[categories.cat.codes >= 0].to_numpy(), minlength=len(categories.cat.categories)
    )
    ranked = np.argsort(-seen, kind="stable")
    codes = np.full(len(seen), np.nan)
    known = [position for position in ranked[:MAX_CATEGORIES] if seen[position]]
    codes[known] = np.arange(len(known), dtype=np.float64)
    return codes


def row_losses(rows: pd.DataFrame, task: Task) -> NDArray[np.float64]:
    """The loss of every row: 1 where a class is wrong, or the absolute error."""
    errors: NDArray[np.float64] = np.abs((rows["prediction"] - rows["label"]).to_numpy(np.float64))
    return errors


def permutation_importance(model: Model, rows: pd.DataFrame, rng: np.random.Generator) -> dict[str, float]:
    """What shuffling a field costs: accuracy lost (a share), or the rise of MAE as a share; never below 0.

    Measured on the first ``SHUFFLED_ROWS`` of the rows, taken in random order.
    """
    rows = rows.iloc[rng.permutation(len(rows))[:SHUFFLED_ROWS]].reset_index(drop=True)
    before = float(row_losses(model.scored(rows), model.task).mean())
    unit = before if model.task == "regression" else 1.0
    found: dict[str, float] = {}
    for name in model.kinds:
        after = [_loss_shuffled(model, rows, name, rng) for _ in range(SHUFFLES)]
        found[name] = max(0.0, (float(np.mean(after)) - before) / unit)
    return found


def _loss_shuffled(model: Model, rows: pd.DataFrame, name: str, rng: np.random.Generator) -> float:
    shuffled = rows.assign(**{name: rows[name].array.take(rng.permutation(len(rows)))})
    return float(row_losses(model.scored(shuffled), model.task).mean())
