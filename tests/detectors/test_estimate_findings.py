"""Findings on estimates: a loss is foreseen, chance is not, doubts take the verdict away but not the value."""

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.calibration_map import fit_calibration
from detectors.estimate_findings import estimate_findings
from detectors.findings import Finding
from detectors.performance_profile import (
    Classes,
    PerformanceProfile,
    add,
    empty_performance,
    performance_layout,
    profile_performance,
    profile_predictions,
)
from detectors.trust import Known, trust

LAYOUT = performance_layout("binary", Classes(("0", "1"), "1"), {"score": np.linspace(0, 1, 1025)})


def scores(rng: np.random.Generator, n: int, spread: float) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-rng.normal(0, spread, n))))


def window(score: NDArray[np.float64]) -> PerformanceProfile:
    return profile_predictions(LAYOUT, score > 0.5, score)[0]


def labelled(rng: np.random.Generator, n: int = 10_000) -> PerformanceProfile:
    score = scores(rng, n, 3.0)
    label = rng.random(n) < score
    return add(profile_performance(LAYOUT, score > 0.5, score, label)[0], window(score))


BASELINE = labelled(np.random.default_rng(1))
CALIBRATION = fit_calibration(LAYOUT, BASELINE)


def finding_of(current: PerformanceProfile, metric: str, n_rows: int, **given: float) -> Finding:
    return estimate_findings(LAYOUT, CALIBRATION, BASELINE, current, n_rows, metrics=[metric], **given)[0]  # type: ignore[arg-type]


def test_a_loss_of_certainty_is_foreseen_as_a_warning() -> None:
    unsure = window(scores(np.random.default_rng(2), 4000, 1.0))
    finding = finding_of(unsure, "accuracy", 5000)
    assert (finding.kind, finding.method, finding.field) == ("estimate", "cbpe_accuracy", None)
    assert (finding.status, finding.severity) == ("warning", "low")
    assert (finding.n_baseline, finding.n_current) == (10_000, 4000)
    assert finding.effect is not None
    assert finding.effect < -0.1
    assert finding.reason.startswith("estimated accuracy fell from 0.8")
    assert finding.reason.endswith("on 4,000 of 5,000 rows")
    assert " points), 95 % interval 0." in finding.reason


def test_without_a_change_chance_is_no_alarm() -> None:
    rng = np.random.default_rng(3)
    found = [
        finding
        for n in [100] * 30 + [1000] * 30
        for finding in estimate_findings(LAYOUT, CALIBRATION, BASELINE, window(scores(rng, n, 3.0)), n)
    ]
    assert [finding.method for finding in found[:6]] == [
        f"cbpe_{metric}" for metric in ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss")
    ]
    assert len(found) == 360
    assert sum(finding.status != "ok" for finding in found) <= 0.01 * len(found)


def test_labels_change_nothing_in_an_estimate() -> None:
    rng = np.random.default_rng(4)
    score = scores(rng, 500, 3.0)
    late = add(window(score), profile_performance(LAYOUT, score > 0.5, score, rng.random(500) < 0.5)[0])
    assert finding_of(late, "f1", 500) == finding_of(window(score), "f1", 500)


def test_a_doubt_takes_the_verdict_and_leaves_the_value() -> None:
    unsure = window(scores(np.random.default_rng(5), 1000, 1.0))
    doubt = trust(Known(swapped=("age", "tenure")))
    found = estimate_findings(LAYOUT, CALIBRATION, BASELINE, unsure, 1000, metrics=["roc_auc"], relied_on=doubt)[0]
    assert (found.status, found.confidence) == ("insufficient", "low")
    assert found.value is not None
    assert found.reason.startswith(
        "not reliable: age and tenure no longer go together as at the baseline: estimated ROC"
    )


def test_a_given_threshold_is_an_absolute_limit() -> None:
    current = window(scores(np.random.default_rng(6), 1000, 3.0))
    assert finding_of(current, "accuracy", 1000, threshold=0.99).status == "warning"
    assert finding_of(current, "accuracy", 1000, threshold=0.5).status == "ok"
    assert finding_of(current, "log_loss", 1000, threshold=0.01).status == "warning"


def test_what_cannot_be_judged_says_why() -> None:
    current = window(scores(np.random.default_rng(7), 40, 3.0))
    few = finding_of(current, "accuracy", 60)
    assert (few.status, few.n_current) == ("insufficient", 40)
    assert few.reason.endswith("on 40 of 60 rows, at least 50 are needed")
    nothing = empty_performance(LAYOUT)
    assert finding_of(nothing, "accuracy", 0).status == "nodata"
    assert finding_of(nothing, "accuracy", 9).reason == "no estimate of accuracy: no row has a score"
    assert finding_of(current, "calibration_error", 40).reason == (
        "no estimate of calibration error: calibration error cannot be estimated without labels"
    )
    unlabelled = fit_calibration(LAYOUT, current)
    found = estimate_findings(LAYOUT, unlabelled, current, current, 40)[0]
    assert (found.status, found.n_baseline) == ("insufficient", 0)
    assert found.reason.startswith("no estimate of accuracy: the baseline has 0 labelled rows with a score")
    with pytest.raises(ValueError, match="metric 'acuracy' is not known"):
        finding_of(current, "acuracy", 40)
