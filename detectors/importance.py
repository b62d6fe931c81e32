"""How much each field matters to a model, read off its own answers where nobody has said it.

The share of the scatter of the score that a field explains by itself: a field whose values leave the score as it is
can break without harm, one that decides the score cannot. It sees a field alone, so one that matters only together
with another looks less important than it is: importances that are given, or measured by permutation, are better.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.bins import NumericBins
from detectors.slot_groups import groups_of_slots
from detectors.slot_sample import SlotSample

# Fields are looked at in so many groups of about equal mass: more would explain the score by chance.
_GROUPS = 20
_LEAST_ROWS = 100
# A field that explains less of the score than this can break without harm.
IMPORTANT = 0.02


def association(binning: Binning, sample: SlotSample, outputs: Sequence[str]) -> Mapping[str, float]:
    """Importance of every field that is no output, from 0 (says nothing of the outputs) to 1 (decides one).

    The correlation ratio: variance between groups of the field's values over all variance of the output's ranks,
    adjusted for the number of groups as adjusted R2 is; of several outputs (a score a class) the largest. An output
    of categories counts as one indicator for each of them. Missing values are a group of their own. With under 100
    rows, or without outputs, nothing is known: an empty mapping. Source: Pearson 1905; Ezekiel 1930 (adjustment).
    """
    if sample.n < _LEAST_ROWS or not outputs:
        return {}
    targets = [target for name in outputs for target in _targets(binning, sample, name)]
    targets = [target for target in targets if target.std() > 0]
    if not targets:
        return {}
    return {
        name: max(_explained(_groups(binning, sample, name), target) for target in targets)
        for name in binning.names
        if name not in outputs
    }


def _targets(binning: Binning, sample: SlotSample, name: str) -> list[NDArray[np.float64]]:
    """The output as numbers: its rank by bins, or one indicator for each of its categories."""
    bins, slots = binning.bins_of(name), sample.field(binning, name).astype(np.int64)
    if isinstance(bins, NumericBins):
        order = np.where(slots >= bins.FIRST_BIN, slots, bins.FIRST_BIN)
        counts = np.bincount(order)
        rank = np.cumsum(counts) - counts / 2
        return [rank[order]]
    return [(slots == slot).astype(np.float64) for slot in np.unique(slots)]


def _groups(binning: Binning, sample: SlotSample, name: str) -> NDArray[np.int64]:
    """The group of every row: what is no ordinary value by its slot, the rest in groups of about equal mass."""
    bins, slots = binning.bins_of(name), sample.field(binning, name).astype(np.int64)
    return groups_of_slots(bins, np.bincount(slots, minlength=bins.n_slots), _GROUPS)[slots]


def _explained(groups: NDArray[np.int64], target: NDArray[np.float64]) -> float:
    n = len(target)
    counts = np.bincount(groups)
    sums = np.bincount(groups, weights=target)
    used = counts > 0
    n_groups = int(used.sum())
    if n_groups < 2 or n <= n_groups:
        return 0.0
    between = float((sums[used] ** 2 / counts[used]).sum() - target.sum() ** 2 / n)
    share = between / float(((target - target.mean()) ** 2).sum())
    return max(1 - (1 - share) * (n - 1) / (n - n_groups), 0.0)
