"""A change that harmless windows had shown is told once; any other is told as ever."""

from collections.abc import Mapping

import numpy as np
import pytest

from detectors.calibration import Calibration, calibrate
from detectors.drift import MIN_ROWS, drift_findings
from detectors.drift_limits import DriftLimit, drift_limits
from detectors.drift_methods import FieldKind
from detectors.drift_scale import drift_scale
from detectors.findings import ABOVE_HARMLESS, CALIBRATED
from detectors.lasting_drift import lasting_limits
from detectors.profile import Profile
from tests.detectors.drift_worlds import Reference, columns, matrix, reference, windows

pytestmark = pytest.mark.slow

SIZE = 1_000
SHARE = 1 / 30


class World:
    """A baseline whose thresholds are calibrated, and windows of other rows."""

    def __init__(self, methods: Mapping[FieldKind, str] | None = None) -> None:
        rows = columns(8_000, np.random.default_rng(1))
        self.of: Reference = reference(rows)
        if methods is not None:
            scale = drift_scale(self.of.binning, self.of.profile, methods)
            self.of = self.of._replace(scale=scale)
        self.methods = methods
        blocks = matrix(windows(self.of.binning, rows, SIZE))
        found = calibrate(self.of.scale, self.of.sample, blocks, self.of.profile.counts, 1, 800)
        assert found is not None
        self.calibration: Calibration = found

    def windows(self, n: int, seed: int, shift: float = 0.0) -> list[Profile]:
        return windows(self.of.binning, columns(n * SIZE, np.random.default_rng(seed), shift), SIZE)

    def limits(self, window: Profile, harmless: list[Profile]) -> Mapping[str, DriftLimit]:
        of = self.of
        plain = drift_limits(of.scale, self.calibration, of.profile, [window], SHARE, MIN_ROWS)
        return lasting_limits(of.scale, self.calibration, of.profile, harmless, window, plain, SHARE)

    def alarming(self, window: Profile, harmless: list[Profile]) -> set[str | None]:
        limits = self.limits(window, harmless)
        found = drift_findings(
            self.of.binning,
            self.of.profile,
            window,
            limits=limits,
            methods=self.methods,
        )
        return {finding.field for finding in found if finding.status == "warning"}


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_a_change_that_harmless_windows_had_shown_is_no_news(world: World) -> None:
    harmless = world.windows(4, seed=2, shift=0.5)
    watched = world.windows(20, seed=3, shift=0.5)
    assert all(world.alarming(window, []) >= {"income", "spending"} for window in watched)
    told_again = [world.alarming(window, harmless) & {"income", "spending"} for window in watched]
    # The limit of a single window takes one in sixty; four or more of twenty happen once in 3,000 times.
    assert sum(bool(fields) for fields in told_again) < 4
    assert world.limits(watched[0], harmless)["income"].source == ABOVE_HARMLESS


@pytest.mark.parametrize("shift", [0.8, -0.5])
def test_a_change_that_goes_further_or_elsewhere_is_told(world: World, shift: float) -> None:
    harmless = world.windows(4, seed=2, shift=0.5)
    for window in world.windows(10, seed=4, shift=shift):
        assert "income" in world.alarming(window, harmless)
        assert world.limits(window, harmless)["income"].source == CALIBRATED


def test_harmless_windows_that_had_not_changed_raise_no_limit(world: World) -> None:
    harmless = world.windows(1, seed=5)
    for window in world.windows(10, seed=6, shift=0.5):
        assert world.limits(window, harmless) == world.limits(window, [])


def test_other_fields_are_watched_as_closely_as_ever(world: World) -> None:
    harmless = world.windows(4, seed=2, shift=0.5)
    for window in world.windows(10, seed=7, shift=0.5):
        with_them, without = world.limits(window, harmless), world.limits(window, [])
        assert with_them["grade"] == without["grade"]
        assert with_them["waiting"] == without["waiting"]


@pytest.mark.parametrize("method", ["psi", "chi_square", "jensen_shannon"])
def test_other_methods_learn_as_well(method: str) -> None:
    world = World({"numeric": method, "categorical": method, "boolean": method})
    harmless = world.windows(4, seed=2, shift=0.5)
    watched = world.windows(20, seed=3, shift=0.5)
    assert all("income" in world.alarming(window, []) for window in watched)
    assert sum("income" in world.alarming(window, harmless) for window in watched) < 4
    assert all("income" in world.alarming(window, harmless) for window in world.windows(5, seed=4, shift=1.0))
