"""What each field of a baseline is worth to the model, by shuffling it and asking the model again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from detectors.classes import Classes
from detectors.columns import NumericColumn
from detectors.permutation import (
    FieldWorth,
    Gain,
    Outputs,
    PermutationImportance,
    accuracy_gain,
    error_gain,
    permutation_importance,
    ranking_gain,
)
from detectors.wording import number
from modelwatch.baseline_blocks import seed_of
from modelwatch.columns import label_column, plain_values
from modelwatch.failures import CommandError
from modelwatch.predict_function import PredictFunction
from modelwatch.scheme import Scheme
from modelwatch.tabular import FileRows
from modelwatch.values import category, decode
from store.baseline_importance import save_importance
from store.baselines import get_binning
from store.engine import writing
from store.records import Baseline

# More rows hardly sharpen the measure.
MAX_ROWS = 10_000
# How the source of an importance is stored that was measured here.
PERMUTATION = "permutation"
_MOST_NAMED = 5

Reading = Callable[[Sequence[object]], Outputs]


def measure_importance(engine: Engine, baseline: Baseline, rows: FileRows, predict: PredictFunction) -> list[str]:
    """Measures importance on the file that a baseline was made of and keeps it with the baseline; what to tell of it.

    Raises CommandError as ``field_worth`` does, and where the model does no better than chance.
    """
    with engine.connect() as conn:
        scheme = Scheme.from_bytes(get_binning(conn, baseline.binning_id).payload)
    rng = np.random.default_rng(seed_of(baseline.content_hash, PERMUTATION))
    found = field_worth(rows, scheme.layout.classes, predict, rng)
    if not found.fields:
        raise CommandError(f"--predict: importance is undefined: {found.reason}")
    with writing(engine) as conn:
        save_importance(
            conn, baseline.id, {field: worth.importance for field, worth in found.fields.items()}, PERMUTATION
        )
    ranked = sorted(found.fields, key=lambda field: -found.fields[field].importance)
    return [f"importance of {field}: {_share_lost(found.fields[field])}" for field in ranked]


def _share_lost(worth: FieldWorth) -> str:
    error = "" if worth.standard_error is None else f" (+- {number(worth.standard_error)})"
    return f"{number(worth.importance)}; {number(worth.lost)}{error} is lost when it is shuffled"


def field_worth(
    rows: FileRows, classes: Classes | None, predict: PredictFunction, rng: np.random.Generator
) -> PermutationImportance:
    """The importance of each feature by its field name, measured on at most ``MAX_ROWS`` labelled rows.

    ``predict`` gets the features under the names of the file and gives a value a row: a class, the number that a
    regression predicts (``classes`` None), or of a binary model a score of the positive class, which is judged by how
    it ranks. Raises CommandError where the file has no labels or features, and where an output is none of these.
    """
    labelled = [row for row, label in enumerate(rows.labels or []) if label is not None]
    if not labelled or not rows.features:
        what = "features" if labelled else "labels"
        raise CommandError(f"--predict: {rows.path} has no {what}: importance is what it costs to shuffle a feature")
    chosen = np.sort(rng.permutation(labelled)[:MAX_ROWS])
    frame = rows.frame.iloc[chosen].reset_index(drop=True)
    columns = {field: frame[field].array for field in rows.features}

    def outputs_of(shuffled: Mapping[str, Any]) -> list[object]:
        features = pd.DataFrame({rows.features[field]: values for field, values in shuffled.items()})
        return _one_a_row(predict(features), len(features))

    texts = rows.label_texts()
    gain, read = _judged([texts[row] for row in chosen.tolist()], classes, outputs_of(columns))
    return permutation_importance(lambda shuffled: read(outputs_of(shuffled)), columns, gain, rng)


def _one_a_row(given: Any, n: int) -> list[object]:
    cells = given if isinstance(given, pd.Series) else pd.Series(given)
    if len(cells) != n or np.ndim(given) != 1:
        shape = np.shape(given)
        raise CommandError(f"--predict: the function must give one value for each of {n:,} rows, not shape {shape}")
    return plain_values(cells)


def _judged(labels: Sequence[str | None], classes: Classes | None, outputs: Sequence[object]) -> tuple[Gain, Reading]:
    """How good outputs are, and how to read them: as numbers, as classes, or as scores of the positive class."""
    if classes is None:
        truth = label_column(labels, "numeric")
        return error_gain(truth.values if isinstance(truth, NumericColumn) else np.zeros(0)), _numbers
    true = np.array([_text(decode(text or "null")) for text in labels], dtype=object)
    strangers = [value for value in outputs if _text(value) not in classes.labels]
    if not strangers:
        return accuracy_gain(true), _texts
    if classes.positive is not None and all(isinstance(value, int | float) for value in outputs):
        return ranking_gain(true == classes.positive), _numbers
    known = ", ".join(classes.labels[:_MOST_NAMED])
    raise CommandError(f"--predict: the function gave {strangers[0]!r}, which is no class of the model: it has {known}")


def _texts(outputs: Sequence[object]) -> Outputs:
    return np.array([_text(value) for value in outputs], dtype=object)


def _text(value: object) -> str | None:
    found = category(value, None)
    return found if isinstance(found, str) else None


def _numbers(outputs: Sequence[object]) -> Outputs:
    wrong = next((value for value in outputs if isinstance(value, bool) or not isinstance(value, int | float)), None)
    if wrong is not None or None in outputs:
        raise CommandError(f"--predict: the function gave {wrong!r} where a number was expected")
    return np.array(outputs, dtype=np.float64)
