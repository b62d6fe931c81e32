"""AUROC, re-tuning and paging, against scikit-learn and cases made by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from benchmarks.quality.intervals import mean, rate, resampled
from benchmarks.quality.scores import auroc, best_level, paging, tuned_threshold


@pytest.mark.parametrize("seed", range(5))
def test_auroc_agrees_with_scikit_learn_also_with_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.random(200) < 0.3
    scores = np.round(rng.normal(size=200) + positive, 1)
    assert auroc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


def test_auroc_of_one_class_is_not_a_number() -> None:
    assert math.isnan(auroc(np.arange(3.0), np.array([True, True, True])))


def test_a_tuned_threshold_lets_the_stated_share_pass() -> None:
    statistics = np.arange(1.0, 61.0)
    threshold = tuned_threshold(np.random.default_rng(0).permutation(statistics), 1 / 30)
    assert threshold == 58.0
    assert (statistics > threshold).sum() == 2
    # Ties may not push the rate above what is allowed.
    tied = np.array([5.0] * 10 + [1.0] * 20)
    assert (tied > tuned_threshold(tied, 0.1)).sum() == 0


def test_the_best_level_of_paging_by_hand() -> None:
    severity = np.array([5.0, 4.0, 3.0, 3.0, 2.0, 1.0])
    harmful = np.array([True, True, True, False, False, False])
    # At 3: three right of four pages, F1 6/7. At 4: two right of two, F1 4/5.
    assert best_level(severity, harmful) == 3.0


def test_paging_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    pages, harmful = rng.random(100) < 0.4, rng.random(100) < 0.3
    found = paging(pages, harmful)
    assert found.precision == pytest.approx(precision_score(harmful, pages))
    assert found.recall == pytest.approx(recall_score(harmful, pages))
    assert math.isnan(paging(np.zeros(3, dtype=np.bool_), np.zeros(3, dtype=np.bool_)).precision)


def test_an_interval_of_independent_rows_is_about_that_of_the_normal() -> None:
    hits = np.arange(400) < 100
    found = rate(hits, list(range(400)))
    assert (found.value, found.n) == (0.25, 400)
    expected = 1.96 * math.sqrt(0.25 * 0.75 / 400)
    assert found.high - found.value == pytest.approx(expected, rel=0.25)
    assert found.value - found.low == pytest.approx(expected, rel=0.25)


def test_rows_that_share_their_luck_widen_the_interval() -> None:
    values = np.repeat(np.arange(10.0), 40)
    alone, together = mean(values, list(range(400))), mean(values, [int(value) for value in values])
    assert together.high - together.low > 3 * (alone.high - alone.low)
    assert resampled(values.tolist(), lambda rows: float(values[rows].mean()), 400).high == pytest.approx(
        together.high, abs=0.5
    )
