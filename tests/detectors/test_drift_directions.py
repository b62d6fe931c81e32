"""Scores that rise or fall with a field: fixed by the baseline, additive over rows, at home of mean 0, variance 1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.drift_directions import directions, wander
from detectors.window_scores import Numbers
from tests.detectors.drift_worlds import columns, matrix, reference, windows
from tests.detectors.strategies import law

ROWS = columns(4_000, np.random.default_rng(1))
OF = reference(ROWS)
DIRECTIONS = directions(OF.scale, OF.profile.counts)


def test_the_baseline_has_mean_0_and_variance_1_in_every_direction() -> None:
    means, n = DIRECTIONS.means(OF.profile.counts[np.newaxis])
    assert means == pytest.approx(np.zeros((1, DIRECTIONS.n)), abs=1e-9)
    # A tenth of ``waiting`` is missing, and says nothing.
    waiting = ROWS["waiting"]
    assert isinstance(waiting, NumericColumn)
    n_waiting = int(np.isfinite(waiting.values).sum())
    assert [int(each) for each in dict.fromkeys(n[0])] == [4_000, n_waiting]
    for name, field in zip(OF.scale.fields, DIRECTIONS.fields, strict=True):
        counts = OF.profile.counts[OF.binning.slots(name)]
        assert counts @ field.scores**2 / field.n == pytest.approx(np.ones(len(field.names)))


def test_numbers_have_a_level_and_a_spread_and_categories_their_shares() -> None:
    of_field = dict(zip(OF.scale.fields, DIRECTIONS.fields, strict=True))
    assert of_field["income"].names == ("values", "spread")
    assert of_field["grade"].names[:2] == ("share of 'a'", "share of 'b'")
    assert DIRECTIONS.field_of.tolist() == [at for at, field in enumerate(DIRECTIONS.fields) for _ in field.names]


def test_the_level_is_the_rank_sum_of_wilcoxon() -> None:
    rng = np.random.default_rng(2)
    later = rng.normal(0.2, 1.0, 300)
    before = rng.normal(size=250)
    of = reference({"x": NumericColumn.of(before)})
    own = directions(of.scale, of.profile.counts)
    (current,) = windows(of.binning, {"x": NumericColumn.of(later)}, 300)
    (means,), _ = own.means(current.counts[np.newaxis])
    # 250 values are their own bins, so ranks over bins are ranks over values.
    u = stats.mannwhitneyu(later, before).statistic
    expected = (u / (300 * 250) - 0.5) / np.sqrt((1 - 250**-2) / 12)
    assert means[0] == pytest.approx(expected, abs=0.02)


@law
@given(st.integers(1, 3_999))
def test_sums_of_scores_add_up_over_rows(cut: int) -> None:
    parts = np.array([np.arange(4_000) < cut, np.arange(4_000) >= cut])
    split = matrix([window for part in parts for window in windows(OF.binning, _taken(part), int(part.sum()))])
    means, n = DIRECTIONS.means(split)
    assert (means * n).sum(axis=0) == pytest.approx(np.zeros(DIRECTIONS.n), abs=1e-6)


def _taken(part: NDArray[np.bool_]) -> dict[str, Column]:
    return {name: column.take(np.flatnonzero(part)) for name, column in ROWS.items()}


def test_a_constant_field_and_one_without_values_have_no_direction() -> None:
    rows: dict[str, Column] = {
        "constant": NumericColumn.of(np.ones(500)),
        "empty": NumericColumn.of(np.full(500, np.nan), np.ones(500, dtype=np.bool_)),
        "one": CategoryColumn(np.zeros(500, dtype=np.int32), ("a",)),
        "x": NumericColumn.of(np.random.default_rng(3).normal(size=500)),
    }
    of = reference(rows)
    found = directions(of.scale, of.profile.counts)
    assert dict(zip(of.scale.fields, (field.names for field in found.fields), strict=True)) == {
        "constant": (),
        "empty": (),
        "one": (),
        "x": ("values", "spread"),
    }


def blocks_of(levels: Numbers, size: int, rng: np.random.Generator) -> float:
    """The wander of the level of a field whose blocks have these levels."""
    values = np.repeat(levels, size) + rng.normal(size=len(levels) * size)
    rows = {"x": NumericColumn.of(values)}
    of = reference(rows)
    own = directions(of.scale, of.profile.counts)
    return float(wander(own, matrix(windows(of.binning, rows, size)), of.profile.counts)[0])


def test_a_field_that_keeps_still_hardly_wanders_and_one_that_moves_by_itself_does() -> None:
    size = 200
    still, moving, slow = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        jumps = rng.normal(scale=0.2, size=40)
        still.append(blocks_of(np.zeros(40), size, rng))
        moving.append(blocks_of(jumps, size, rng))
        slow.append(blocks_of(np.repeat(jumps[:10], 4), size, rng))
    # The variance of a block's mean is (1 + n w) / n: levels of deviation .2 add .04, in units of the scores' own.
    assert np.mean(still) < 0.3 * 0.04
    assert 0.7 * 0.04 < np.mean(moving) < 2.0 * 0.04
    # Levels that last four blocks count four times in long runs.
    assert np.mean(slow) > 2 * np.mean(moving)


def test_too_few_blocks_say_nothing_of_wandering() -> None:
    few = matrix(windows(OF.binning, ROWS, 1_000))
    assert wander(DIRECTIONS, few, OF.profile.counts).tolist() == [0.0] * DIRECTIONS.n
    assert wander(DIRECTIONS, few[:0], OF.profile.counts).tolist() == [0.0] * DIRECTIONS.n
