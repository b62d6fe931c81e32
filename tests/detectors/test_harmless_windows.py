"""Only windows whose labels would have shown a loss, and show none, are known to be harmless."""

import numpy as np
import pytest

from detectors.harmless_windows import MOST_WINDOWS, harmless_windows
from detectors.performance_profile import PerformanceProfile, profile_performance
from tests.detectors.test_performance import BINARY, REGRESSION, with_accuracy, with_errors

BASELINE = with_accuracy(9_000, 10_000)


def found(*windows: PerformanceProfile, rows: int | None = None) -> tuple[int, ...]:
    all_rows = [each.n_labelled if rows is None else rows for each in windows]
    return harmless_windows(BINARY, BASELINE, windows, all_rows)


def test_the_newest_windows_without_a_loss_are_harmless() -> None:
    good, bad = with_accuracy(905, 1_000), with_accuracy(820, 1_000)
    assert found(good, bad, good, good) == (0, 2, 3)
    assert found(*[good] * 6) == (2, 3, 4, 5)
    assert len(found(*[good] * 20)) == MOST_WINDOWS
    assert found(bad, bad) == ()
    assert found() == ()


def test_losses_too_small_for_one_window_are_seen_over_all() -> None:
    # 2.4 points are within three standard errors in a window of 1,000 rows, and beyond them in 4,000.
    slightly_worse = with_accuracy(876, 1_000)
    assert found(slightly_worse) == (0,)
    assert found(*[slightly_worse] * 4) == ()


def test_too_few_labels_show_nothing() -> None:
    # Three standard errors of a share of .9 are 5 points at 340 rows, those of the baseline included.
    assert found(with_accuracy(180, 200)) == ()
    assert found(with_accuracy(360, 400)) == (0,)
    assert found(*[with_accuracy(180, 200)] * 4) == (0, 1, 2, 3)


def test_half_of_the_rows_need_a_label() -> None:
    window = with_accuracy(900, 1_000)
    assert found(window, rows=2_000) == (0,)
    assert found(window, rows=2_001) == ()


def test_a_baseline_without_labels_knows_no_harm() -> None:
    assert harmless_windows(BINARY, None, [BASELINE], [10_000]) == ()


def test_any_of_the_usual_metrics_can_show_harm() -> None:
    label = np.r_[np.ones(100), np.zeros(900)].astype(np.int64)
    missed = np.r_[np.ones(50), np.zeros(950)].astype(np.int64)
    (baseline,) = profile_performance(BINARY, label, None, label)
    (half_of_the_positives_missed,) = profile_performance(BINARY, missed, None, label)
    right_all_over = profile_performance(BINARY, label, None, label)[0]
    windows = [half_of_the_positives_missed, right_all_over]
    assert harmless_windows(BINARY, baseline, windows, [1_000, 1_000]) == (1,)


@pytest.mark.parametrize(("scale", "harmless"), [(1.0, (0,)), (0.8, (0,)), (1.3, ())])
def test_a_regression_is_judged_by_its_error(scale: float, harmless: tuple[int, ...]) -> None:
    errors = np.random.default_rng(1).normal(size=20_000)
    baseline, window = with_errors(errors[:10_000]), with_errors(scale * errors[10_000:12_000])
    assert harmless_windows(REGRESSION, baseline, [window], [2_000]) == harmless
