"""The slots of a field in few groups of about equal mass: coarse enough that rows tell something of each."""

import numpy as np
from numpy.typing import NDArray

from detectors.bins import CategoryBins, FieldBins
from detectors.distances import coarse_groups, frequent_groups


def groups_of_slots(bins: FieldBins, counts: NDArray[np.int64], n_groups: int) -> NDArray[np.int64]:
    """The group of every slot (int64[slots]); ``counts`` (int64[slots]) are the rows of the baseline.

    Every slot that holds no ordinary value (missing, mistyped, ...) is a group of its own. Numbers lie in at most
    ``n_groups`` groups of about equal mass, of categories the most frequent are groups and the rest are one together.
    """
    ordinary = counts[bins.FIRST_BIN :]
    grouping = frequent_groups if isinstance(bins, CategoryBins) else coarse_groups
    return np.concatenate([np.arange(bins.FIRST_BIN), grouping(ordinary, n_groups) + bins.FIRST_BIN])
