"""Where a baseline has seen too little of its stream, a change must be larger."""

import numpy as np
import pytest

from detectors.calibration import Calibration, calibrate
from detectors.confidence import UNSURE_MARGIN, confidence_in
from detectors.drift import MIN_ROWS
from detectors.drift_limits import DriftLimit, drift_limits
from detectors.drift_methods import FieldKind
from detectors.drift_scale import drift_scale
from detectors.findings import LOWERED, Confidence
from detectors.profile import Profile
from tests.detectors.drift_worlds import Reference, columns, matrix, reference, windows

SHARE = 1 / 30
HOUR, DAY, WEEK, YEAR = 1.0, 24.0, 168.0, 8_760.0


@pytest.mark.parametrize(
    ("n_windows", "covered", "length", "expected"),
    [
        (19, None, DAY, "low"),
        (20, None, DAY, "normal"),
        (500, WEEK, HOUR, "normal"),
        (24, DAY, HOUR, "low"),
        (20, 20 * DAY, DAY, "normal"),
        (20, 20 * WEEK, WEEK, "low"),
        (52, YEAR - WEEK, WEEK, "normal"),
    ],
)
def test_few_windows_or_less_than_a_season_are_little_to_rely_on(
    n_windows: int, covered: float | None, length: float, expected: str
) -> None:
    assert confidence_in(n_windows, covered, length) == expected


class World:
    """A calibrated baseline of 16 windows, compared by one method."""

    def __init__(self, method: str = "ks") -> None:
        rows = columns(8_000, np.random.default_rng(1))
        of: Reference = reference(rows)
        kinds: dict[FieldKind, str] = {"numeric": method}
        self.of = of._replace(scale=drift_scale(of.binning, of.profile, kinds, ("income", "spending", "waiting")))
        blocks = matrix(windows(of.binning, rows, 500))
        found = calibrate(self.of.scale, of.sample, blocks, of.profile.counts, 1, 400)
        assert found is not None
        self.calibration: Calibration = found

    def windows(self, n: int, seed: int, shift: float = 0.0) -> list[Profile]:
        return windows(self.of.binning, columns(n * 500, np.random.default_rng(seed), shift), 500)

    def income(self, judged: list[Profile], confidence: Confidence) -> DriftLimit:
        of = self.of
        found = drift_limits(of.scale, self.calibration, of.profile, judged, SHARE, MIN_ROWS, confidence)
        return found["income"]


@pytest.mark.parametrize(("method", "power"), [("ks", 1), ("jensen_shannon", 1), ("psi", 2), ("chi_square", 2)])
def test_limits_are_a_quarter_higher_and_squares_as_much_more(method: str, power: int) -> None:
    world = World(method)
    judged = world.windows(1, seed=2)
    sure, unsure = world.income(judged, "normal"), world.income(judged, "low")
    assert unsure.value == pytest.approx(UNSURE_MARGIN**power * sure.value)
    assert (unsure.source, unsure.p_value) == (sure.source, sure.p_value)
    assert (sure.confidence, unsure.confidence) == ("normal", "low")


def test_a_window_that_was_just_high_is_so_no_more() -> None:
    world = World()
    sources = [
        (world.income(judged, "normal").source == LOWERED, world.income(judged, "low").source == LOWERED)
        for judged in (world.windows(2, seed, shift=0.15) for seed in range(40))
    ]
    high, still_high = map(sum, zip(*sources, strict=True))
    assert 0 < still_high < high
    assert (False, True) not in sources
