"""Days of rows of which two kinds are asked for labels with different chances, as sums of their losses."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from detectors.loss_sums import LossSums
from detectors.weighted_losses import WeightedLosses
from detectors.window_risk import WindowRisk


class Kind(NamedTuple):
    """A kind of rows: its share of all, how many of its rows are wrong, and the chance to be asked for a label."""

    share: float
    risk: float
    chance: float


# One row in ten is doubtful, wrong in half of the cases, and looked at more often than the others: a risk of .12.
DOUBTFUL, SURE = Kind(0.1, 0.5, 0.5), Kind(0.9, 0.078, 0.05)
RISK = DOUBTFUL.share * DOUBTFUL.risk + SURE.share * SURE.risk


def a_day(rng: np.random.Generator, n_rows: int, kinds: Sequence[Kind]) -> WindowRisk:
    """What a day of ``n_rows`` rows adds, whose labels come with their probabilities."""
    losses, weighted = [0, 0], [0.0] * 5
    n_of_kinds = rng.multinomial(n_rows, [kind.share for kind in kinds])
    for kind, rows in zip(kinds, n_of_kinds, strict=True):
        labelled = int(rng.binomial(rows, kind.chance))
        wrong, w = int(rng.binomial(labelled, kind.risk)), 1 / kind.chance
        losses = [losses[0] + labelled, losses[1] + wrong]
        added = labelled * w, labelled * w * w, wrong * w, wrong * w * w, wrong * w * w
        weighted = [before + new for before, new in zip(weighted, added, strict=True)]
    n, total = losses
    return WindowRisk(LossSums(n, total, total), weighted=WeightedLosses(n, n_rows, *weighted))
