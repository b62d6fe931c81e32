"""The scenarios: which injection of which size is put into which field of which stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.quality import injections
from benchmarks.quality.injections import NOTHING_USUAL, Injection, Usual
from benchmarks.quality.streams import Stream

# A break is a fault of the data. A concept is a change of the labels alone, which nothing without labels can see.
Nature = Literal["none", "break", "shift", "population", "concept"]
Suits = Literal["numeric", "categorical", "any", "numeric pair", "label"]


@dataclass(frozen=True, slots=True)
class Family:
    """An injection with its sizes, and the kind of field that it suits."""

    name: str
    inject: Injection
    sizes: tuple[float, ...]
    suits: Suits
    nature: Nature


FAMILIES = (
    Family("mean", injections.mean_shift, (0.05, 0.1, 0.25, 0.5, 1.0), "numeric", "shift"),
    Family("scale", injections.scale, (1.1, 1.5, 2.0), "numeric", "shift"),
    Family("mix", injections.category_mix, (0.02, 0.1, 0.25, 0.5), "categorical", "shift"),
    Family("swapped", injections.swapped, (0.05, 0.25, 1.0), "numeric pair", "shift"),
    Family("missing", injections.missing, (0.01, 0.05, 0.1, 0.3), "any", "break"),
    Family("x100", injections.unit_error, (0.01, 0.05, 0.2, 1.0), "numeric", "break"),
    Family("stuck", injections.stuck, (1.0,), "any", "break"),
    Family("population", injections.population_shift, (2.0, 4.0), "any", "population"),
    Family("label flip", injections.label_flip, (0.1, 0.3), "label", "concept"),
)
_BY_NAME = {family.name: family for family in FAMILIES}
UNTOUCHED = "untouched"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One injection into one stream. ``fields`` are those that are changed (two where they swap values).

    ``usual`` is what the first of them holds in the stream, so that every window gets the same change.
    """

    stream: str
    family: str
    fields: tuple[str, ...]
    size: float
    nature: Nature
    usual: Usual = NOTHING_USUAL

    @property
    def name(self) -> str:
        return f"{self.stream}: {self.family} {self.size:g} {' <-> '.join(self.fields)}".rstrip()

    @property
    def reportable(self) -> bool:
        """A break large enough that it must be reported: missing or x100 on 5 % of the rows or more."""
        return self.family in ("missing", "x100") and self.size >= 0.05

    def inject(self, rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        """The changed rows; the model's output is left as it was."""
        return _BY_NAME[self.family].inject(rows, self.fields, self.size, self.usual, rng)


def scenarios_of(stream: Stream) -> list[Scenario]:
    """Every family and size, on the most and on the least important field that it suits.

    Fields with one value are left out: there is nothing to shift. Among fields worth nothing the last one counts as
    the least important.
    """
    ranked = _ranked(stream)
    rows = stream.unchanged()
    found: list[Scenario] = []
    for family in FAMILIES:
        for fields in _targets(family.suits, ranked, stream.kinds):
            usual = Usual.of(rows[fields[0]]) if fields else NOTHING_USUAL
            found.extend(
                Scenario(stream.name, family.name, fields, size, family.nature, usual) for size in family.sizes
            )
    return found


def _ranked(stream: Stream) -> list[str]:
    varied = [name for name in stream.kinds if stream.baseline[name].nunique() > 1]
    return sorted(varied, key=lambda name: -stream.importance[name])


def _targets(suits: Suits, ranked: Sequence[str], kinds: Mapping[str, str]) -> list[tuple[str, ...]]:
    if suits == "label":
        return [()]
    numeric = [name for name in ranked if kinds[name] == "numeric"]
    if suits == "numeric pair":
        pairs = [(numeric[0], numeric[1]), (numeric[-2], numeric[-1])] if len(numeric) > 1 else []
        return list(dict.fromkeys(pairs))
    suited = list(ranked) if suits == "any" else [name for name in ranked if kinds[name] == suits]
    ends = [(suited[0],), (suited[-1],)] if suited else []
    return list(dict.fromkeys(ends))
