"""Thresholds keep the budget of false alarms on unchanged data, and find what changed."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from detectors.calibration import Calibration, calibrate, maxima
from detectors.columns import Column, NumericColumn
from detectors.drift_scale import field_roots
from tests.detectors.drift_worlds import Reference, columns, matrix, reference, windows
from tests.detectors.strategies import law

pytestmark = pytest.mark.slow

SIZE = 300
SHARE = 0.05
RESAMPLES = 800


class Alarms(NamedTuple):
    """Of how many windows each of the two limits was passed."""

    windows: int
    once: int
    later: int

    @property
    def rate(self) -> float:
        return (self.once + self.later) / self.windows


def calibrated(of: Reference, rows: dict[str, Column], size: int = SIZE, seed: int = 1) -> Calibration:
    blocks = matrix(windows(of.binning, rows, size))
    found = calibrate(of.scale, of.sample, blocks, of.profile.counts, seed, RESAMPLES)
    assert found is not None
    return found


def alarms(of: Reference, calibration: Calibration, rows: dict[str, Column], size: int = SIZE) -> Alarms:
    roots, effective = of.scale.roots(of.profile.counts, matrix(windows(of.binning, rows, size)))
    once, persistent = maxima(calibration.standardised(roots, effective.max(axis=1)))
    first, second = calibration.limits(float(effective.max()), SHARE)
    return Alarms(len(roots), int((once >= first).sum()), int(((once < first) & (persistent >= second)).sum()))


def test_unchanged_data_alarms_as_often_as_the_budget_says() -> None:
    seen = Alarms(0, 0, 0)
    for seed in range(15):
        rng = np.random.default_rng(seed)
        rows = columns(4_000, rng)
        of = reference(rows)
        here = alarms(of, calibrated(of, rows, seed=seed), columns(60 * SIZE, rng))
        seen = Alarms(seen.windows + here.windows, seen.once + here.once, seen.later + here.later)
    # 900 windows: the expected 45 alarms scatter by 7, and by half as much again for the baselines' own chance.
    assert 0.5 * SHARE <= seen.rate <= 1.5 * SHARE
    # Each limit has half of the share.
    assert 0.3 * SHARE / 2 <= seen.once / seen.windows <= 1.7 * SHARE / 2


def test_a_window_of_the_baseline_against_the_whole_of_it_would_look_too_much_alike() -> None:
    rng = np.random.default_rng(7)
    rows = columns(3_000, rng)
    of = reference(rows)
    chosen = rng.permutation(3_000)[:1_500]
    part = matrix(windows(of.binning, {name: column.take(chosen) for name, column in rows.items()}, 1_500))
    fresh = matrix(windows(of.binning, columns(100 * 1_500, rng), 1_500))
    usual = of.scale.roots(of.profile.counts, fresh)[0].mean(axis=0)
    with_itself, _ = of.scale.roots(of.profile.counts, part)
    with_the_rest, _ = of.scale.roots(of.profile.counts - part, part)
    # The distance is halved, and its effective rows are not doubled.
    ratio = with_itself / with_the_rest
    assert ratio == pytest.approx(np.full(ratio.shape, 0.5 * np.sqrt(1_000 / 750)), rel=0.02)
    assert with_the_rest.mean() == pytest.approx(usual.mean(), rel=0.5)


def test_a_clear_change_is_found_in_every_window() -> None:
    rng = np.random.default_rng(8)
    rows = columns(6_000, rng)
    of = reference(rows)
    found = alarms(of, calibrated(of, rows), columns(40 * SIZE, rng, shift=0.5))
    assert found.once + found.later == 40


def test_a_small_change_that_lasts_is_found_sooner_than_by_single_windows() -> None:
    rng = np.random.default_rng(9)
    rows = columns(12_000, rng)
    of = reference(rows)
    calibration = calibrated(of, rows)
    changed = columns(200 * SIZE, rng, shift=0.15)
    both = alarms(of, calibration, changed)
    roots, effective = of.scale.roots(of.profile.counts, matrix(windows(of.binning, changed, SIZE)))
    once, _ = maxima(calibration.standardised(roots, effective.max(axis=1)))
    # All of the share spent on single windows.
    alone = (once >= calibration.limits(float(effective.max()), 2 * SHARE)[0]).sum()
    assert both.once + both.later > 1.2 * alone


def test_fields_that_say_the_same_are_counted_once() -> None:
    rng = np.random.default_rng(10)
    one: dict[str, Column] = {"x": NumericColumn.of(rng.normal(size=5_000))}
    ten: dict[str, Column] = {f"x{n}": one["x"] for n in range(10)}
    apart: dict[str, Column] = {f"x{n}": NumericColumn.of(rng.normal(size=5_000)) for n in range(10)}
    limits = [calibrated(reference(rows), rows).limits(SIZE, SHARE)[0] for rows in (one, ten, apart)]
    assert limits[1] == pytest.approx(limits[0], rel=0.05)
    assert limits[2] > 1.2 * limits[0]


def test_a_stream_that_moves_by_itself_gets_thresholds_that_know_it() -> None:
    def weather(rng: np.random.Generator, n_blocks: int) -> dict[str, Column]:
        """A field whose level is another one in every block, and one that keeps still."""
        level = np.repeat(rng.normal(scale=0.5, size=n_blocks), SIZE)
        return {
            "temperature": NumericColumn.of(level + rng.normal(size=n_blocks * SIZE)),
            "price": NumericColumn.of(rng.normal(size=n_blocks * SIZE)),
        }

    knowing, naive, later_prices = [], [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        rows = weather(rng, 40)
        of = reference(rows)
        watched = weather(rng, 60)
        with_blocks = calibrated(of, rows)
        knowing.append(alarms(of, with_blocks, watched).rate)
        no_blocks = np.zeros((0, of.binning.n_slots), dtype=np.int64)
        without = calibrate(of.scale, of.sample, no_blocks, of.profile.counts, 1, RESAMPLES)
        assert without is not None
        naive.append(alarms(of, without, watched).rate)
        shifted = {**watched, "price": NumericColumn.of(np.asarray(rng.normal(size=60 * SIZE) + 0.5))}
        later_prices.append(alarms(of, with_blocks, shifted).rate)
    assert np.mean(naive) > 0.7
    assert np.mean(knowing) < 2 * SHARE
    # What keeps still is watched as closely as ever.
    assert np.mean(later_prices) > 0.9


def test_blocks_that_look_like_resampled_windows_leave_the_thresholds_alone() -> None:
    rng = np.random.default_rng(11)
    rows = columns(12_000, rng)
    of = reference(rows)
    found = calibrated(of, rows)
    assert found.blocks.n == 40
    assert found.blocks.once is None
    assert found.blocks.spread.tolist() == [1.0] * len(of.scale.fields)


def test_the_same_seed_gives_the_same_limits() -> None:
    rows = columns(2_000, np.random.default_rng(12))
    of = reference(rows)
    first, again, other = (calibrated(of, rows, seed=seed) for seed in (5, 5, 6))
    assert first.limits(SIZE, SHARE) == again.limits(SIZE, SHARE)
    assert first.limits(SIZE, SHARE) != other.limits(SIZE, SHARE)


def test_a_baseline_of_a_few_rows_tells_nothing_of_chance() -> None:
    rows = columns(100, np.random.default_rng(13))
    of = reference(rows)
    assert calibrate(of.scale, of.sample, matrix(windows(of.binning, rows, 50)), of.profile.counts, 1) is None


def test_a_constant_field_and_one_without_values_do_no_harm() -> None:
    rng = np.random.default_rng(14)
    rows = {
        **columns(2_000, rng),
        "constant": NumericColumn.of(np.ones(2_000)),
        "empty": NumericColumn.of(np.full(2_000, np.nan), np.ones(2_000, dtype=np.bool_)),
    }
    of = reference(rows)
    calibration = calibrated(of, rows)
    changed = {
        **columns(SIZE, rng),
        "constant": NumericColumn.of(np.r_[np.ones(SIZE - 30), np.zeros(30)]),
        "empty": rows["empty"].take(np.arange(SIZE)),
    }
    assert all(np.isfinite(calibration.limits(SIZE, SHARE)))
    assert alarms(of, calibration, changed).once == 1


@law
@given(deviates=arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(1, 4)), elements=st.floats(-5, 5)))
def test_the_second_maximum_is_of_fields_that_were_high_twice_in_three_windows(deviates: NDArray[np.float64]) -> None:
    once, persistent = maxima(deviates)
    for window, row in enumerate(deviates):
        earlier = deviates[max(window - 2, 0) : window]
        twice = [min(value, earlier[:, field].max()) for field, value in enumerate(row)] if window else [-np.inf]
        assert once[window] == row.max()
        assert persistent[window] == max(twice)


def test_an_undefined_field_is_passed_over() -> None:
    once, persistent = maxima(np.array([[np.nan, 1.0], [np.nan, 2.0], [np.nan, np.nan]]))
    assert once.tolist() == [1.0, 2.0, -np.inf]
    assert persistent.tolist() == [-np.inf, 1.0, -np.inf]


def test_a_window_without_values_has_no_root() -> None:
    of = reference(columns(1_000, np.random.default_rng(15)))
    scale = of.scale.scales[0]
    nothing = np.zeros(scale.n_groups, dtype=np.int64)
    root, rows = field_roots(scale, of.scale.grouped(0, of.profile.counts), nothing)
    assert np.isnan(root)
    assert rows == 0
