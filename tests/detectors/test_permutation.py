"""What a field is worth is what the model loses when it is shuffled, as a share of what the model knows."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance as of_scikit_learn
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

from detectors.permutation import accuracy_gain, error_gain, permutation_importance, ranking_gain
from tests.detectors.strategies import law

NAMES = ("strong", "weak", "useless")
Columns = dict[str, NDArray[Any]]


def rows(n: int, seed: int) -> tuple[Columns, NDArray[np.float64]]:
    """Three independent fields, and a number that the first two add up to, with noise."""
    rng = np.random.default_rng(seed)
    found: Columns = {name: rng.normal(size=n) for name in NAMES}
    return found, 2 * found["strong"] + 0.5 * found["weak"] + rng.normal(size=n)


def matrix(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    return np.column_stack([columns[name] for name in NAMES])


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_what_is_lost_is_what_scikit_learn_finds(task: str) -> None:
    columns, number = rows(2_000, 1)
    label = (number > 0).astype(int) if task == "binary" else number
    model = (LogisticRegression() if task == "binary" else LinearRegression()).fit(matrix(columns), label)
    gain = accuracy_gain(label) if task == "binary" else error_gain(number)
    found = permutation_importance(
        lambda given: model.predict(matrix(given)), columns, gain, np.random.default_rng(2), repeats=30
    )
    scoring = "accuracy" if task == "binary" else "neg_mean_absolute_error"
    other = of_scikit_learn(model, matrix(columns), label, scoring=scoring, n_repeats=30, random_state=3)
    for name, mean, deviation in zip(NAMES, other.importances_mean, other.importances_std, strict=True):
        # The difference of two means of 30 shuffles each, within four of its standard errors.
        assert found.fields[name].lost == pytest.approx(mean, abs=4 * deviation * math.sqrt(2 / 30) + 1e-9)
        assert found.fields[name].standard_error == pytest.approx(deviation / math.sqrt(30), rel=0.7, abs=1e-9)


@law
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=2, max_size=40))
def test_the_area_under_the_curve_is_that_of_scikit_learn(pairs: list[tuple[int, bool]]) -> None:
    scores, positive = np.array([score for score, _ in pairs]), np.array([label for _, label in pairs])
    found = ranking_gain(positive)(scores)
    if positive.all() or not positive.any():
        assert math.isnan(found)
    else:
        assert found == pytest.approx(roc_auc_score(positive, scores))


def test_a_model_of_one_field_lives_on_it_alone() -> None:
    columns, _ = rows(3_000, 4)
    label = columns["strong"] > 0
    found = permutation_importance(
        lambda given: given["strong"] > 0, columns, accuracy_gain(label), np.random.default_rng(5)
    )
    # Shuffling the one field deals the outputs at random: the importance is 1 but for the luck of the shuffles, whose
    # share of equal labels scatters by .5 / sqrt(3,000) = .009.
    assert found.fields["strong"].importance == pytest.approx(1.0, abs=0.05)
    assert found.fields["weak"].importance == 0.0
    assert (found.gain, found.fields["useless"].lost) == (1.0, 0.0)
    assert found.by_chance == pytest.approx(0.5, abs=0.04)


@law
@given(scale=st.floats(0.01, 1_000), offset=st.floats(-1_000, 1_000))
def test_units_do_not_matter(scale: float, offset: float) -> None:
    columns, number = rows(200, 6)

    def importance(a: float, b: float) -> dict[str, float]:
        found = permutation_importance(
            lambda given: a * (2 * given["strong"] + 0.5 * given["weak"]) + b,
            columns,
            error_gain(a * number + b),
            np.random.default_rng(7),
        )
        return {name: worth.importance for name, worth in found.fields.items()}

    assert importance(scale, offset) == pytest.approx(importance(1.0, 0.0), rel=1e-6, abs=1e-9)


def test_a_single_shuffle_has_no_error() -> None:
    columns, number = rows(50, 8)
    found = permutation_importance(
        lambda given: given["strong"], columns, error_gain(number), np.random.default_rng(9), repeats=1
    )
    assert found.fields["strong"].standard_error is None


def test_what_is_undefined_has_a_reason() -> None:
    columns, number = rows(60, 10)
    rng = np.random.default_rng(11)
    few = permutation_importance(lambda given: given["x"], {"x": np.ones(1)}, error_gain(np.ones(1)), rng)
    assert (few.fields, few.reason) == ({}, "1 rows cannot be shuffled: at least 2 are needed")
    constant = permutation_importance(lambda given: np.zeros(60), columns, error_gain(number), rng)
    assert constant.reason == "on these rows the model does no better than chance"
    one_class = permutation_importance(lambda given: given["strong"], columns, ranking_gain(np.ones(60, bool)), rng)
    assert one_class.reason == "how good the model is on these rows is not defined"


def test_bad_input_is_named() -> None:
    columns, number = rows(60, 12)
    rng = np.random.default_rng(13)
    with pytest.raises(ValueError, match="repeats must be at least 1, not 0"):
        permutation_importance(lambda given: given["strong"], columns, error_gain(number), rng, repeats=0)
    with pytest.raises(ValueError, match=r"outputs of shape \(3,\) for 60 rows"):
        permutation_importance(lambda given: np.zeros(3), columns, error_gain(number), rng)
    with pytest.raises(ValueError, match="columns must have one length"):
        permutation_importance(
            lambda given: given["a"], {"a": np.zeros(2), "b": np.zeros(3)}, error_gain(np.zeros(2)), rng
        )
