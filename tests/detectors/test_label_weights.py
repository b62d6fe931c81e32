"""Weights of labels by slot: exact in any order and after corrections, and the same slots as a profile's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.label_weights import (
    LabelWeights,
    encode_weights,
    join_weights,
    no_weights,
    total_weights,
    weigh_labels,
)
from detectors.performance_profile import Layout, profile_performance
from tests.detectors.strategies import law
from tests.detectors.test_performance_profile import LAYOUTS, Rows, random_rows

tasks = pytest.mark.parametrize("task", LAYOUTS)


def chances(rng: np.random.Generator, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.exp(rng.uniform(np.log(0.001), 0, n))


def one_group(layout: Layout, rows: Rows, chance: np.ndarray[tuple[int], np.dtype[np.float64]]) -> LabelWeights:
    return weigh_labels(layout, *rows, chance, np.zeros(len(chance), dtype=np.int64), 1)[0]


def take(rows: Rows, kept: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Rows:
    prediction, score, label = rows
    return prediction[kept], None if score is None else score[kept], label[kept]


@law
@tasks
@given(seed=st.integers(0, 2**32), n=st.integers(0, 80))
def test_they_fill_the_slots_of_a_profile_with_counts_weights_and_squares(task: str, seed: int, n: int) -> None:
    layout, rng = LAYOUTS[task], np.random.default_rng(seed)
    rows, chance = random_rows(layout, n, rng), chances(rng, n)
    found = one_group(layout, rows, chance)
    assert np.array_equal(found.sums[0], profile_performance(layout, *rows)[0].counts)
    weights = squares = np.zeros(layout.n_counts)
    for row in range(n):
        counts = profile_performance(layout, *take(rows, np.array([row])))[0].counts
        weights = weights + counts / chance[row]
        squares = squares + counts / chance[row] ** 2
    assert found.sums[1] / 1e6 == pytest.approx(weights, rel=1e-6)
    assert found.sums[2] / 1e6 == pytest.approx(squares, rel=1e-6)
    assert (found.sums[:, found.sums[0] == 0] == 0).all()


@law
@tasks
@given(seed=st.integers(0, 2**32), n=st.integers(1, 80), n_parts=st.integers(1, 5))
def test_any_split_in_any_order_is_the_same_to_the_last_bit(task: str, seed: int, n: int, n_parts: int) -> None:
    layout, rng = LAYOUTS[task], np.random.default_rng(seed)
    rows, chance = random_rows(layout, n, rng), chances(rng, n)
    whole = encode_weights(one_group(layout, rows, chance))
    parts = list(map(encode_weights, weigh_labels(layout, *rows, chance, rng.integers(0, n_parts, n), n_parts)))
    rng.shuffle(parts)
    joined = parts[0]
    for part in parts[1:]:
        joined = join_weights(joined, part)
    assert joined == encode_weights(total_weights(layout, parts)) == whole


@law
@tasks
@given(seed=st.integers(0, 2**32), n=st.integers(0, 40))
def test_corrections_leave_nothing_behind(task: str, seed: int, n: int) -> None:
    layout, rng = LAYOUTS[task], np.random.default_rng(seed)
    rows, other, chance, then = (
        random_rows(layout, n, rng),
        random_rows(layout, n, rng),
        chances(rng, n),
        chances(rng, n),
    )
    before, after = one_group(layout, rows, chance), one_group(layout, (*rows[:2], other[2]), then)
    change = weigh_labels(
        layout,
        np.concatenate([rows[0], rows[0]]),
        None if rows[1] is None else np.concatenate([rows[1], rows[1]]),
        np.concatenate([rows[2], other[2]]),
        np.concatenate([chance, then]),
        np.zeros(2 * n, dtype=np.int64),
        1,
        np.repeat([-1, 1], n),
    )[0]
    assert join_weights(encode_weights(before), encode_weights(change)) == encode_weights(after)
    gone = LabelWeights(-after.sums, layout.fingerprint)
    assert not total_weights(layout, [encode_weights(after), encode_weights(gone)]).sums.any()


def test_equal_chances_are_told_from_unequal_ones() -> None:
    layout, rows = LAYOUTS["regression"], (np.ones(3), None, np.zeros(3))
    for chance in (1.0, 0.999, 0.3, 0.001):
        assert not one_group(layout, rows, np.full(3, chance)).are_unequal
    assert one_group(layout, rows, np.array([0.3, 0.3, 0.31])).are_unequal
    assert not no_weights(layout).are_unequal


def test_what_is_damaged_or_of_another_layout_is_refused() -> None:
    layout = LAYOUTS["binary"]
    rng = np.random.default_rng(1)
    data = encode_weights(one_group(layout, random_rows(layout, 30, rng), chances(rng, 30)))
    for bad, said in (
        (b"", "not weights"),
        (data[:20], "damaged"),
        (data[:-3], "damaged"),
        (b"x" + data, "not weights"),
    ):
        with pytest.raises(ValueError, match=said):
            total_weights(layout, [bad])
    other = encode_weights(no_weights(LAYOUTS["multiclass"]))
    for refused in (lambda: total_weights(layout, [other]), lambda: join_weights(data, other)):
        with pytest.raises(ValueError, match="another layout"):
            refused()
