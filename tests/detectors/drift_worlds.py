"""Baselines of known shape, and windows of them: what the tests of calibrated drift play with."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning, choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.drift_methods import DEFAULT_METHODS
from detectors.drift_scale import DriftScale, drift_scale
from detectors.profile import Profile, profile
from detectors.profile_groups import profile_groups
from detectors.slot_sample import SlotSample, sample_slots

GRADES = ("a", "b", "c", "d", "e")


class Reference(NamedTuple):
    """A baseline with all that a calibration needs of it."""

    binning: Binning
    profile: Profile
    sample: SlotSample
    scale: DriftScale


def columns(n: int, rng: np.random.Generator, shift: float = 0.0) -> dict[str, Column]:
    """Rows of one distribution: two numbers that go together, a skewed one with holes, and a category.

    ``shift`` moves ``income`` by so many standard deviations.
    """
    income = rng.normal(size=n) + shift
    spending = 0.9 * income + 0.4 * rng.normal(size=n)
    waiting = rng.exponential(size=n)
    gone = rng.uniform(size=n) < 0.1
    waiting[gone] = np.nan
    grades = rng.choice(len(GRADES), n, p=(0.5, 0.3, 0.15, 0.04, 0.01)).astype(np.int32)
    return {
        "income": NumericColumn.of(income),
        "spending": NumericColumn.of(spending),
        "waiting": NumericColumn.of(waiting, gone),
        "grade": CategoryColumn(grades, GRADES),
    }


def reference(of: Mapping[str, Column], seed: int = 1) -> Reference:
    """The rows as a baseline."""
    binning = choose_binning(of)
    total = profile(binning, of)
    sample = sample_slots(binning, of, np.random.default_rng(seed))
    return Reference(binning, total, sample, drift_scale(binning, total, DEFAULT_METHODS))


def windows(binning: Binning, of: Mapping[str, Column], size: int) -> list[Profile]:
    """The rows in windows of one size, in their order; a rest is left out."""
    n = len(next(iter(of.values()))) // size
    kept = {name: column.take(np.arange(n * size)) for name, column in of.items()}
    return list(profile_groups(binning, kept, np.arange(n * size) // size, n))


def matrix(profiles: list[Profile]) -> NDArray[np.int64]:
    """Their counts as rows."""
    return np.stack([each.counts for each in profiles])
