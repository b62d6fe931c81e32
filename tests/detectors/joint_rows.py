"""Rows of several fields that depend on one another, to tell a joint change from none."""

import numpy as np

from detectors.columns import CategoryColumn, Column, NumericColumn


def joint_rows(n: int, seed: int, *, swapped: bool = False) -> dict[str, Column]:
    """Five fields; ``a`` and ``b`` are both standard normal, and only ``a`` goes with ``c``: swapped, only ``b`` does.

    ``c`` has missing values, ``region`` rare categories, and ``id`` is different in nearly every row.
    """
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    c = 0.8 * a + 0.6 * rng.normal(size=n)
    c[rng.random(n) < 0.1] = np.nan
    shares = 1 / np.arange(1, 31)
    region = rng.choice([f"r{position}" for position in range(30)], n, p=shares / shares.sum())
    if swapped:
        a, b = b, a
    return {
        "a": NumericColumn.of(a),
        "b": NumericColumn.of(b),
        "c": NumericColumn.of(c, np.isnan(c)),
        "region": with_gaps([str(text) for text in region], rng),
        "id": CategoryColumn.of_strings([f"id{number}" for number in rng.integers(0, 10_000, n)]),
    }


def with_gaps(texts: list[str], rng: np.random.Generator) -> CategoryColumn:
    """A category column in which one row in twenty is missing."""
    gaps = rng.random(len(texts)) < 0.05
    return CategoryColumn.of_strings([None if gap else text for text, gap in zip(texts, gaps, strict=True)])
