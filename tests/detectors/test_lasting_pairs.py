"""A relation that changed as it had in harmless windows is no news; any other change is."""

import numpy as np
import pytest

from detectors.binning import Binning, choose_binning
from detectors.columns import NumericColumn
from detectors.comoments import CoMoments, comoments
from detectors.correlation import correlation_finding
from detectors.findings import ABOVE_HARMLESS, BUDGETED, Finding
from detectors.pair_changes import pair_changes
from detectors.pair_scatter import PairScatter, pair_scatter, with_wander
from detectors.profile_groups import encode_rows
from detectors.rank_codes import RankCodes, rank_codes

CHANCE = 1 / 300


def rows(n: int, seed: int, r: float = 0.6, other: float = 0.0) -> dict[str, NumericColumn]:
    """a and b with correlation ``r``, c and d with ``other``."""
    rng = np.random.default_rng(seed)
    a, b, c, d = rng.normal(size=(4, n))
    values = {"a": a, "b": r * a + np.sqrt(1 - r * r) * b, "c": c, "d": other * c + np.sqrt(1 - other * other) * d}
    return {name: NumericColumn.of(column) for name, column in values.items()}


class World:
    """A baseline in which a and b go together."""

    def __init__(self) -> None:
        baseline = rows(8_000, seed=1)
        self.binning: Binning = choose_binning(baseline)
        ranks = self._ranks(baseline)
        self.sums = comoments(ranks)[0]
        stretches = comoments(ranks, np.arange(8_000) // 250, 32)
        self.scatter: PairScatter = with_wander(pair_scatter(ranks), self.sums, stretches)

    def _ranks(self, of: dict[str, NumericColumn]) -> RankCodes:
        return rank_codes(encode_rows(self.binning, of))

    def window(self, seed: int, r: float = 0.6, other: float = 0.0) -> CoMoments:
        return comoments(self._ranks(rows(1_000, seed, r, other)))[0]

    def finding(self, window: CoMoments, harmless: list[CoMoments], threshold: float | None = None) -> Finding:
        return correlation_finding(
            self.scatter, self.sums, window, chance=CHANCE, harmless=harmless, threshold=threshold
        )


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_a_relation_that_harmless_windows_had_lost_is_no_news(world: World) -> None:
    harmless = [world.window(seed, r=0.3) for seed in range(10, 14)]
    told = [world.finding(world.window(seed, r=0.3), []).status for seed in range(20, 40)]
    again = [world.finding(world.window(seed, r=0.3), harmless) for seed in range(20, 40)]
    assert "ok" not in told
    # The window may part from those before it by chance, once in 300.
    assert sum(each.status == "ok" for each in again) >= 19
    quiet = next(each for each in again if each.status == "ok")
    assert quiet.threshold_source == ABOVE_HARMLESS
    assert (quiet.threshold or 0) > (quiet.value or 0) > 0.2
    assert quiet.reason.endswith("; 1 change lasts since windows that labels showed to be harmless")


@pytest.mark.parametrize(("r", "other"), [(0.0, 0.0), (0.85, 0.0), (0.3, 0.4)])
def test_one_that_goes_further_or_elsewhere_is_told(world: World, r: float, other: float) -> None:
    harmless = [world.window(seed, r=0.3) for seed in range(10, 14)]
    found = [world.finding(world.window(seed, r, other), harmless) for seed in range(20, 30)]
    assert all(each.status != "ok" for each in found)
    if other:
        assert all(each.reason.startswith("correlation of 'c' and 'd'") for each in found)


def test_harmless_windows_without_the_change_raise_no_limit(world: World) -> None:
    harmless = [world.window(seed) for seed in range(10, 14)]
    window = world.window(20, r=0.3)
    assert world.finding(window, harmless) == world.finding(window, [])


def test_a_limit_that_is_given_stays(world: World) -> None:
    harmless = [world.window(seed, r=0.3) for seed in range(10, 14)]
    found = world.finding(world.window(20, r=0.3), harmless, threshold=0.2)
    assert (found.status, found.threshold_source) == ("warning", "given")


def test_little_knowledge_of_the_stream_widens_the_limit_by_a_quarter(world: World) -> None:
    window = world.window(20, r=0.45)
    sides = world.scatter, world.sums, window
    sure, unsure = (
        next(each for each in pair_changes(*sides, chance=CHANCE, confidence=confidence) if each.fields == {"a", "b"})
        for confidence in ("normal", "low")
    )
    # On Fisher's scale; about the same on that of correlations.
    assert unsure.by_chance / sure.by_chance == pytest.approx(1.25, rel=0.1)
    assert unsure.p_value == sure.p_value
    low = correlation_finding(*sides, chance=CHANCE, confidence="low")
    assert low.confidence == "low"
    assert low.threshold_source == BUDGETED
