"""The contenders that anybody can write in an afternoon with SciPy: tests for every field, PSI, KS of the score.

None of them knows harm, so their severity is the largest effect, and whatever alarms also pages.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import kolmogorov
from scipy.stats import chi2_contingency

from benchmarks.quality.contenders import Verdict, output_of, with_output
from benchmarks.quality.sources import FieldKind

LEVEL = 0.05
PSI_LIMIT = 0.2
PSI_BINS = 10
_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tested:
    """``p_value`` of no change, and ``effect``: the KS distance, or total variation of categories."""

    p_value: float
    effect: float


@dataclass(slots=True)
class FieldTests:
    """KS (numbers) and chi-square (categories) for every field; any field alarms.

    ``shared`` divides the level by the number of fields (Bonferroni). The statistic is -log10 of the smallest p.
    """

    name: str
    shared: bool
    _sorted: dict[str, _Numbers] = field(default_factory=dict)
    _counts: dict[str, _Numbers] = field(default_factory=dict)

    def fit(
        self,
        baseline: pd.DataFrame,
        kinds: Mapping[str, FieldKind],
        importance: Mapping[str, float],
        rng: np.random.Generator,
    ) -> None:
        self._sorted, self._counts = {}, {}
        for name, kind in with_output(baseline, kinds).items():
            if kind == "numeric":
                self._sorted[name] = present(baseline[name])
            else:
                self._counts[name] = category_counts(baseline[name])

    def judge(self, window: pd.DataFrame) -> Verdict:
        tested = {name: ks_test(before, present(window[name])) for name, before in self._sorted.items()}
        tested |= {name: chi_square_test(n, category_counts(window[name])) for name, n in self._counts.items()}
        level = LEVEL / len(tested) if self.shared else LEVEL
        fields = tuple(name for name, test in tested.items() if test.p_value < level)
        smallest = min(test.p_value for test in tested.values())
        # A p-value below the smallest number is 0: the effect keeps such windows in order.
        largest = max(test.effect for test in tested.values())
        statistic = -math.log10(max(smallest, 1e-300)) + (largest if smallest < 1e-300 else 0.0)
        return Verdict(bool(fields), statistic, largest, bool(fields), fields)


@dataclass(slots=True)
class StabilityIndex:
    """PSI over ten equal parts of the baseline, or the categories; what is missing is left out; .2 alarms."""

    name: str = "PSI .2"
    _cuts: dict[str, _Numbers] = field(default_factory=dict)
    _counts: dict[str, _Numbers] = field(default_factory=dict)

    def fit(
        self,
        baseline: pd.DataFrame,
        kinds: Mapping[str, FieldKind],
        importance: Mapping[str, float],
        rng: np.random.Generator,
    ) -> None:
        self._cuts = {}
        for name, kind in with_output(baseline, kinds).items():
            if kind == "numeric":
                cuts = np.quantile(present(baseline[name]), np.arange(1, PSI_BINS) / PSI_BINS)
                self._cuts[name] = np.unique(cuts)
        self._counts = {name: self._parts(baseline, name) for name in with_output(baseline, kinds)}

    def judge(self, window: pd.DataFrame) -> Verdict:
        found = {name: psi(before, self._parts(window, name)) for name, before in self._counts.items()}
        fields = tuple(name for name, value in found.items() if value >= PSI_LIMIT)
        largest = max(found.values())
        return Verdict(bool(fields), largest, largest, bool(fields), fields)

    def _parts(self, rows: pd.DataFrame, name: str) -> _Numbers:
        if name not in self._cuts:
            return category_counts(rows[name])
        places = np.searchsorted(self._cuts[name], present(rows[name]), side="left")
        return np.bincount(places, minlength=len(self._cuts[name]) + 1).astype(np.float64)


@dataclass(slots=True)
class ScoreTest:
    """KS of the model's output alone, at .05."""

    name: str = "score KS .05"
    _sorted: _Numbers = field(default_factory=lambda: np.zeros(0))

    def fit(
        self,
        baseline: pd.DataFrame,
        kinds: Mapping[str, FieldKind],
        importance: Mapping[str, float],
        rng: np.random.Generator,
    ) -> None:
        self._sorted = present(baseline[output_of(baseline)])

    def judge(self, window: pd.DataFrame) -> Verdict:
        output = output_of(window)
        test = ks_test(self._sorted, present(window[output]))
        alarm = test.p_value < LEVEL
        return Verdict(alarm, test.effect, test.effect, alarm, (output,) if alarm else ())


def present(values: "pd.Series[Any]") -> _Numbers:
    """The values that are there, in order."""
    numbers = values.to_numpy(np.float64)
    return np.sort(numbers[~np.isnan(numbers)])


def category_counts(values: "pd.Series[Any]") -> _Numbers:
    """Rows of each category of a categorical column; missing ones are left out."""
    codes = values.cat.codes.to_numpy()
    return np.bincount(codes[codes >= 0], minlength=len(values.cat.categories)).astype(np.float64)


def ks_test(before: _Numbers, now: _Numbers) -> Tested:
    """Two-sample KS of sorted values with the asymptotic p-value; no values at all are total change."""
    if not len(before) or not len(now):
        return Tested(0.0, 1.0)
    # The gap is widest at a value of the window, or just below one.
    sides: tuple[Literal["left", "right"], ...] = ("left", "right")
    distance = max(
        float(
            np.abs(np.searchsorted(before, now, side) / len(before) - np.searchsorted(now, now, side) / len(now)).max()
        )
        for side in sides
    )
    rows = len(before) * len(now) / (len(before) + len(now))
    return Tested(float(kolmogorov(distance * math.sqrt(rows))), distance)


def chi_square_test(before: _Numbers, now: _Numbers) -> Tested:
    """Chi-square of the two rows of counts, categories that neither side has left out."""
    used = before + now > 0
    if used.sum() < 2:
        return Tested(1.0, 0.0)
    if not now.sum():
        return Tested(0.0, 1.0)
    table = np.array([before[used], now[used]])
    effect = float(np.abs(before / before.sum() - now / now.sum()).sum()) / 2
    return Tested(float(chi2_contingency(table, correction=False)[1]), effect)


def psi(before: _Numbers, now: _Numbers) -> float:
    """The population stability index of two rows of counts; an empty part counts as half a row."""
    used = before + now > 0
    p, q = (np.maximum(counts[used], 0.5) / max(counts.sum(), 1.0) for counts in (before, now))
    return float(np.sum((q - p) * np.log(q / p)))


def classical_contenders() -> list[FieldTests | StabilityIndex | ScoreTest]:
    """All of this file."""
    return [FieldTests("KS/chi2 .05", False), FieldTests("KS/chi2 Bonferroni", True), StabilityIndex(), ScoreTest()]
