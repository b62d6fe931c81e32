"""Performance findings: a loss is found, chance is not, and every sentence says which way it went."""

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.findings import Finding
from detectors.performance import performance_findings
from detectors.performance_profile import (
    Classes,
    Layout,
    PerformanceProfile,
    empty_performance,
    performance_layout,
    profile_performance,
)

BINARY = performance_layout("binary", Classes(("0", "1"), "1"), {"score": np.linspace(0, 1, 1025)})
LETTERS = performance_layout("multiclass", Classes(("a", "b", "c")))
REGRESSION = performance_layout("regression", None)


def with_accuracy(hits: int, n: int) -> PerformanceProfile:
    """Rows of which so many are right, half of them of either class."""
    label = np.arange(n) % 2
    prediction = np.where(np.arange(n) < hits, label, 1 - label)
    return profile_performance(BINARY, prediction, None, label)[0]


def with_errors(errors: NDArray[np.float64]) -> PerformanceProfile:
    return profile_performance(REGRESSION, errors, None, np.zeros(len(errors)))[0]


def finding_of(
    layout: Layout,
    baseline: PerformanceProfile | None,
    current: PerformanceProfile,
    metric: str,
    n_rows: int | None = None,
    threshold: float | None = None,
) -> Finding:
    rows = current.n_labelled if n_rows is None else n_rows
    return performance_findings(layout, baseline, current, rows, metrics=[metric], threshold=threshold)[0]


def test_a_loss_of_accuracy_is_found_and_said() -> None:
    finding = finding_of(BINARY, with_accuracy(9410, 10_000), with_accuracy(4527, 4980), "accuracy", 5000)
    assert finding.status == "critical"
    assert finding.severity == "high"
    assert finding.reason == (
        "accuracy fell from 0.941 to 0.909 (-3.2 points), 95 % interval 0.901 to 0.917, on 4,980 labelled of 5,000 rows"
    )
    assert finding.value == pytest.approx(0.909036, abs=1e-6)
    assert finding.effect == pytest.approx(-0.031964, abs=1e-6)
    assert (finding.n_baseline, finding.n_current, finding.field) == (10_000, 4980, None)


def test_the_margin_is_the_tolerance_or_three_standard_errors() -> None:
    large = finding_of(BINARY, with_accuracy(900_000, 1_000_000), with_accuracy(890_100, 1_000_000), "accuracy")
    assert (large.status, large.threshold_source) == ("ok", "baseline")
    assert large.threshold == pytest.approx(0.89)
    beyond = finding_of(BINARY, with_accuracy(900_000, 1_000_000), with_accuracy(889_000, 1_000_000), "accuracy")
    assert (beyond.status, beyond.confidence) == ("warning", "normal")
    small = finding_of(BINARY, with_accuracy(9000, 10_000), with_accuracy(85, 100), "accuracy")
    error = np.sqrt(0.9 * 0.1 / 10_000 + 0.85 * 0.15 / 100)
    assert small.threshold == pytest.approx(0.9 - 3 * error, abs=0.002)
    assert (small.status, small.confidence) == ("ok", "low")
    assert small.threshold_source == "baseline, widened for small samples"


@pytest.mark.parametrize(
    ("n", "lost", "status"),
    [(1_000_000, 0.015, "warning"), (1_000_000, 0.025, "critical"), (3000, 0.03, "warning"), (3000, 0.042, "critical")],
)
def test_critical_is_more_than_twice_the_tolerance_and_more_than_chance(n: int, lost: float, status: str) -> None:
    """Of 3,000 rows, with the standard error .0078 of the difference at .9, 4.5 errors are .035 or so."""
    now = with_accuracy(round(n * (0.9 - lost)), n)
    assert finding_of(BINARY, with_accuracy(n * 9 // 10, n), now, "accuracy").status == status


def test_a_gain_is_no_alarm_and_called_one() -> None:
    better = finding_of(BINARY, with_accuracy(9000, 10_000), with_accuracy(9900, 10_000), "accuracy")
    assert better.status == "ok"
    assert better.reason.startswith("accuracy rose from 0.900 to 0.990 (+9.0 points)")
    rng = np.random.default_rng(1)
    smaller = finding_of(
        REGRESSION, with_errors(rng.normal(0, 848, 5000)), with_errors(rng.normal(0, 703, 2000)), "mae"
    )
    assert smaller.status == "ok"
    assert smaller.reason.startswith("error improved: MAE ")
    assert "at the baseline (-1" in smaller.reason
    same = finding_of(BINARY, with_accuracy(9000, 10_000), with_accuracy(900, 1000), "accuracy")
    assert (
        same.reason
        == "accuracy is 0.900, as at the baseline, 95 % interval 0.880 to 0.917, on 1,000 labelled of 1,000 rows"
    )


def test_a_larger_error_is_found_and_called_worse() -> None:
    rng = np.random.default_rng(2)
    before, now = with_errors(rng.normal(0, 700, 5000)), with_errors(rng.normal(0, 1000, 2000))
    for metric in ("mae", "rmse"):
        finding = finding_of(REGRESSION, before, now, metric)
        assert finding.status == "critical"
        assert finding.reason.startswith(f"error worsened: {metric.upper()} ")
        assert finding.threshold is not None
        assert (finding.value or 0) > finding.threshold


def test_without_a_change_chance_is_no_alarm() -> None:
    rng, alarms, judged = np.random.default_rng(3), 0, 0

    def window(n: int) -> PerformanceProfile:
        label = (rng.random(n) < 0.2).astype(np.int64)
        score = 1 / (1 + np.exp(-rng.normal(2 * label - 1.5, 1.0)))
        return profile_performance(BINARY, (score > 0.5).astype(np.int64), score, label)[0]

    baseline = window(5000)
    for n in [100] * 60 + [1000] * 60:
        found = performance_findings(BINARY, baseline, window(n), n)
        judged += len(found)
        alarms += sum(finding.status != "ok" for finding in found)
        assert "critical" not in {finding.status for finding in found}
    assert judged == 720
    assert alarms <= 0.01 * judged


def test_a_given_threshold_is_an_absolute_limit_either_way() -> None:
    finding = finding_of(BINARY, None, with_accuracy(880, 1000), "accuracy", threshold=0.9)
    assert (finding.status, finding.threshold, finding.threshold_source) == ("warning", 0.9, "given")
    assert finding.effect is None
    assert finding.reason == "accuracy is 0.880 (0.858 to 0.899) on 1,000 labelled of 1,000 rows"
    assert finding_of(BINARY, None, with_accuracy(780, 1000), "accuracy", threshold=0.9).status == "critical"
    assert finding_of(BINARY, None, with_accuracy(910, 1000), "accuracy", threshold=0.9).status == "ok"
    error = with_errors(np.full(100, 5.0))
    assert finding_of(REGRESSION, None, error, "mae", threshold=6.0).status == "ok"
    assert finding_of(REGRESSION, None, error, "mae", threshold=4.0).status == "warning"
    assert finding_of(REGRESSION, None, error, "mae", threshold=2.0).status == "critical"


def test_what_cannot_be_judged_says_why_and_carries_what_is_known() -> None:
    base = with_accuracy(900, 1000)
    few = finding_of(BINARY, base, with_accuracy(10, 12), "accuracy", 5000)
    assert (few.status, few.value) == ("insufficient", 10 / 12)
    assert few.reason == "12 labelled of 5,000 rows, at least 50 labelled rows are needed"
    assert few.interval_low is not None
    assert few.interval_low < 10 / 12 < (few.interval_high or 0.0)

    none = finding_of(BINARY, base, empty_performance(BINARY), "accuracy", 5000)
    assert (none.status, none.value) == ("insufficient", None)
    nothing = finding_of(BINARY, base, empty_performance(BINARY), "accuracy", 0)
    assert (nothing.status, nothing.reason) == ("nodata", "no rows in this window")
    for baseline in (None, empty_performance(BINARY)):
        finding = finding_of(BINARY, baseline, with_accuracy(909, 1000), "accuracy")
        assert (finding.status, finding.value, finding.severity) == ("insufficient", 0.909, "none")
        assert finding.reason.startswith("the baseline has no labels to compare with: accuracy is 0.909 on 1,000 ")
    no_scores = finding_of(BINARY, base, with_accuracy(90, 100), "roc_auc")
    assert no_scores.status == "insufficient"
    assert no_scores.reason.startswith("ROC AUC is undefined: no labelled row has a score")


def test_a_window_is_judged_once_enough_of_its_rows_have_labels() -> None:
    now = with_accuracy(500, 1000)
    early = performance_findings(BINARY, with_accuracy(9000, 10_000), now, 5000, metrics=["accuracy"], completeness=0.8)
    assert early[0].status == "insufficient"
    assert early[0].reason == "1,000 labelled of 5,000 rows (20.0 %), at least 80.0 % must be labelled"
    done = performance_findings(BINARY, with_accuracy(9000, 10_000), now, 1250, metrics=["accuracy"], completeness=0.8)
    assert done[0].status == "critical"


def test_one_class_only_is_a_named_reason() -> None:
    label = np.zeros(200, dtype=np.int64)
    now = profile_performance(BINARY, label, np.full(200, 0.2), label)[0]
    found = {f.method: f for f in performance_findings(BINARY, with_accuracy(900, 1000), now, 200)}
    assert list(found) == ["accuracy", "precision", "recall", "f1", "roc_auc", "log_loss"]
    assert found["accuracy"].status == "ok"
    assert "no row is predicted to be 1" in found["precision"].reason
    assert "no row is labelled 1" in found["recall"].reason
    assert "every labelled row is of class 0" in found["roc_auc"].reason
    assert "undefined at the baseline: no labelled row has a score" in found["log_loss"].reason
    assert {found[m].status for m in ("precision", "recall", "f1", "roc_auc", "log_loss")} == {"insufficient"}


def test_averages_are_over_the_same_classes_on_both_sides() -> None:
    # The baseline is perfect on a and b and always wrong on c; the window has no c.
    label = np.repeat([0, 1, 2], 200)
    baseline = profile_performance(LETTERS, np.where(label == 2, 0, label), None, label)[0]
    window = np.repeat([0, 1], 100)
    finding = finding_of(LETTERS, baseline, profile_performance(LETTERS, window, None, window)[0], "recall")
    assert (finding.status, finding.value, finding.effect) == ("ok", 1.0, 0.0)
    assert finding.reason.endswith("without c (not among the labels)")


def test_labels_of_no_declared_class_are_named() -> None:
    other = profile_performance(BINARY, np.zeros(100), None, np.full(100, 2))[0]
    finding = finding_of(BINARY, with_accuracy(900, 1000), other, "accuracy")
    assert finding.status == "insufficient"
    assert "no label is one of the classes 0, 1: check what is sent as labels" in finding.reason


def test_unknown_metrics_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="metric 'acuracy' is not known for a binary model: use one of accuracy"):
        performance_findings(BINARY, None, with_accuracy(9, 10), 10, metrics=["acuracy"])


def test_a_fall_of_the_business_value_is_found_and_said_without_points() -> None:
    worth = np.array([[1.0, -4.0], [-4.0, 1.0]])
    found = performance_findings(
        BINARY,
        with_accuracy(9000, 10_000),
        with_accuracy(8000, 10_000),
        10_000,
        metrics=["business_value"],
        business_value=worth,
    )[0]
    assert (found.status, found.value) == ("critical", 0.0)
    assert found.reason == (
        "business value fell from 0.5 to 0, 95 % interval -0.03921 to 0.03921, on 10,000 labelled of 10,000 rows"
    )
    given = performance_findings(
        BINARY,
        None,
        with_accuracy(7000, 10_000),
        10_000,
        metrics=["business_value"],
        threshold=-0.3,
        business_value=worth,
    )[0]
    assert (given.status, given.value) == ("warning", -0.5)
