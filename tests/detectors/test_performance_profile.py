"""Performance profiles: they add up, subtract, and come back from bytes as they were."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.performance_encoding import decode_performance, encode_performance, total_encoded_performance
from detectors.performance_profile import (
    Classes,
    Layout,
    PerformanceProfile,
    add,
    class_codes,
    empty_performance,
    performance_layout,
    profile_performance,
    profile_predictions,
    subtract,
    total_performance,
)

Rows = tuple[NDArray[np.generic], NDArray[np.float64] | None, NDArray[np.generic]]

EDGES = np.linspace(0, 1, 33)
YES_NO = Classes(("0", "1"), "1")
METALS = Classes(("gold", "silver", "tin"))
LAYOUTS = {
    "binary": performance_layout("binary", YES_NO, {"score": EDGES}),
    "multiclass": performance_layout("multiclass", METALS, {f"score[{label}]": EDGES for label in METALS.labels}),
    "regression": performance_layout("regression", None),
}


def random_rows(layout: Layout, n: int, rng: np.random.Generator) -> Rows:
    """Rows with everything in them: no label, unknown classes, no prediction, no score, infinities."""
    if layout.task == "regression":
        prediction, label = rng.normal(0, 100, n), rng.normal(0, 100, n).round(-1)
        for array in (prediction, label):
            array[rng.random(n) < 0.1] = np.nan
        prediction[rng.random(n) < 0.05] = np.inf
        return prediction, None, label
    n_classes = len(layout.known_classes.labels)
    score = rng.uniform(-0.05, 1.05, (n, len(layout.score_edges)))
    score[rng.random(n) < 0.1] = np.nan
    codes = rng.integers(-1, n_classes + 1, (2, n))
    return codes[0], score[:, 0] if layout.task == "binary" else score, codes[1]


def same(a: PerformanceProfile, b: PerformanceProfile) -> bool:
    scale = np.maximum(np.abs(a.sums), 1.0)
    return bool((a.counts == b.counts).all() and (np.abs(a.sums - b.sums) <= 1e-9 * scale).all())


@pytest.mark.parametrize("task", LAYOUTS)
@given(seed=st.integers(0, 2**32), n=st.integers(0, 200), n_groups=st.integers(1, 5))
def test_groups_add_up_to_the_whole(task: str, seed: int, n: int, n_groups: int) -> None:
    layout, rng = LAYOUTS[task], np.random.default_rng(seed)
    prediction, score, label = random_rows(layout, n, rng)
    groups = rng.integers(0, n_groups, n)
    whole = profile_performance(layout, prediction, score, label)[0]
    parts = profile_performance(layout, prediction, score, label, groups, n_groups)
    assert len(parts) == n_groups
    assert same(whole, total_performance(layout, parts))
    for group, part in enumerate(parts):
        rows = groups == group
        alone = profile_performance(layout, prediction[rows], None if score is None else score[rows], label[rows])[0]
        assert same(part, alone)


@pytest.mark.parametrize("task", LAYOUTS)
@given(seed=st.integers(0, 2**32))
def test_a_corrected_label_is_the_old_row_off_and_the_new_one_on(task: str, seed: int) -> None:
    layout, rng = LAYOUTS[task], np.random.default_rng(seed)
    prediction, score, old = random_rows(layout, 50, rng)
    new = random_rows(layout, 50, rng)[2]
    before = profile_performance(layout, prediction, score, old)[0]
    both = None if score is None else np.concatenate([score, score])
    change = profile_performance(
        layout,
        np.concatenate([prediction, prediction]),
        both,
        np.concatenate([old, new]),
        sign=np.repeat([-1, 1], 50),
    )[0]
    after = profile_performance(layout, prediction, score, new)[0]
    # Sums of squares of errors of hundreds cancel to rounding only.
    found = add(before, change)
    assert (found.counts == after.counts).all()
    np.testing.assert_allclose(found.sums, after.sums, rtol=1e-9, atol=1e-3)
    np.testing.assert_array_equal(subtract(after, before).counts, change.counts)


@pytest.mark.parametrize("task", LAYOUTS)
@given(seed=st.integers(0, 2**32), n=st.integers(0, 60))
def test_bytes_bring_back_the_very_profile(task: str, seed: int, n: int) -> None:
    layout, rng = LAYOUTS[task], np.random.default_rng(seed)
    parts = [profile_performance(layout, *random_rows(layout, n, rng))[0] for _ in range(3)]
    payloads = [encode_performance(part) for part in parts]
    for part, payload in zip(parts, payloads, strict=True):
        found = decode_performance(layout, payload)
        np.testing.assert_array_equal(found.counts, part.counts)
        np.testing.assert_array_equal(found.sums, part.sums)
        assert (found.task, found.fingerprint) == (part.task, part.fingerprint)
    assert same(total_encoded_performance(layout, payloads), total_performance(layout, parts))


@pytest.mark.parametrize("task", LAYOUTS)
@given(seed=st.integers(0, 2**32), n=st.integers(0, 200), n_groups=st.integers(1, 5))
def test_predictions_of_groups_add_up_to_the_whole_and_to_the_labels(
    task: str, seed: int, n: int, n_groups: int
) -> None:
    layout, rng = LAYOUTS[task], np.random.default_rng(seed)
    prediction, score, label = random_rows(layout, n, rng)
    parts = profile_predictions(layout, prediction, score, rng.integers(0, n_groups, n), n_groups)
    whole = total_performance(layout, parts)
    assert same(whole, profile_predictions(layout, prediction, score)[0])
    assert whole.n_labelled == 0
    both = add(whole, profile_performance(layout, prediction, score, label)[0])
    finite = np.isfinite(score) if score is not None else np.zeros(n, dtype=np.bool_)
    usable = np.count_nonzero(finite if finite.ndim == 1 else finite.all(axis=1))
    for position in range(len(layout.score_edges)):
        everyone = both.counts[layout.all_scores(position)].reshape(3, -1)
        labelled = both.counts[layout.labelled_scores(position)].reshape(2, 3, -1).sum(axis=0)
        assert everyone.sum() == usable
        assert (labelled <= everyone).all()
        assert labelled.sum() == both.counts[layout.scored]


def test_predictions_are_counted_by_class_and_score_bin() -> None:
    layout = performance_layout("multiclass", METALS, {f"score[{label}]": np.array([0.5]) for label in METALS.labels})
    scores = [[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.2, 0.2, 0.6], [0.9, 0.1, 0.0], [np.nan, 0.5, 0.5]]
    counts = profile_predictions(layout, [0, 1, 3, -1, 0], scores)[0].counts
    # Rows: another class, the class, no declared class; columns: a score below one half, and from there on.
    assert counts[layout.all_scores(0)].reshape(3, 2).tolist() == [[1, 0], [0, 1], [1, 1]]
    assert counts[layout.all_scores(1)].reshape(3, 2).tolist() == [[1, 0], [0, 1], [2, 0]]
    assert counts[layout.all_scores(2)].reshape(3, 2).tolist() == [[2, 0], [0, 0], [1, 1]]


def test_a_quiet_hour_is_a_few_hundred_bytes() -> None:
    layout = performance_layout("binary", YES_NO, {"score": np.linspace(0, 1, 1025)})
    rows = random_rows(layout, 20, np.random.default_rng(1))
    assert len(encode_performance(profile_performance(layout, *rows)[0])) < 400
    assert len(encode_performance(profile_predictions(layout, *rows[:2])[0])) < 300
    assert len(encode_performance(empty_performance(layout))) < 60


def test_damaged_or_foreign_bytes_are_refused_by_name() -> None:
    layout = LAYOUTS["binary"]
    rows = random_rows(layout, 100, np.random.default_rng(2))
    data = encode_performance(profile_performance(layout, *rows)[0])
    for broken, words in (
        (b"", "only 0 bytes"),
        (b"xxxx" + data[4:], "this version"),
        (b"mwp1" + data[4:], "set the model's baseline again"),
        (data[:-5], "damaged"),
        (data[:12] + b"\xff\xff\xff\xff" + data[16:], "more filled slots"),
        (data[:30] + bytes(10) + data[40:], "damaged"),
        (encode_performance(empty_performance(LAYOUTS["regression"])), "another layout"),
    ):
        with pytest.raises(ValueError, match=words):
            decode_performance(layout, broken)


def test_profiles_of_two_layouts_do_not_add() -> None:
    with pytest.raises(ValueError, match="different layouts"):
        add(empty_performance(LAYOUTS["binary"]), empty_performance(LAYOUTS["multiclass"]))


def test_rows_without_a_label_are_not_counted() -> None:
    found = profile_performance(LAYOUTS["binary"], [0, 1, 1], [0.1, 0.2, 0.9], [-1, -1, 1])[0]
    assert found.n_labelled == 1
    found = profile_performance(LAYOUTS["regression"], [0.0, 1.0], None, [np.nan, 1.0])[0]
    assert found.n_labelled == 1


def test_truth_is_one_however_it_is_written() -> None:
    texts = ["true", "false", "1", "0", None, "maybe"]
    assert class_codes(texts, YES_NO).tolist() == [1, 0, 1, 0, -1, 2]
    assert class_codes(texts, Classes(("true", "false"), "true")).tolist() == [0, 1, 0, 1, -1, 2]
    assert class_codes(texts, METALS).tolist() == [3, 3, 3, 3, -1, 3]
    both = Classes(("0", "1", "true"))
    assert class_codes(["true", "1", "false"], both).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("labels", "positive", "words"),
    [(("a",), None, "at least two"), (("a", "a"), None, "each once"), (("a", "b"), "c", "not among")],
)
def test_classes_that_are_none_are_refused(labels: tuple[str, ...], positive: str | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Classes(labels, positive)


def test_layouts_that_cannot_be_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"score\[tin\]"):
        performance_layout("multiclass", METALS, {"score[gold]": EDGES, "score[silver]": EDGES})
    with pytest.raises(ValueError, match="positive one"):
        performance_layout("binary", Classes(("a", "b")))
    with pytest.raises(ValueError, match="classes"):
        performance_layout("multiclass", None)
    with pytest.raises(ValueError, match="increasing"):
        performance_layout("binary", YES_NO, {"score": EDGES[::-1]})


def test_rows_that_do_not_fit_are_refused() -> None:
    layout = LAYOUTS["binary"]
    with pytest.raises(ValueError, match="one a row"):
        profile_performance(layout, [1], [0.5], [1, 0])
    with pytest.raises(ValueError, match="label: codes"):
        profile_performance(layout, [1], [0.5], [3])
    with pytest.raises(ValueError, match="groups"):
        profile_performance(layout, [1], [0.5], [1], groups=[1], n_groups=1)
    with pytest.raises(ValueError, match="score of shape"):
        profile_performance(LAYOUTS["multiclass"], [1], [0.5], [1])
