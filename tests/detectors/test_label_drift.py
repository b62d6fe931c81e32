"""Labels that change their distribution: classes by total variation, numbers by their mean."""

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats

from detectors.label_drift import class_counts, label_drift_finding
from detectors.performance_profile import (
    Classes,
    Layout,
    PerformanceProfile,
    empty_performance,
    performance_layout,
    profile_performance,
)

LETTERS = performance_layout("multiclass", Classes(("a", "b", "c")))
BINARY = performance_layout("binary", Classes(("0", "1"), "1"))
REGRESSION = performance_layout("regression", None)


def labelled(layout: Layout, *counts: int) -> PerformanceProfile:
    """Rows of class 0, 1, ... in these numbers; the number after the last class counts undeclared ones."""
    codes = np.repeat(np.arange(len(counts)), counts)
    return profile_performance(layout, np.zeros_like(codes), None, codes)[0]


def measured(values: ArrayLike) -> PerformanceProfile:
    labels = np.asarray(values, dtype=np.float64)
    return profile_performance(REGRESSION, np.zeros(len(labels)), None, labels)[0]


def test_the_share_of_classes_moves() -> None:
    finding = label_drift_finding(LETTERS, labelled(LETTERS, 5000, 3000, 2000), labelled(LETTERS, 700, 100, 200))
    assert (finding.kind, finding.method, finding.field) == ("drift", "label_drift", "label")
    assert (finding.status, finding.n_baseline, finding.n_current) == ("warning", 10_000, 1000)
    assert finding.value == pytest.approx(0.2)
    assert finding.reason == "share of 'a' 50.0 % -> 70.0 %, the largest change"
    same = label_drift_finding(LETTERS, labelled(LETTERS, 500, 300, 200), labelled(LETTERS, 500, 300, 200))
    assert (same.status, same.value, same.reason) == ("ok", 0.0, "no class changed its share")


def test_one_class_only_is_said() -> None:
    finding = label_drift_finding(BINARY, labelled(BINARY, 900, 100), labelled(BINARY, 500))
    assert finding.reason == "share of '0' 90.0 % -> 100.0 %, the largest change; every label is of '0'"
    always = label_drift_finding(BINARY, labelled(BINARY, 900), labelled(BINARY, 500))
    assert (always.status, always.reason) == ("ok", "no class changed its share; every label is of '0'")
    other = label_drift_finding(BINARY, labelled(BINARY, 900), labelled(BINARY, 0, 500))
    assert (other.status, other.value) == ("critical", 1.0)


def test_labels_of_undeclared_classes_count_and_are_named() -> None:
    finding = label_drift_finding(BINARY, labelled(BINARY, 500, 500), labelled(BINARY, 350, 350, 300))
    assert finding.status == "critical"
    assert finding.value == pytest.approx(0.3)
    assert finding.reason == "share of undeclared classes 0.0 % -> 30.0 %, the largest change"
    both = label_drift_finding(BINARY, labelled(BINARY, 500, 500), labelled(BINARY, 200, 700, 100))
    assert both.reason.endswith("; 10.0 % of the labels are of undeclared classes")
    assert class_counts(BINARY, labelled(BINARY, 200, 700, 100)).tolist() == [200, 700, 100]


def test_a_mean_that_moves_has_the_p_value_of_welch() -> None:
    rng = np.random.default_rng(8)
    before, now = rng.normal(50, 10, 4000), rng.normal(53, 12, 900)
    finding = label_drift_finding(REGRESSION, measured(before), measured(now))
    assert finding.value == pytest.approx((now.mean() - before.mean()) / before.std())
    assert finding.effect == finding.value
    # SciPy's Welch test has variances with divisor n - 1 and a t distribution; at these sizes both hardly differ.
    statistic = stats.ttest_ind(now, before, equal_var=False).statistic
    assert finding.p_value == pytest.approx(2 * stats.norm.sf(abs(statistic)), rel=0.05)
    assert (finding.status, finding.threshold_source) == ("critical", "fixed, raised for small samples")
    assert finding.reason.startswith("mean label 49.98 -> 52.87 (baseline sd 10.21, now ")
    fall = label_drift_finding(REGRESSION, measured(now), measured(before))
    assert (fall.effect or 0) < 0 < (fall.value or 0)


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (None, [1.0] * 200, "the baseline has no labels to compare with"),
        ([], [1.0] * 200, "the baseline has no labels to compare with"),
        ([1.0, 2.0], [1.0] * 200, "the baseline has 2 labels, at least 100 are needed"),
        (np.arange(200), [1.0], "1 label, at least 100 are needed"),
        (np.arange(200), [np.inf] * 200, "0 labels, at least 100 are needed"),
        (
            [0.1] * 200,
            np.arange(200),
            "every label of the baseline is 0.1, so there is no standard deviation to measure in",
        ),
        (np.arange(200) * 1e300, np.arange(200), "the labels are too large to add up"),
    ],
)
def test_what_cannot_be_compared_is_named(before: ArrayLike | None, now: ArrayLike, reason: str) -> None:
    finding = label_drift_finding(REGRESSION, None if before is None else measured(before), measured(now))
    assert (finding.status, finding.value, finding.reason) == ("insufficient", None, reason)


def test_a_profile_of_another_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="another layout"):
        label_drift_finding(BINARY, labelled(BINARY, 500), empty_performance(REGRESSION))


def test_a_given_threshold_is_kept() -> None:
    finding = label_drift_finding(BINARY, labelled(BINARY, 990, 10), labelled(BINARY, 970, 30), threshold=0.01)
    assert (finding.status, finding.threshold, finding.threshold_source) == ("critical", 0.01, "given")


def test_unchanged_labels_raise_few_alarms() -> None:
    # 1,000 windows of each task: one alarm is expected, four with three standard errors.
    rng = np.random.default_rng(21)
    alarms = {"classes": 0, "numbers": 0}
    for _ in range(1000):
        sides = (rng.multinomial(size, [0.7, 0.2, 0.1]).tolist() for size in (3000, 150))
        found = label_drift_finding(LETTERS, *(labelled(LETTERS, *side) for side in sides))
        alarms["classes"] += found.status != "ok"
        numbers = (rng.exponential(size=size) for size in (3000, 150))
        found = label_drift_finding(REGRESSION, *(measured(side) for side in numbers))
        alarms["numbers"] += found.status != "ok"
    assert max(alarms.values()) <= 4
