"""Faults and shifts put into rows on purpose: pure functions of (rows, fields, size, usual, rng) that give new rows.

None touches a column other than its fields (and, of a label flip, the label); the model's output is left as it was,
for the caller to make anew. What ``size`` means is said by each. ``usual`` is what the first field holds in all rows of
the stream: by the rows at hand alone, two windows might get another category, and only one of the two hurts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Usual:
    """What a field usually holds: numbers by mean, standard deviation and median, ``categories`` by frequency."""

    mean: float = 0.0
    deviation: float = 0.0
    median: float = 0.0
    categories: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: "pd.Series[Any]") -> "Usual":
        """Of categories equally frequent the one that comes first is first."""
        if values.dtype == np.float64:
            return cls(float(values.mean()), float(values.std()), float(values.median()))
        counts = values.value_counts(sort=False)
        return cls(categories=tuple(counts[counts > 0].sort_values(ascending=False, kind="stable").index))

    @property
    def value(self) -> float | str:
        """The median of numbers, or the most frequent category."""
        return self.categories[0] if self.categories else self.median

    @property
    def next_category(self) -> str:
        """The second most frequent category (the only one, where there is one)."""
        return self.categories[:2][-1]


NOTHING_USUAL = Usual()
Injection = Callable[[pd.DataFrame, Sequence[str], float, Usual, np.random.Generator], pd.DataFrame]


def mean_shift(
    rows: pd.DataFrame, fields: Sequence[str], size: float, usual: Usual, rng: np.random.Generator
) -> pd.DataFrame:
    """A numeric field moves up by ``size`` of its usual standard deviations."""
    return rows.assign(**{fields[0]: rows[fields[0]] + size * usual.deviation})


def scale(
    rows: pd.DataFrame, fields: Sequence[str], size: float, usual: Usual, rng: np.random.Generator
) -> pd.DataFrame:
    """A numeric field's distance from its usual mean grows by the factor ``size``."""
    return rows.assign(**{fields[0]: usual.mean + size * (rows[fields[0]] - usual.mean)})


def category_mix(
    rows: pd.DataFrame, fields: Sequence[str], size: float, usual: Usual, rng: np.random.Generator
) -> pd.DataFrame:
    """A share ``size`` of the rows takes the second most frequent category (the only one, where there is one)."""
    return _with_values(rows, fields[0], _some(rows, size, rng), usual.next_category)


def missing(
    rows: pd.DataFrame, fields: Sequence[str], size: float, usual: Usual, rng: np.random.Generator
) -> pd.DataFrame:
    """A share ``size`` of the rows loses its value."""
    return _with_values(rows, fields[0], _some(rows, size, rng), None)


def unit_error(
    rows: pd.DataFrame, fields: Sequence[str], size: float, usual: Usual, rng: np.random.Generator
) -> pd.DataFrame:
    """A share ``size`` of the rows has 100 times the value of a numeric field."""
    factor = np.where(_some(rows, size, rng), 100.0, 1.0)
    return rows.assign(**{fields[0]: rows[fields[0]] * factor})


def swapped(
    rows: pd.DataFrame, fields: Sequence[str], size: float, usual: Usual, rng: np.random.Generator
) -> pd.DataFrame:
    """In a share ``size`` of the rows two numeric fields hold each other's values."""
    one, other = fields[0], fields[1]
    chosen = _some(rows, size, rng)
    return rows.assign(
        **{one: rows[one].where(~chosen, rows[other]), other: rows[other].where(~chosen, rows[one])},
    )


def stuck(
    rows: pd.DataFrame, fields: Sequence[str], size: float, usual: Usual, rng: np.random.Generator
) -> pd.DataFrame:
    """A share ``size`` of the rows holds one value: the median, or the most frequent category."""
    return _with_values(rows, fields[0], _some(rows, size, rng), usual.value)


def label_flip(
    rows: pd.DataFrame, fields: Sequence[str], size: float, usual: Usual, rng: np.random.Generator
) -> pd.DataFrame:
    """A share ``size`` of the rows gets the other label, or of a regression each other's labels."""
    chosen, label = _some(rows, size, rng), rows["label"].to_numpy(np.float64).copy()
    if np.isin(label, (0.0, 1.0)).all():
        label[chosen] = 1 - label[chosen]
    else:
        label[chosen] = rng.permutation(label[chosen])
    return rows.assign(label=label)


def population_shift(
    rows: pd.DataFrame, fields: Sequence[str], size: float, usual: Usual, rng: np.random.Generator
) -> pd.DataFrame:
    """Rows above the median (or of the most frequent category) come ``size`` times as often against the others.

    Where none lies above the median, rows below it are favoured. Labels and all fields move along. Of the others all
    but one in ``size`` are left out, so fewer rows come back.
    """
    values = rows[fields[0]]
    if values.dtype == np.float64:
        above = values > usual.median
        favoured = above if above.any() else values < usual.median
    else:
        favoured = values == usual.value
    kept = favoured.to_numpy(np.bool_) | (rng.random(len(rows)) < 1 / size)
    return rows[kept].reset_index(drop=True)


def _some(rows: pd.DataFrame, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Marks exactly that share of the rows, rounded."""
    chosen = np.zeros(len(rows), dtype=np.bool_)
    chosen[rng.permutation(len(rows))[: round(share * len(rows))]] = True
    return chosen


def _with_values(rows: pd.DataFrame, field: str, chosen: NDArray[np.bool_], value: Any) -> pd.DataFrame:
    changed = rows[field].copy()
    changed[chosen] = value
    return rows.assign(**{field: changed})
