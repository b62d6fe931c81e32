"""Calibrated p-values of single fields: uniform without a change, small with one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.calibration import Calibration, calibrate
from detectors.columns import Column, NumericColumn
from detectors.drift import drift_findings
from detectors.drift_limits import drift_limits
from detectors.field_tails import SHARES, tail_points, tail_shares
from detectors.window_scores import Counts
from tests.detectors.drift_worlds import Reference, columns, matrix, reference, windows
from tests.detectors.strategies import law

SIZE = 300


def test_of_normal_deviates_the_shares_are_those_of_the_normal_distribution() -> None:
    points = tail_points(np.random.default_rng(1).normal(size=(20_000, 1)))
    at = np.array([-0.5, 0.5, 1.0, 2.0, 2.5])
    found = [float(tail_shares(points, np.array([each]))[0]) for each in at]
    assert found == pytest.approx(stats.norm.sf(at), rel=0.15)


def test_far_out_a_share_is_too_large_rather_than_too_small() -> None:
    # The tail of a normal is lighter than an exponential one.
    points = tail_points(np.random.default_rng(2).normal(size=(2_000, 1)))
    for deviate in (4.0, 5.0, 8.0):
        assert stats.norm.sf(deviate) < tail_shares(points, np.array([deviate]))[0] < SHARES[-1]


@law
@given(st.lists(st.floats(-20, 60), min_size=2, max_size=6))
def test_what_is_further_off_never_has_a_larger_share(deviates: list[float]) -> None:
    points = tail_points(np.random.default_rng(3).gumbel(size=(300, 1)))
    shares = [float(tail_shares(points, np.array([each]))[0]) for each in sorted(deviates)]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)


def test_a_constant_field_has_share_one_and_an_undefined_one_none() -> None:
    points = tail_points(np.column_stack([np.zeros(100), np.full(100, np.nan)]))
    assert tail_shares(points, np.array([0.0, np.nan])) == pytest.approx([1.0, np.nan], nan_ok=True)
    assert tail_shares(points, np.array([1.0, np.nan]))[0] == 0.0


def calibrated(of: Reference, blocks: Counts) -> Calibration:
    found = calibrate(of.scale, of.sample, blocks, of.profile.counts, 1, 1_000)
    assert found is not None
    return found


@pytest.mark.slow
def test_without_a_change_p_values_are_uniform_and_results_carry_them() -> None:
    found: dict[str, list[float]] = {}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        rows = columns(6_000, rng)
        of = reference(rows)
        calibration = calibrated(of, matrix(windows(of.binning, rows, SIZE)))
        for window in windows(of.binning, columns(40 * SIZE, rng), SIZE):
            limits = drift_limits(of.scale, calibration, of.profile, [window], 0.05, 100)
            for finding in drift_findings(of.binning, of.profile, window, limits=limits):
                assert finding.p_value is not None
                found.setdefault(str(finding.field), []).append(finding.p_value)
    for field, p_values in found.items():
        assert len(p_values) == 480
        # Binomial: three deviations of 480 windows, half as many again for the baselines' own chance.
        for level in (0.1, 0.3, 0.5):
            assert np.mean(np.array(p_values) <= level) == pytest.approx(
                level, abs=4.5 * np.sqrt(level * (1 - level) / 480)
            ), field


def test_where_the_baseline_moves_by_itself_its_blocks_have_a_say() -> None:
    rng = np.random.default_rng(4)
    level = np.repeat(rng.normal(scale=0.4, size=40), SIZE)
    moving: dict[str, Column] = {"income": NumericColumn.of(level + rng.normal(size=40 * SIZE))}
    of = reference(moving)
    blocks = matrix(windows(of.binning, moving, SIZE))
    without = calibrated(of, np.zeros((0, of.binning.n_slots), dtype=np.int64))
    p_values = []
    for calibration in (without, calibrated(of, blocks)):
        roots, rows = of.scale.roots(of.profile.counts - blocks[0], blocks[:1])
        deviates = calibration.standardised(roots, rows.max(axis=1))
        p_values.append(calibration.tail_shares(deviates[0], float(rows.max()))[0])
    assert p_values[1] > p_values[0]
