"""What a model knows, and what a turned prediction costs, against rows that are really turned."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from detectors.binning import choose_binning
from detectors.calibration_map import fit_calibration
from detectors.classes import Classes
from detectors.columns import CategoryColumn, NumericColumn
from detectors.field_profile import FieldProfile
from detectors.performance_layout import Layout, performance_layout
from detectors.performance_profile import add, profile_performance, profile_predictions
from detectors.profile import profile
from detectors.stakes import ERROR_WORTH_A_PAGE, POINTS_WORTH_A_PAGE, Stakes, stakes_of
from detectors.turned_predictions import turned_predictions
from tests.detectors.strategies import law

N = 20_000
EDGES = np.linspace(0, 1, 201)[1:-1]
BINARY = performance_layout("binary", Classes(("no", "yes"), "yes"), {"score": EDGES})
REGRESSION = performance_layout("regression", None)


def answers(codes: NDArray[np.int64], labels: tuple[str, ...] = ("no", "yes")) -> CategoryColumn:
    return CategoryColumn(codes.astype(np.int32), labels)


def sides(before: CategoryColumn | NumericColumn, now: CategoryColumn | NumericColumn) -> list[FieldProfile]:
    binning = choose_binning({"prediction": before})
    return [profile(binning, {"prediction": each}).field(binning, "prediction") for each in (before, now)]


def binary(threshold: float, seed: int = 1) -> tuple[NDArray[np.float64], NDArray[np.int64], Stakes]:
    """Calibrated scores, their labels, and the stakes of a model that says yes from ``threshold`` on."""
    rng = np.random.default_rng(seed)
    score = rng.beta(1.2, 1.8, N)
    label = (rng.random(N) < score).astype(np.int64)
    predicted = (score >= threshold).astype(np.int64)
    (labelled,) = profile_performance(BINARY, predicted, score, label)
    (everything,) = profile_predictions(BINARY, predicted, score)
    both = add(labelled, everything)
    (prediction, _) = sides(answers(predicted), answers(predicted))
    return score, label, stakes_of(BINARY, fit_calibration(BINARY, both), both, prediction)


def test_what_a_model_of_two_classes_knows_is_half_of_kappa() -> None:
    score, label, stakes = binary(0.5)
    predicted = score >= 0.5
    assert stakes.knowledge == pytest.approx(cohen_kappa_score(label, predicted) / 2)
    assert (stakes.page, stakes.assumed) == (POINTS_WORTH_A_PAGE, "")


def test_of_equally_frequent_classes_it_is_accuracy_beyond_chance() -> None:
    layout = performance_layout("multiclass", Classes(("a", "b", "c")))
    rng = np.random.default_rng(8)
    label = np.arange(N - N % 3) % 3
    predicted = np.where(rng.random(len(label)) < 0.7, label, (label + 1) % 3)
    accuracy = float((predicted == label).mean())
    assert of_classes(predicted, label, layout).knowledge == pytest.approx(accuracy - 1 / 3, abs=1e-6)


def test_one_class_alone_is_nothing_to_know() -> None:
    ones = np.ones(500, dtype=np.int64)
    (performance,) = profile_performance(BINARY, ones, np.full(500, 0.9), ones)
    (prediction, _) = sides(answers(ones), answers(ones))
    assert stakes_of(BINARY, fit_calibration(BINARY, performance), performance, prediction).knowledge == 0.0


@pytest.mark.parametrize(("threshold", "moved_to"), [(0.5, 0.6), (0.5, 0.35), (0.2, 0.1), (0.8, 0.95), (0.2, 0.3)])
def test_turned_rows_cost_what_the_labels_show(threshold: float, moved_to: float) -> None:
    score, label, stakes = binary(threshold)
    before, now = (score >= threshold).astype(np.int64), (score >= moved_to).astype(np.int64)
    really = float((before == label).mean() - (now == label).mean())
    found = turned_predictions(stakes, *sides(answers(before), answers(now)))
    # At .2 and .8 the model is not at its best, so that some rows are better turned: a gain counts as 0. The tolerance
    # is the standard error of chance that is taken off, and that of as many coins as rows turn.
    turned = float((before != now).mean())
    assert found == pytest.approx(max(really, 0.0), abs=4 * math.sqrt(turned / N) + 0.004)


def test_predictions_that_stay_cost_nothing() -> None:
    score, _, stakes = binary(0.5)
    predicted = (score >= 0.5).astype(np.int64)
    assert turned_predictions(stakes, *sides(answers(predicted), answers(predicted))) == 0.0
    swapped = np.random.default_rng(2).permutation(predicted)
    assert turned_predictions(stakes, *sides(answers(predicted), answers(swapped))) == 0.0


def test_chance_alone_is_hardly_ever_worth_a_page() -> None:
    _, _, stakes = binary(0.5)
    rng = np.random.default_rng(3)
    before = (rng.random(N) < 0.4).astype(np.int64)
    costs = []
    for _ in range(400):
        now = (rng.random(1_000) < 0.4).astype(np.int64)
        costs.append(turned_predictions(stakes, *sides(answers(before), answers(now))) or 0.0)
    # The share of 1,000 rows scatters by .016; two points are lost with ten times as much.
    assert max(costs) < POINTS_WORTH_A_PAGE / 2


def of_classes(predicted: NDArray[np.int64], label: NDArray[np.int64], layout: Layout) -> Stakes:
    (performance,) = profile_performance(layout, predicted, None, label)
    (prediction, _) = sides(answers(predicted, ("a", "b", "c")), answers(predicted, ("a", "b", "c")))
    return stakes_of(layout, fit_calibration(layout, performance), performance, prediction)


def test_of_many_classes_without_scores_precision_says_what_a_turned_row_costs() -> None:
    layout = performance_layout("multiclass", Classes(("a", "b", "c")))
    rng = np.random.default_rng(4)
    label = rng.integers(0, 3, N)
    predicted = np.where(rng.random(N) < 0.8, label, rng.integers(0, 3, N))
    stakes = of_classes(predicted, label, layout)
    # Of the rows that are predicted to be a, half turn to b or c at random.
    turned = (predicted == 0) & (rng.random(N) < 0.5)
    now = np.where(turned, rng.integers(1, 3, N), predicted)
    really = float((predicted == label).mean() - (now == label).mean())
    names = ("a", "b", "c")
    found = turned_predictions(stakes, *sides(answers(predicted, names), answers(now, names)))
    assert found == pytest.approx(really, abs=0.01)


def test_a_number_that_moved_costs_what_the_labels_show() -> None:
    rng = np.random.default_rng(5)
    before = rng.normal(100, 20, N)
    label = before + rng.normal(0, 5, N)
    (performance,) = profile_performance(REGRESSION, before, None, label)
    now = before + np.where(before > 110, 6.0, 0.0)
    (prediction, moved) = sides(NumericColumn.of(before), NumericColumn.of(now))
    stakes = stakes_of(REGRESSION, fit_calibration(REGRESSION, performance), performance, prediction)
    really = float(np.abs(now - label).mean() / np.abs(before - label).mean()) - 1
    assert turned_predictions(stakes, prediction, moved) == pytest.approx(really, abs=0.02)
    assert turned_predictions(stakes, prediction, prediction) == pytest.approx(0.0, abs=1e-9)
    dealt = np.sqrt(np.mean((rng.permutation(before) - label) ** 2) / np.mean((before - label) ** 2)) - 1
    assert stakes.knowledge == pytest.approx(dealt, rel=0.03)
    assert stakes.page == ERROR_WORTH_A_PAGE


@law
@given(scale=st.floats(0.001, 1_000), offset=st.floats(-100, 100))
def test_units_of_a_number_do_not_matter(scale: float, offset: float) -> None:
    rng = np.random.default_rng(6)
    before, noise = rng.normal(0, 4, 500), rng.normal(0, 1, 500)

    def cost(a: float, b: float) -> float | None:
        (performance,) = profile_performance(REGRESSION, a * before + b, None, a * (before + noise) + b)
        one, other = sides(NumericColumn.of(a * before + b), NumericColumn.of(a * (before + 1.5) + b))
        stakes = stakes_of(REGRESSION, fit_calibration(REGRESSION, performance), performance, one)
        return turned_predictions(stakes, one, other)

    assert cost(scale, offset) == pytest.approx(cost(1.0, 0.0), rel=1e-3)


def test_without_labels_costs_are_a_rule_of_thumb() -> None:
    predicted = (np.arange(1_000) % 4 == 0).astype(np.int64)
    (performance,) = profile_predictions(BINARY, predicted, np.full(1_000, 0.5))
    before, now = sides(answers(predicted), answers(np.zeros(1_000, dtype=np.int64)))
    stakes = stakes_of(BINARY, fit_calibration(BINARY, performance), performance, before)
    assert stakes.assumed == "the baseline has too few labels"
    # A quarter of the rows turns, at half a row each, but for the standard error of chance.
    error = math.sqrt(0.25 * 0.75 / 500)
    assert turned_predictions(stakes, before, now) == pytest.approx((0.25 - error) / 2)


def test_what_cannot_be_measured_is_none() -> None:
    (performance,) = profile_performance(REGRESSION, np.ones(200), None, np.ones(200))
    constant, moved = sides(NumericColumn.of(np.ones(200)), NumericColumn.of(np.zeros(200)))
    stakes = stakes_of(REGRESSION, fit_calibration(REGRESSION, performance), performance, constant)
    assert stakes.assumed == "the baseline's errors have no size"
    assert turned_predictions(stakes, constant, moved) is None
    none = np.full(200, -1)
    before, empty = sides(answers(np.arange(200) % 2), answers(none))
    assert turned_predictions(stakes, before, empty) is None
