"""Calibration maps: scikit-learn's isotonic regression on the same bins, and honest errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from detectors.binning import choose_binning
from detectors.bins import NumericBins
from detectors.calibration_map import bin_scores, fit_calibration, fit_map
from detectors.columns import Column, NumericColumn
from detectors.performance_profile import Classes, performance_layout, profile_performance
from detectors.profile import profile

YES_NO = Classes(("0", "1"), "1")


@given(seed=st.integers(0, 2**32), n_bins=st.integers(1, 60), n=st.integers(1, 500))
def test_the_map_is_the_isotonic_regression_of_scikit_learn(seed: int, n_bins: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    bins = rng.integers(0, n_bins, n)
    label = rng.random(n) < bins / n_bins
    without, with_class = (np.bincount(bins[label == kind], minlength=n_bins) for kind in (False, True))
    found = fit_map(without, with_class, np.zeros(n_bins))
    expected = IsotonicRegression(out_of_bounds="clip").fit(bins, label).predict(np.arange(n_bins))
    np.testing.assert_allclose(found.chances, expected, atol=1e-12)
    assert (np.diff(found.chances) >= 0).all()
    # The map keeps the number of positives it was learnt from.
    assert found.chances @ (without + with_class) == pytest.approx(label.sum())
    assert found.n == n
    assert found.labelled.sum() == bins.max() - bins.min() + 1
    assert (found.errors > 0).all()
    assert set(found.blocks) == set(range(len(found.errors)))


def test_a_block_has_the_error_of_its_rows_and_lends_it_to_the_nearest_bins() -> None:
    # Bins 1 and 3 break the order and become one block of 100 rows, 40 of the class; bin 5 is a block of 10.
    without, with_class = np.array([0, 25, 0, 35, 0, 1, 0]), np.array([0, 25, 0, 15, 0, 9, 0])
    found = fit_map(without, with_class, np.zeros(7))
    np.testing.assert_allclose(found.chances, [0.4, 0.4, 0.4, 0.4, 0.65, 0.9, 0.9])
    assert found.blocks.tolist() == [0, 0, 0, 0, 1, 1, 1]
    p, q = 40.5 / 101, 9.5 / 11
    np.testing.assert_allclose(found.errors, [np.sqrt(p * (1 - p) / 100), np.sqrt(q * (1 - q) / 10)])
    assert found.labelled.tolist() == [False, True, True, True, True, True, False]


def test_stated_errors_are_the_scatter_of_maps_from_other_labels() -> None:
    rng, n_bins, n = np.random.default_rng(3), 200, 4000
    chance = (np.arange(n_bins) + 0.5) / n_bins
    rows = np.full(n_bins, n // n_bins)
    maps = []
    for _ in range(200):
        hits = rng.binomial(rows, chance)
        maps.append(fit_map(rows - hits, hits, chance))
    weight = np.linspace(2, 0, n_bins) / n_bins
    scatter = np.std([weight @ each.chances for each in maps])
    pulls = [np.bincount(each.blocks, weights=weight, minlength=len(each.errors)) for each in maps]
    stated = np.mean([np.sqrt(((pull * each.errors) ** 2).sum()) for pull, each in zip(pulls, maps, strict=True)])
    assert stated == pytest.approx(scatter, rel=0.2)


def test_without_labels_or_scores_there_is_no_map_but_a_reason() -> None:
    layout = performance_layout("binary", YES_NO, {"score": np.linspace(0, 1, 11)})
    few = profile_performance(layout, [1] * 99, [0.5] * 99, [1] * 99)[0]
    found = fit_calibration(layout, few)
    assert found.maps == ()
    assert found.reason.startswith("the baseline has 99 labelled rows with a score, at least 100 are needed")
    without = performance_layout("binary", YES_NO)
    assert fit_calibration(without, profile_performance(without, [1], None, [1])[0]).reason == (
        "the model gives no scores"
    )
    with pytest.raises(ValueError, match="another layout"):
        fit_calibration(without, few)
    with pytest.raises(ValueError, match="no row is labelled"):
        fit_map(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64), np.zeros(3))


def test_bins_are_spoken_for_by_their_mean_score() -> None:
    scores = np.random.default_rng(5).random(500)
    columns: dict[str, Column] = {"score": NumericColumn.of(scores)}
    binning = choose_binning(columns, max_bins=20)
    bins = binning.bins_of("score")
    assert isinstance(bins, NumericBins)
    layout = performance_layout("binary", YES_NO, {"score": bins.edges})
    (means,) = bin_scores(layout, binning, profile(binning, columns))
    own = np.searchsorted(layout.score_edges[0], scores, side="right")
    for bin_ in np.unique(own):
        assert means[bin_] == pytest.approx(scores[own == bin_].mean())
    other = performance_layout("binary", YES_NO, {"score": np.array([0.5])})
    with pytest.raises(ValueError, match="field 'score': the binning and the performance layout have different bins"):
        bin_scores(other, binning, profile(binning, columns))
