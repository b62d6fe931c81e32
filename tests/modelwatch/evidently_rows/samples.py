"""Two samples of rows whose names and categories are as hostile as they come."""

import numpy as np

from detectors.columns import CategoryColumn, Column, NumericColumn
from modelwatch.row_samples import RowSample
from store.definitions import FieldKind

SCRIPT = "</script><script>window.harmed = true; alert(1)</script>"
IMAGE = "<img src=x onerror='window.harmed = true; alert(2)'>"
QUOTES = "'\"&\\u003c${1}`\u2028"


def hostile_sample(seed: int, shift: float = 0.0, n_rows: int = 400) -> RowSample:
    """Numbers with gaps, categories that are markup, and fields without any change or value."""
    rng = np.random.default_rng(seed)
    gaps = np.arange(n_rows) % 9 == 0
    columns: dict[str, Column] = {
        SCRIPT: NumericColumn.of(rng.normal(shift, 1, n_rows), gaps),
        IMAGE: CategoryColumn.of_strings([str(text) for text in rng.choice([SCRIPT, IMAGE, QUOTES], n_rows)]),
        "f0": NumericColumn.of(rng.normal(size=n_rows)),
        "constant": NumericColumn.of(np.full(n_rows, 3.0)),
        "flag": CategoryColumn.of_booleans((rng.random(n_rows) < 0.5).tolist()),
        "empty": NumericColumn.of(np.full(n_rows, np.nan), np.ones(n_rows, dtype=np.bool_)),
    }
    kinds: dict[str, FieldKind] = {
        SCRIPT: "numeric",
        IMAGE: "categorical",
        "f0": "numeric",
        "constant": "numeric",
        "flag": "boolean",
        "empty": "numeric",
    }
    return RowSample(columns, kinds, 12_345)
