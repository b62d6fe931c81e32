"""Did the other fields move along? What tells another mix of known rows from a field that moved on its own.

When more old customers come, everything that goes with age moves as well, and the labels with it: a model that knows
both kinds of rows stays as good as it was. When the field ``age`` is filled in wrongly, the rest stays where it is. The
rows of the baseline say what would move along: weighted so that the moved field is spread as in the window, they show
what the other fields would look like.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.profile import Profile, check_fingerprint
from detectors.slot_groups import groups_of_slots
from detectors.slot_sample import SlotSample

Groups = NDArray[np.int64]
Shares = NDArray[np.float64]
Verdict = Literal["together", "alone", "unknown"]

_GROUPS = 20
# Odds of 20 to 1 for one of the two.
EVIDENCE = 3.0
# A group of values that is five times as frequent as before, or a fifth, is off the ground that the baseline covers;
# so much of the rows may be.
_OFF = 5.0
OFF_GROUND = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class GroupedRows:
    """The sampled rows of a baseline by coarse groups of each field's values.

    By field: ``of_slot`` (int64[slots]) is the group of every slot, ``of_row`` (uint8[rows]) that of every row; there
    are few groups, and a service keeps the rows of many segments.
    """

    of_slot: Mapping[str, Groups]
    of_row: Mapping[str, NDArray[np.uint8]]
    n: int
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Accord:
    """Whether the other fields moved along with ``field``.

    ``evidence`` is the log of the likelihood of the other fields if they moved along over that if they stayed: above 0
    they moved along. ``off_ground`` is the share of rows among values that were five times rarer or more frequent, the
    larger of both. ``verdict`` is "together" or "alone" where that is clear.
    """

    field: str
    evidence: float
    off_ground: float

    @property
    def verdict(self) -> Verdict:
        if self.evidence > EVIDENCE and self.off_ground < OFF_GROUND:
            return "together"
        return "alone" if self.evidence < -EVIDENCE or self.off_ground >= OFF_GROUND else "unknown"


def grouped_rows(binning: Binning, sample: SlotSample) -> GroupedRows:
    """The rows of a sample in groups; ValueError where the sample is of another binning."""
    of_slot, of_row = {}, {}
    for bins in binning.fields:
        slots = sample.field(binning, bins.name).astype(np.int64)
        of_slot[bins.name] = groups_of_slots(bins, np.bincount(slots, minlength=bins.n_slots), _GROUPS)
        of_row[bins.name] = of_slot[bins.name][slots].astype(np.uint8)
    return GroupedRows(of_slot, of_row, sample.n, binning.fingerprint)


def accord(rows: GroupedRows, binning: Binning, window: Profile, field: str, outputs: Collection[str]) -> Accord | None:
    """Whether the other fields, ``outputs`` left out, moved along with ``field`` in a window.

    evidence = rows / 2 x sum over the other fields and their groups of ((now - before)^2 - (now - expected)^2) / v,
    with the shares of the group in the window, in the baseline, and in the baseline's rows weighted by (share of their
    group of ``field`` now / before); v is the mean of the two latter, rows are the effective ones n m / (n + m) with m
    the weighted rows that count (Kish). Fields that go together are counted as if they did not, so the figure is larger
    than the truth and its sign is right. None where window or sample are empty.
    """
    check_fingerprint(binning, window.fingerprint)
    check_fingerprint(binning, rows.fingerprint)
    if not window.n or not rows.n:
        return None
    before, now = _shares(rows, binning, window, field)
    weights = (now / np.maximum(before, 0.5 / rows.n))[rows.of_row[field]]
    total, squares = float(weights.sum()), float((weights**2).sum())
    off = max(float(now[now > _OFF * before].sum()), float(before[before > _OFF * now].sum()))
    if not total:
        return Accord(field, 0.0, off)
    counting = total**2 / squares
    effective = counting * window.n / (counting + window.n)
    evidence = 0.0
    for name in rows.of_row:
        if name != field and name not in outputs:
            stayed, observed = _shares(rows, binning, window, name)
            along = np.bincount(rows.of_row[name], weights=weights, minlength=len(stayed)) / total
            spread = np.maximum((stayed + along) / 2, 1 / rows.n)
            evidence += float((((observed - stayed) ** 2 - (observed - along) ** 2) / spread).sum())
    return Accord(field, effective * evidence / 2, off)


def _shares(rows: GroupedRows, binning: Binning, window: Profile, name: str) -> tuple[Shares, Shares]:
    """The shares of a field's groups in the baseline and in the window."""
    of_slot = rows.of_slot[name]
    n_groups = int(of_slot.max()) + 1
    before = np.bincount(rows.of_row[name], minlength=n_groups) / rows.n
    now = np.bincount(of_slot, weights=window.counts[binning.slots(name)], minlength=n_groups) / window.n
    return before, now
