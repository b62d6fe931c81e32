"""Many questions at once: which of them to answer with a discovery, so that few discoveries are false.

For questions asked together, adjusted p-values (Benjamini-Yekutieli, Holm). For questions that arrive one after
another without an end, e-LOND on e-values.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


def benjamini_yekutieli(p_values: ArrayLike) -> Numbers:
    """Adjusted p-values, float[n] in the order given: the smallest false discovery rate at which each is listed.

    p(i) n (1 + 1/2 + ... + 1/n) / i for the i-th smallest, made monotone from the largest down, at most 1. Listing
    all that are at most q keeps the expected share of false ones among those listed within q, whatever the dependence
    between the p-values (fields of one model depend on each other). ValueError for anything outside 0 to 1, NaN too:
    leave out what is undefined. Source: Benjamini and Yekutieli, Annals of Statistics 29 (2001).
    """
    p = _checked(p_values)
    n = len(p)
    ranks = np.arange(1, n + 1)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * n * np.sum(1 / ranks) / ranks
    adjusted = np.empty(n)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.minimum(adjusted, 1.0)


def holm(p_values: ArrayLike) -> Numbers:
    """Adjusted p-values, float[n] in the order given: the smallest chance of any false discovery at which each stays.

    p(i) (n - i + 1) for the i-th smallest, made monotone from the smallest up, at most 1. Stricter than
    Benjamini-Yekutieli where there is much to find, and for when a single false one is too many. Holds whatever the
    dependence. ValueError as for ``benjamini_yekutieli``. Source: Holm, Scandinavian Journal of Statistics 6 (1979).
    """
    p = _checked(p_values)
    n = len(p)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(n)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(n, 0, -1))
    return np.minimum(adjusted, 1.0)


def discoveries(p_values: ArrayLike, level: float) -> tuple[int, ...]:
    """Positions of the p-values whose Benjamini-Yekutieli adjustment is at most ``level``, the smallest first.

    Of those listed, a share of ``level`` is false on average, at most. Nothing listed counts as nothing false.
    """
    p = _checked(p_values)
    listed = benjamini_yekutieli(p) <= _checked_level(level)
    # Adjustment makes ties of p-values that are none, so the order is that of the p-values themselves.
    return tuple(int(position) for position in np.argsort(p, kind="stable") if listed[position])


@dataclass(frozen=True, slots=True)
class ELond:
    """Where an online stream of tests stands: the level it keeps, tests made and discoveries among them.

    e-LOND: the t-th test has the level a_t = level (discoveries so far + 1) / (t (t + 1)), and is a discovery where
    its e-value is at least 1 / a_t. The expected share of false ones among the discoveries made so far is within the
    level at every time, whatever the dependence between the e-values, because an e-value is at most 1 on average
    where nothing has changed. High e-values speak for a change: 20 is about as rare as p = .05. Source: Xu and
    Ramdas, Online multiple testing with e-values (AISTATS 2024).

    Three plain numbers; a new stream is ``ELond(level)``.
    """

    level: float
    tests: int = 0
    discoveries: int = 0

    def __post_init__(self) -> None:
        _checked_level(self.level)
        if not 0 <= self.discoveries <= self.tests:
            raise ValueError(f"discoveries {self.discoveries} of tests {self.tests}: give counts, 0 <= discoveries")

    @property
    def limit(self) -> float:
        """The e-value that makes the next test a discovery: t (t + 1) / (level (discoveries + 1)), t its number."""
        number = self.tests + 1
        return number * (number + 1) / (self.level * (self.discoveries + 1))


def _checked(p_values: ArrayLike) -> Numbers:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p_values: give a list of numbers from 0 to 1, without those that are undefined")
    return p


def _checked_level(level: float) -> float:
    if not (math.isfinite(level) and 0 < level < 1):
        raise ValueError(f"level {level}: give a share between 0 and 1, like 0.05")
    return level
