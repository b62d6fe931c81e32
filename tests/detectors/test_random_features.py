import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.random_features import EmbeddingSums, mmd_squared, random_features
from tests.detectors.joint_rows import with_gaps


def rows(n: int, seed: int, shift: float = 0.0) -> dict[str, Column]:
    rng = np.random.default_rng(seed)
    values = rng.normal(shift, 2.0, n)
    values[rng.random(n) < 0.1] = np.nan
    texts = [str(text) for text in rng.choice(["a", "b", "c", "d"], n, p=[0.5, 0.3, 0.19, 0.01])]
    return {"x": NumericColumn.of(values, np.isnan(values)), "region": with_gaps(texts, rng)}


FEATURES = random_features(rows(300, 0), seed=1)


@given(st.lists(st.integers(0, 199), min_size=1, max_size=200), st.data())
def test_the_embedding_of_two_sets_of_rows_is_the_sum(order: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(order)))
    columns = {name: column.take(np.array(order, dtype=np.int64)) for name, column in rows(200, 3).items()}
    halves = [
        {name: column.take(np.array(part, dtype=np.int64)) for name, column in columns.items()}
        for part in (range(cut), range(cut, len(order)))
    ]
    whole, added = FEATURES.sums(columns), FEATURES.sums(halves[0]) + FEATURES.sums(halves[1])
    assert added.n == whole.n == len(order)
    np.testing.assert_allclose(added.total, whole.total, atol=1e-9)


def test_blocks_of_rows_add_up_to_all_of_them() -> None:
    many = rows(10_000, 4)
    np.testing.assert_allclose(FEATURES.sums(many).total, FEATURES.points(many).sum(axis=0), atol=1e-8)


def test_inner_products_approach_the_gaussian_kernel() -> None:
    columns: dict[str, Column] = {
        "x": NumericColumn.of([0.0, 1.0, 3.0, -2.0, 0.0] * 8),
        "region": CategoryColumn.of_strings(["a", "a", "b", "b", "b"] * 8),
    }
    features = random_features(columns, seed=5, n_frequencies=40_000)
    x = np.array([0.0, 1.0, 3.0, -2.0, 0.0])
    z = x / np.std(x)
    region = np.array([0, 0, 1, 1, 1])
    squares = (z[:, None] - z) ** 2 + 2.0 * (region[:, None] != region)
    kernel = np.exp(-squares / (2 * features.bandwidth**2))
    points = features.points({name: column.take(np.arange(5)) for name, column in columns.items()})
    # The mean of 40,000 bounded terms: 5 standard errors of at most 1 / sqrt(2 * 40,000).
    np.testing.assert_allclose(points @ points.T, kernel, atol=5 / np.sqrt(80_000))
    np.testing.assert_allclose((points**2).sum(axis=1), 1.0)


def test_the_discrepancy_is_that_of_all_pairs() -> None:
    before, now = FEATURES.points(rows(40, 6)), FEATURES.points(rows(30, 7, 3.0))
    within = [(side @ side.T)[~np.eye(len(side), dtype=bool)].mean() for side in (before, now)]
    expected = sum(within) - 2 * (before @ now.T).mean()
    sums = [EmbeddingSums(len(side), side.sum(axis=0)) for side in (before, now)]
    assert mmd_squared(sums[0], sums[1]) == pytest.approx(expected, abs=1e-12)


def test_new_categories_and_values_that_are_none_have_places_of_their_own() -> None:
    columns: dict[str, Column] = {
        "x": NumericColumn.of([0.0, np.inf, np.nan, 0.0], [False, False, True, False]),
        "region": CategoryColumn.of_strings(["a", "a", "a", "never seen"]),
    }
    points = FEATURES.points(columns)
    assert np.isfinite(points).all()
    np.testing.assert_array_equal(points[1], points[2])
    assert not np.allclose(points[0], points[1])
    rare = FEATURES.points({**columns, "region": CategoryColumn.of_strings(["a", "a", "a", "d"])})
    np.testing.assert_array_equal(points[3], rare[3])


def test_constant_empty_and_huge_fields_can_be_coded() -> None:
    columns: dict[str, Column] = {
        "constant": NumericColumn.of(np.full(50, 7.0)),
        "empty": NumericColumn.of(np.full(50, np.nan), np.ones(50, dtype=bool)),
        "huge": NumericColumn.of([-1.7e308, 1.7e308] * 25),
        "none": CategoryColumn.of_strings([None] * 50),
    }
    features = random_features(columns, seed=0)
    assert np.isfinite(features.points(columns)).all()
    only = {"constant": columns["constant"]}
    assert random_features(only, seed=0).bandwidth == 1.0


def test_what_does_not_fit_the_coding_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'x' is not there"):
        FEATURES.points({"region": rows(5, 0)["region"]})
    with pytest.raises(ValueError, match="'x' is not there, or not of the kind"):
        FEATURES.points({**rows(5, 0), "x": CategoryColumn.of_strings(["a"] * 5)})
    with pytest.raises(ValueError, match="needs fields, and two rows"):
        random_features({}, seed=0)
