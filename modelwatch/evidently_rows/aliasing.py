"""Names and categories of rows replaced by plain aliases, and the texts that the aliases stand for.

Evidently writes names and categories into its pages as they are, where a name may be markup. An alias is a letter and
a number, which is nothing but text wherever it lands.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from detectors.columns import CategoryColumn, Column, NumericColumn
from modelwatch.row_samples import RowSample
from store.definitions import FieldKind

# Evidently takes minutes over thousands of categories and draws no more than a few.
MAX_CATEGORIES = 50
_REST = "c0"


@dataclass(frozen=True, slots=True)
class Aliased:
    """Two samples under aliases. ``fields`` gives each field's alias its kind, ``texts`` every alias its text."""

    baseline: pd.DataFrame
    current: pd.DataFrame
    fields: Mapping[str, FieldKind]
    texts: Mapping[str, str]


def aliased(baseline: RowSample, current: RowSample, max_categories: int | None = None) -> Aliased:
    """Both samples with fields named f0, f1, ... in the baseline's order, and categories c1, c2, ...

    With ``max_categories`` a field keeps its most frequent categories (of both samples together), and the rest are one,
    c0. Cells that are missing, mistyped or not finite are empty.
    """
    texts: dict[str, str] = {}
    of_text: dict[str, str] = {}
    before: dict[str, pd.Series[float] | pd.Series[str]] = {}
    now: dict[str, pd.Series[float] | pd.Series[str]] = {}
    kinds: dict[str, FieldKind] = {}
    for position, (name, kind) in enumerate(baseline.kinds.items()):
        alias = f"f{position}"
        texts[alias], kinds[alias] = name, kind
        sides = baseline.columns[name], current.columns[name]
        kept = _kept(sides, max_categories)
        for text in kept:
            of_text.setdefault(text, f"c{len(of_text) + 1}")
        before[alias], now[alias] = (_cells(column, kept, of_text) for column in sides)
    texts |= {alias: text for text, alias in of_text.items()}
    texts[_REST] = "all other categories"
    return Aliased(pd.DataFrame(before), pd.DataFrame(now), kinds, texts)


def _kept(sides: tuple[Column, Column], most: int | None) -> set[str]:
    counts: Counter[str] = Counter()
    for column in sides:
        if isinstance(column, CategoryColumn):
            counts.update(column.vocabulary[code] for code in column.codes[column.codes >= 0].tolist())
    return {text for text, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:most]}


def _cells(column: Column, kept: set[str], of_text: Mapping[str, str]) -> "pd.Series[float] | pd.Series[str]":
    if isinstance(column, NumericColumn):
        return pd.Series(np.where(np.isfinite(column.values), column.values, np.nan))
    aliases = [of_text[text] if text in kept else _REST for text in column.vocabulary]
    cells = [None if code < 0 else aliases[code] for code in column.codes.tolist()]
    return pd.Series(cells, dtype=object)
