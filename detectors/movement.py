"""How far a field moved, in the share of rows that it takes, and how much of that is more than chance."""

import math
from dataclasses import dataclass

from detectors.bins import NumericBins
from detectors.distance_parts import shares
from detectors.distances import effective_rows, ks, total_variation
from detectors.drift_methods import compared_counts
from detectors.field_profile import FieldProfile
from detectors.noise import ks_expected, total_variation_expected

# A distance of so many times its expected value by chance, and a share of so many standard errors, is no movement yet.
_TIMES_EXPECTED = 1.5
_STANDARD_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class Movement:
    """``share`` is how far a field moved, from 0 to 1; ``beyond_chance`` the part that chance does not explain."""

    share: float
    beyond_chance: float


def movement(baseline: FieldProfile, current: FieldProfile) -> Movement:
    """How far a field moved: the largest of what its values and its holes did.

    Values: KS for numbers, total variation for categories. Holes: the change of the share of rows that are missing, of
    those mistyped or NaN, and of the infinite ones. Beyond chance: a distance less 1.5 times its expected value, a
    change of a share less two standard errors, but not below 0.
    """
    numeric = isinstance(baseline.definition, NumericBins)
    before, now = compared_counts(baseline, current)
    distance = (ks if numeric else total_variation)(before, now).value or 0.0
    rows = effective_rows(int(before.sum()), int(now.sum()))
    chance = 1.0
    if rows:
        chance = ks_expected(rows) if numeric else total_variation_expected(rows, shares(before))
    holes = [_hole(*rows_of) for rows_of in _holes(baseline, current)] if baseline.n and current.n else []
    return Movement(
        max([distance, *(change for change, _ in holes)]),
        max([distance - _TIMES_EXPECTED * chance, 0.0, *(beyond for _, beyond in holes)]),
    )


def _holes(baseline: FieldProfile, current: FieldProfile) -> list[tuple[int, int, int, int]]:
    """Rows without a value for each reason there is, and all rows, on both sides."""
    kinds = [[each.missing, each.mistyped + each.nan, each.infinite] for each in (baseline, current)]
    return [(before, baseline.n, now, current.n) for before, now in zip(*kinds, strict=True)]


def _hole(before: int, n_before: int, now: int, n_now: int) -> tuple[float, float]:
    """The change of a share, and what of it is more than chance."""
    change = abs(now / n_now - before / n_before)
    pooled = (before + now) / (n_before + n_now)
    error = math.sqrt(pooled * (1 - pooled) / effective_rows(n_before, n_now))
    return change, change - _STANDARD_ERRORS * error
