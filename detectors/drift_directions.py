"""Which way a field can go: fixed scores of its values whose mean rises or falls when the field drifts.

A distance says that a field moved, a score says where to: small moves in one direction add up over windows, while the
distances of windows that scatter about the baseline do not. The mean of a score is a sum over bins, so it comes from
the counts of a window like everything else.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.bins import CategoryBins, FieldBins, NumericBins
from detectors.drift_scale import DriftScale
from detectors.window_scores import Counts, FieldScale, Numbers
from detectors.wording import name

# Of a category field the shares of so many groups are followed, the most frequent ones.
MOST_CATEGORIES = 8
# Runs of so many blocks are measured, where there are at least so many of them: slow movement shows in the longer ones.
_RUNS, _LEAST_RUNS = (1, 2, 4, 8, 16), 5


@dataclass(frozen=True, slots=True, eq=False)
class FieldDirections:
    """The K scores of one field, each of mean 0 and variance 1 over the baseline's values.

    ``scores`` (float64[slots, K]) is 0 where ``counted`` (bool[slots]) is not: values that are missing or mistyped say
    nothing. ``skewness`` (float64[K]) is that of the baseline's scores, ``n`` its values. ``names`` say what a rise is.
    """

    scores: Numbers
    counted: NDArray[np.bool_]
    skewness: Numbers
    n: int
    names: tuple[str, ...]

    def means(self, counts: Counts) -> tuple[Numbers, Numbers]:
        """The mean score (float64[W, K]) of windows whose counts (int64[W, slots]) are given, and their values."""
        n = (counts @ self.counted).astype(np.float64)
        return (counts @ self.scores) / np.maximum(n, 1.0)[:, np.newaxis], n


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """The directions of the watched ``fields``; of one that is constant there is none."""

    scale: DriftScale
    fields: tuple[FieldDirections, ...]

    @property
    def n(self) -> int:
        """The scores of all fields together."""
        return sum(len(field.names) for field in self.fields)

    @property
    def field_of(self) -> NDArray[np.intp]:
        """The position of the field of every score, intp[n]."""
        return np.repeat(np.arange(len(self.fields)), [len(field.names) for field in self.fields])

    def means(self, counts: Counts) -> tuple[Numbers, Numbers]:
        """The mean of every score in W windows (int64[W, S]), and the values it rests on: both float64[W, n]."""
        slots = [self.scale.binning.slots(field) for field in self.scale.fields]
        found = [each.means(counts[:, own]) for own, each in zip(slots, self.fields, strict=True)]
        if not found:
            return np.zeros((len(counts), 0)), np.zeros((len(counts), 0))
        values = [np.repeat(n[:, np.newaxis], means.shape[1], axis=1) for means, n in found]
        return np.concatenate([means for means, _ in found], axis=1), np.concatenate(values, axis=1)


def directions(scale: DriftScale, baseline: Counts) -> Directions:
    """What can rise or fall in the fields of a baseline whose counts (int64[S]) are given.

    Of numbers and other ordered values: the rank (half of a bin's own values count as below it), and the squared
    distance of the rank from the middle. Of categories: being one of the most frequent groups, each by itself.
    """
    return Directions(
        scale,
        tuple(
            _field_directions(own, scale.binning.bins_of(field), baseline[scale.binning.slots(field)])
            for field, own in zip(scale.fields, scale.scales, strict=True)
        ),
    )


def wander(of: Directions, blocks: Counts, baseline: Counts) -> Numbers:
    """How much more the mean of each score scatters than chance says, by row: float64[n], 0 where it does not.

    The mean over n rows has the variance (1 + n w) / n, with w what is returned. ``blocks`` (int64[B, S]) are the
    contiguous windows of the baseline in their order. Looked at is the mean square of their deviates from the rest of
    the baseline, and that of runs of two, four, eight and sixteen blocks: what moves slowly moves more in long runs.
    Those that lie beyond 1 by more than one standard error of such a mean count, each with one such error added, for it
    was learnt from few runs; taken is the largest. Fewer than five runs say nothing.
    """
    largest = np.ones(of.n)
    (total,) = of.means(baseline[np.newaxis])[1]
    for length in _RUNS:
        n_runs = len(blocks) // length
        if n_runs < _LEAST_RUNS:
            break
        means, n = of.means(blocks[: n_runs * length].reshape(n_runs, length, -1).sum(axis=1))
        # A run is part of the baseline, so it is nearer to it than other rows would be.
        own = np.where((n > 0) & (n < total), 1 / np.maximum(n, 1.0) - 1 / np.maximum(total, 1.0), np.inf)
        squares = np.mean(means**2 / own, axis=0)
        error = np.sqrt(2 / n_runs)
        largest = np.maximum(largest, np.where(squares > 1 + error, squares * (1 + error), 1.0))
    rows = of.means(blocks)[1].mean(axis=0) if len(blocks) else np.ones(of.n)
    return (largest - 1) / np.maximum(rows, 1.0)


def _field_directions(scale: FieldScale, bins: FieldBins, counts: Counts) -> FieldDirections:
    counted = scale.groups >= 0
    shares = np.where(counted, counts, 0) / max(int(counts[counted].sum()), 1)
    if isinstance(bins, NumericBins):
        rank = np.cumsum(shares) - shares / 2 - 0.5
        scores = np.stack([rank, rank**2], axis=-1)
        return _standardised(scores, ("values", "spread"), shares, counted, int(counts[counted].sum()))
    indicators, names = _category_scores(scale, bins, shares)
    return _standardised(indicators, names, shares, counted, int(counts[counted].sum()))


def _category_scores(scale: FieldScale, bins: CategoryBins, shares: Numbers) -> tuple[Numbers, tuple[str, ...]]:
    """An indicator for each of the most frequent groups; of two groups one says it all."""
    by_group = np.array([shares[scale.groups == group].sum() for group in range(scale.n_groups)])
    there = np.flatnonzero(by_group > 0)
    kept = there[np.argsort(-by_group[there], kind="stable")][: 1 if len(there) <= 2 else MOST_CATEGORIES]
    raw = (scale.groups[:, np.newaxis] == kept[np.newaxis]).astype(np.float64)
    return raw, tuple(_group_name(scale, bins, int(group)) for group in kept)


def _group_name(scale: FieldScale, bins: CategoryBins, group: int) -> str:
    slots = np.flatnonzero(scale.groups == group)
    if len(slots) > 1 or slots[0] < bins.FIRST_BIN:
        return "share of rare and new categories"
    return f"share of {name(bins.categories[slots[0] - bins.FIRST_BIN])}"


def _standardised(
    raw: Numbers, names: tuple[str, ...], shares: Numbers, counted: NDArray[np.bool_], n: int
) -> FieldDirections:
    """Scores of mean 0 and variance 1; those that are the same for all values are left out."""
    centred = np.where(counted[:, np.newaxis], raw - shares @ raw, 0.0)
    deviation = np.sqrt(shares @ centred**2)
    kept = np.flatnonzero(deviation > 1e-9)
    scores = centred[:, kept] / deviation[kept]
    return FieldDirections(scores, counted, shares @ scores**3, n, tuple(names[at] for at in kept))
