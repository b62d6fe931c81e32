"""Distances against SciPy, against published values, and against their own laws."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial import distance as scipy_distance

from detectors.distances import (
    CONSTANT_BASELINE,
    NO_BASELINE,
    NO_CURRENT,
    TOO_LARGE,
    Distance,
    chi_square,
    coarse_groups,
    frequent_groups,
    in_groups,
    jensen_shannon,
    ks,
    psi,
    total_variation,
    wasserstein,
)

Counts = NDArray[np.int64]
FROM_COUNTS = (ks, total_variation, psi, jensen_shannon, chi_square)


@st.composite
def two_sides(draw: st.DrawFn) -> tuple[Counts, Counts]:
    bins = draw(st.integers(1, 30))
    side = st.lists(st.integers(0, 500), min_size=bins, max_size=bins).filter(any)
    return np.array(draw(side)), np.array(draw(side))


@given(two_sides())
def test_ks_is_that_of_scipy_where_every_bin_holds_one_value(sides: tuple[Counts, Counts]) -> None:
    baseline, current = sides
    assume(baseline.sum() > 3 and current.sum() > 3)
    atoms = np.arange(len(baseline))
    expected = stats.ks_2samp(np.repeat(atoms, baseline), np.repeat(atoms, current), method="asymp")
    found = ks(baseline, current)
    assert found.value == pytest.approx(expected.statistic, abs=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)


@given(two_sides())
def test_jensen_shannon_is_that_of_scipy(sides: tuple[Counts, Counts]) -> None:
    expected = scipy_distance.jensenshannon(sides[0], sides[1], base=2)
    # Near zero the root makes 1e-16 of rounding into 1e-8.
    assert jensen_shannon(*sides).value == pytest.approx(0.0 if math.isnan(expected) else expected, abs=1e-7)


@given(two_sides())
def test_chi_square_is_that_of_scipy(sides: tuple[Counts, Counts]) -> None:
    baseline, current = sides
    kept = (baseline + current) > 0
    table = np.array([baseline[kept], current[kept]])
    found = chi_square(baseline, current)
    assert found.value is not None
    if kept.sum() == 1:
        assert (found.value, found.p_value, found.effect) == (0.0, 1.0, 0.0)
        return
    expected = stats.chi2_contingency(table, correction=False)
    assert found.value == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    assert found.effect == pytest.approx(stats.contingency.association(table, method="cramer"), abs=1e-6)


@given(two_sides(), st.integers(0, 2**32))
def test_wasserstein_is_that_of_scipy(sides: tuple[Counts, Counts], seed: int) -> None:
    baseline, current = sides
    means = np.sort(np.random.default_rng(seed).normal(0.0, 50.0, (2, len(baseline))), axis=1)
    expected = stats.wasserstein_distance(means[0], means[1], baseline, current)
    found = wasserstein(baseline, baseline * means[0], current, current * means[1], 2.0)
    assert found.value == pytest.approx(expected / 2.0, rel=1e-9, abs=1e-12)


@given(two_sides())
def test_the_psi_of_filled_bins_is_the_symmetric_kullback_leibler_divergence(sides: tuple[Counts, Counts]) -> None:
    baseline, current = sides[0] + 1, sides[1] + 1
    expected = stats.entropy(baseline, current) + stats.entropy(current, baseline)
    assert psi(baseline, current).value == pytest.approx(expected, abs=1e-12)


def test_published_psi() -> None:
    # ing-bank/popmon, tests/popmon/analysis/comparison/test_comparisons.py. It adds a small number to every share,
    # which takes .0001 away from .6 ln 3.4 + .6 ln 5.
    found = psi([17, 1, 1, 1], [5, 5, 5, 5]).value
    assert found == pytest.approx(0.6 * math.log(3.4) + 0.6 * math.log(5), rel=1e-12)
    assert found == pytest.approx(1.699815077214137, abs=2e-4)


def test_published_chi_square() -> None:
    # ing-bank/popmon, the same file: uu_chi2([1, 2, 0, 5], [3, 4, 0, 2])
    found = chi_square([1, 2, 0, 5], [3, 4, 0, 2])
    assert found.value == pytest.approx(2.9036, abs=5e-5)
    assert found.p_value == pytest.approx(0.2341, abs=5e-5)


def test_published_total_variation() -> None:
    # evidentlyai/evidently, tests/stattests/test_stattests.py: the values 1 to 6, so many times each
    baseline = [16, 18, 16, 14, 12, 12]
    assert total_variation(baseline, [16, 16, 16, 16, 16, 8]).value == pytest.approx(6 / 88)


def test_values_of_evidently_on_five_categories() -> None:
    # Evidently 0.7.23, run on 2,000 and 1,500 draws of "abcde" (generator seed 42, after two draws of normals).
    rng = np.random.default_rng(42)
    rng.normal(size=2000), rng.normal(0.2, 1.1, 1500)
    letters = list("abcde")
    baseline = rng.choice(letters, 2000, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    current = rng.choice(letters, 1500, p=[0.35, 0.3, 0.2, 0.1, 0.05])
    sides = [np.array([(side == letter).sum() for letter in letters]) for side in (baseline, current)]
    assert psi(*sides).value == pytest.approx(0.05319913717653339, rel=1e-9)
    # It takes the natural logarithm, we the binary one.
    in_nats = (jensen_shannon(*sides).value or 0.0) * math.sqrt(math.log(2))
    assert in_nats == pytest.approx(0.08131341845365668, rel=1e-9)


def test_wasserstein_of_evidently_on_normals() -> None:
    # Evidently 0.7.23: distance in units of the reference's standard deviation, same generator.
    rng = np.random.default_rng(42)
    baseline, current = rng.normal(size=2000), rng.normal(0.2, 1.1, 1500)
    edges = np.quantile(baseline, np.linspace(0, 1, 257)[1:-1])
    counts, sums = [], []
    for values in (baseline, current):
        code = np.searchsorted(edges, values, side="right")
        counts.append(np.bincount(code, minlength=256))
        sums.append(np.bincount(code, weights=values, minlength=256))
    found = wasserstein(counts[0], sums[0], counts[1], sums[1], float(baseline.std()))
    assert found.value == pytest.approx(0.2863649898611611, abs=0.001)


@given(two_sides(), st.integers(2, 5))
def test_laws_of_every_distance(sides: tuple[Counts, Counts], times: int) -> None:
    baseline, current = sides
    for distance in FROM_COUNTS:
        value, mirrored = distance(baseline, current).value, distance(current, baseline).value
        same = distance(baseline, baseline).value
        assert value is not None
        assert 0.0 <= value < math.inf
        assert mirrored == pytest.approx(value, abs=1e-7)
        assert same == pytest.approx(0.0, abs=1e-7)
    for bounded in (ks, total_variation, jensen_shannon):
        value = bounded(baseline, current).value
        assert value is not None
        assert value <= 1.0
        assert bounded(baseline * times, current).value == pytest.approx(value, abs=1e-7)


@given(two_sides())
def test_moving_mass_between_bins_is_never_less_than_the_ks_gap(sides: tuple[Counts, Counts]) -> None:
    assert (ks(*sides).value or 0.0) <= (total_variation(*sides).value or 0.0) + 1e-12


def test_disjoint_sides_are_as_far_as_can_be() -> None:
    baseline, current = [10, 10, 0, 0], [0, 0, 5, 5]
    assert ks(baseline, current).value == 1.0
    assert total_variation(baseline, current).value == 1.0
    assert jensen_shannon(baseline, current).value == 1.0
    assert chi_square(baseline, current).effect == pytest.approx(1.0)


def test_ks_says_where_the_gap_is() -> None:
    assert ks([10, 10, 10, 10], [10, 0, 20, 10]).location == 1


@pytest.mark.parametrize(("rows", "added"), [(500, 0.46), (1000, 0.53)])
def test_an_emptied_bin_adds_to_psi_what_the_manual_says(rows: int, added: float) -> None:
    value = psi([100_000, 900_000], [0, rows]).value
    assert value is not None
    assert value - 0.1 * math.log(1 / 0.9) == pytest.approx(added, abs=0.005)


def test_a_shift_of_all_values_is_its_size_in_standard_deviations() -> None:
    counts = np.array([3, 5, 2])
    means = np.array([1.0, 2.0, 4.0])
    found = wasserstein(counts, counts * means, counts, counts * (means + 6.0), 2.0)
    assert found.value == pytest.approx(3.0)


def test_one_row_on_either_side_is_too_little_for_a_p_value() -> None:
    assert ks([1, 0], [0, 1]) == Distance(1.0, location=0)


def test_nothing_on_one_side_is_a_named_reason() -> None:
    for distance in FROM_COUNTS:
        assert distance([0, 0], [1, 2]) == Distance(None, reason=NO_BASELINE)
        assert distance([1, 2], [0, 0]) == Distance(None, reason=NO_CURRENT)
        assert distance([], []) == Distance(None, reason=NO_BASELINE)
    assert wasserstein([1], [2.0], [0], [0.0], 1.0) == Distance(None, reason=NO_CURRENT)


def test_a_constant_baseline_has_no_unit_for_wasserstein() -> None:
    assert wasserstein([10, 0], [10.0, 0.0], [5, 5], [5.0, 10.0], 0.0) == Distance(None, reason=CONSTANT_BASELINE)
    third = wasserstein([3], [0.1 + 0.1 + 0.1], [1], [0.1], 0.0)
    assert third == Distance(0.0)


def test_values_near_the_end_of_floats_are_a_named_reason() -> None:
    assert wasserstein([2], [math.inf], [1], [1.0], 1.0) == Distance(None, reason=TOO_LARGE)
    assert wasserstein([1], [-1e308], [1], [1e308], 1.0) == Distance(None, reason=TOO_LARGE)


@pytest.mark.parametrize(
    ("baseline", "current", "words"),
    [([1, 2], [1], "same bins"), ([1.5], [1], "whole numbers"), ([-1], [1], "negative"), ([[1]], [[1]], "vector")],
)
def test_counts_that_are_none_are_refused(baseline: list[int], current: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ks(baseline, current)


def test_coarse_groups_hold_about_equal_mass() -> None:
    baseline = np.concatenate([[0, 0], np.full(256, 40), [0, 0, 0]])
    groups = coarse_groups(baseline, 10)
    mass = in_groups(baseline, groups)
    assert len(mass) == 10
    assert mass.sum() == baseline.sum()
    assert mass.min() >= 0.97 * baseline.sum() / 10
    assert groups[0] == groups[2] == 0
    assert groups[-1] == 9


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.integers(1, 20))
def test_coarse_groups_are_neighbours_without_gaps(counts: list[int], n_groups: int) -> None:
    groups = coarse_groups(counts, n_groups)
    assert len(groups) == len(counts)
    assert groups[0] == 0
    assert set(np.diff(groups).tolist()) <= {0, 1}
    assert groups[-1] < n_groups


def test_a_heavy_bin_has_a_group_to_itself() -> None:
    assert coarse_groups([10, 10, 60, 10, 10], 5).tolist() == [0, 0, 1, 2, 2]


def test_frequent_groups_keep_the_largest_and_gather_the_rest() -> None:
    assert frequent_groups([5, 100, 1, 50, 0], 3).tolist() == [2, 0, 2, 1, 2]
    assert frequent_groups([5, 7], 3).tolist() == [1, 0]
