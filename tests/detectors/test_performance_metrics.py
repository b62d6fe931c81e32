"""Metrics from sums against scikit-learn on the rows, and their standard errors against resampling."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sklearn

from detectors.classification_metrics import n_unknown_labels
from detectors.metrics import METRICS, default_metrics, metric_value
from detectors.performance_profile import Classes, Layout, performance_layout, profile_performance

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

YES_NO = Classes(("0", "1"), "1")
LETTERS = Classes(("a", "b", "c", "d"))
EDGES = np.linspace(0, 1, 1025)
BINARY = performance_layout("binary", YES_NO, {"score": EDGES})
MULTICLASS = performance_layout("multiclass", LETTERS, {f"score[{label}]": EDGES for label in LETTERS.labels})
REGRESSION = performance_layout("regression", None)
SEEDS = (1, 2, 3, 4, 5)


def binary_rows(rng: np.random.Generator, n: int) -> tuple[Codes, Floats, Codes]:
    """Scores that say something, predictions cut at one half, labels."""
    label = (rng.random(n) < 0.3).astype(np.int64)
    score = 1 / (1 + np.exp(-rng.normal(label * 1.5 - 1, 1.2)))
    return (score >= 0.5).astype(np.int64), score, label


def multiclass_rows(rng: np.random.Generator, n: int) -> tuple[Codes, Floats, Codes]:
    label = rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    weight = np.exp(rng.normal(size=(n, 4)) + 1.2 * (label[:, None] == np.arange(4)))
    score = weight / weight.sum(axis=1, keepdims=True)
    return score.argmax(axis=1), score, label


def value_of(layout: Layout, metric: str, *rows: NDArray[np.generic] | None) -> float:
    prediction, score, label = rows
    assert prediction is not None
    assert label is not None
    found = metric_value(profile_performance(layout, prediction, score, label)[0], layout, metric)
    assert found.value is not None, found.reason
    return found.value


@pytest.mark.parametrize("seed", SEEDS)
def test_binary_metrics_are_those_of_scikit_learn(seed: int) -> None:
    prediction, score, label = binary_rows(np.random.default_rng(seed), 3000)
    expected = {
        "accuracy": sklearn.accuracy_score(label, prediction),
        "precision": sklearn.precision_score(label, prediction),
        "recall": sklearn.recall_score(label, prediction),
        "f1": sklearn.f1_score(label, prediction),
        "log_loss": sklearn.log_loss(label, score),
        "brier": sklearn.brier_score_loss(label, score),
        "specificity": sklearn.recall_score(label, prediction, pos_label=0),
        "f1[0]": sklearn.f1_score(label, prediction, pos_label=0),
        "balanced_accuracy": sklearn.balanced_accuracy_score(label, prediction),
        "mcc": sklearn.matthews_corrcoef(label, prediction),
    }
    for metric, value in expected.items():
        assert value_of(BINARY, metric, prediction, score, label) == pytest.approx(value, rel=1e-9)
    auc = value_of(BINARY, "roc_auc", prediction, score, label)
    assert auc == pytest.approx(sklearn.roc_auc_score(label, score), abs=1e-3)
    found = value_of(BINARY, "average_precision", prediction, score, label)
    assert found == pytest.approx(sklearn.average_precision_score(label, score), abs=1e-3)


def test_ranking_metrics_are_exact_where_every_score_has_its_own_bin() -> None:
    prediction, score, label = binary_rows(np.random.default_rng(7), 1000)
    score = score.round(2)
    layout = performance_layout("binary", YES_NO, {"score": np.arange(0.005, 1.0, 0.01)})
    found = value_of(layout, "roc_auc", prediction, score, label)
    assert found == pytest.approx(sklearn.roc_auc_score(label, score), abs=1e-12)
    found = value_of(layout, "average_precision", prediction, score, label)
    assert found == pytest.approx(sklearn.average_precision_score(label, score), abs=1e-12)


def test_published_classification_values() -> None:
    # evidentlyai/evidently, tests/calculations/test_classification_performance.py gives accuracy .4, precision 1/3,
    # recall .2 and F1 .25 on ten rows: one hit, two false alarms, four misses, three right refusals.
    prediction = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    label = np.array([1, 0, 0, 1, 1, 1, 1, 0, 0, 0])
    found = [value_of(BINARY, metric, prediction, None, label) for metric in ("accuracy", "precision", "recall", "f1")]
    assert found == pytest.approx([0.4, 1 / 3, 0.2, 0.25])


@pytest.mark.parametrize("seed", SEEDS)
def test_multiclass_metrics_are_those_of_scikit_learn(seed: int) -> None:
    prediction, score, label = multiclass_rows(np.random.default_rng(seed), 3000)
    expected = {
        "accuracy": sklearn.accuracy_score(label, prediction),
        "precision": sklearn.precision_score(label, prediction, average="macro"),
        "recall": sklearn.recall_score(label, prediction, average="macro"),
        "f1": sklearn.f1_score(label, prediction, average="macro"),
        "log_loss": sklearn.log_loss(label, score),
        "brier": ((score - np.eye(4)[label]) ** 2).sum(axis=1).mean(),
    }
    for metric, score_of in (
        ("precision", sklearn.precision_score),
        ("recall", sklearn.recall_score),
        ("f1", sklearn.f1_score),
    ):
        for average in ("micro", "weighted"):
            expected[f"{metric}_{average}"] = score_of(label, prediction, average=average)
        expected[f"{metric}[b]"] = score_of(label, prediction, average=None)[1]
    expected["mcc"] = sklearn.matthews_corrcoef(label, prediction)
    expected["balanced_accuracy"] = sklearn.balanced_accuracy_score(label, prediction)
    own = sklearn.multilabel_confusion_matrix(label, prediction)
    expected["specificity"] = (own[:, 0, 0] / (own[:, 0, 0] + own[:, 0, 1])).mean()
    for metric, value in expected.items():
        assert value_of(MULTICLASS, metric, prediction, score, label) == pytest.approx(value, rel=1e-9)
    for average in ("macro", "weighted"):
        found = value_of(MULTICLASS, f"average_precision_{average}".removesuffix("_macro"), prediction, score, label)
        truth = sklearn.average_precision_score(np.eye(4)[label], score, average=average)
        assert found == pytest.approx(truth, abs=2e-3)
    auc = value_of(MULTICLASS, "roc_auc", prediction, score, label)
    assert auc == pytest.approx(sklearn.roc_auc_score(label, score, multi_class="ovr", average="macro"), abs=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_regression_metrics_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = rng.lognormal(10, 1, 3000)
    prediction = label * rng.lognormal(0, 0.3, 3000)
    expected = {
        "mae": sklearn.mean_absolute_error(label, prediction),
        "rmse": sklearn.root_mean_squared_error(label, prediction),
        "mape": sklearn.mean_absolute_percentage_error(label, prediction),
        "r2": sklearn.r2_score(label, prediction),
    }
    # Errors that vary smoothly are spread over a bin of half an octave nearly as its logarithm says.
    for metric, share in (("error_p50", 0.5), ("error_p90", 0.9)):
        exact = np.quantile(np.abs(prediction - label), share)
        assert value_of(REGRESSION, metric, prediction, None, label) == pytest.approx(exact, rel=0.05)
    for metric, value in expected.items():
        assert value_of(REGRESSION, metric, prediction, None, label) == pytest.approx(value, rel=1e-9)


def _regression_rows(rng: np.random.Generator, n: int) -> tuple[Floats, None, Floats]:
    label = rng.normal(100, 20, n)
    return label + rng.laplace(0, 5, n), None, label


@pytest.mark.parametrize(
    ("layout", "rows", "metric"),
    [
        *((BINARY, binary_rows, metric) for metric in ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss")),
        *((BINARY, binary_rows, metric) for metric in ("specificity", "balanced_accuracy", "mcc", "average_precision")),
        *((MULTICLASS, multiclass_rows, metric) for metric in ("accuracy", "recall", "log_loss", "mcc", "f1[a]")),
        *((REGRESSION, _regression_rows, metric) for metric in ("mae", "rmse", "r2", "error_p50", "error_p90")),
    ],
)
def test_standard_errors_are_the_scatter_of_repeated_samples(
    layout: Layout, rows: Callable[[np.random.Generator, int], tuple[Codes, Floats, Codes]], metric: str
) -> None:
    rng, n, times = np.random.default_rng(11), 1000, 300
    prediction, score, label = rows(rng, n * times)
    profiles = profile_performance(layout, prediction, score, label, np.repeat(np.arange(times), n), times)
    found = [metric_value(profile, layout, metric) for profile in profiles]
    scatter = np.std([estimate.value for estimate in found if estimate.value is not None])
    stated = np.mean([estimate.standard_error for estimate in found if estimate.standard_error is not None])
    assert stated == pytest.approx(scatter, rel=0.25)


def calibration_error_of(label: Codes, score: Floats, n_groups: int) -> float:
    """Over rows, in groups of equal size in order of score."""
    order = np.argsort(score, kind="stable")
    groups = zip(np.array_split(score[order], n_groups), np.array_split(label[order], n_groups), strict=True)
    return sum(len(s) * abs(float(s.mean() - y.mean())) for s, y in groups) / len(label)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_calibration_error_is_that_of_ten_groups_of_rows(seed: int) -> None:
    prediction, score, label = binary_rows(np.random.default_rng(seed), 3000)
    found = value_of(BINARY, "calibration_error", prediction, score, label)
    assert found == pytest.approx(calibration_error_of(label, score, 10), abs=0.003)


def test_a_calibrated_model_has_a_calibration_error_within_its_chance() -> None:
    rng = np.random.default_rng(12)
    score = rng.random((200, 500))
    label = (rng.random((200, 500)) < score).astype(np.int64)
    beyond = 0
    for s, y in zip(score, label, strict=True):
        found = metric_value(profile_performance(BINARY, y, s, y)[0], BINARY, "calibration_error")
        beyond += (found.value or 0.0) > 2 * (found.standard_error or 0.0)
    assert beyond <= 4


@pytest.mark.parametrize(("layout", "rows"), [(BINARY, binary_rows), (MULTICLASS, multiclass_rows)])
def test_business_value_is_the_mean_worth_of_the_rows(
    layout: Layout, rows: Callable[[np.random.Generator, int], tuple[Codes, Floats, Codes]]
) -> None:
    prediction, score, label = rows(np.random.default_rng(13), 500)
    n_classes = len(layout.known_classes.labels)
    worth = np.arange(n_classes**2, dtype=np.float64).reshape(n_classes, n_classes) - 3
    profile = profile_performance(layout, prediction, score, label)[0]
    found = metric_value(profile, layout, "business_value", business_value=worth)
    own = worth[label, prediction]
    assert found.value == pytest.approx(own.mean())
    assert found.standard_error == pytest.approx(own.std(ddof=1) / np.sqrt(500))
    assert metric_value(profile, layout, "business_value").reason.startswith("the model file says nothing")
    with pytest.raises(ValueError, match="by label and prediction"):
        metric_value(profile, layout, "business_value", business_value=np.zeros((1, 2)))


def reason(layout: Layout, metric: str, *rows: list[float] | None) -> str:
    prediction, score, label = rows
    assert prediction is not None
    assert label is not None
    found = metric_value(profile_performance(layout, prediction, score, label)[0], layout, metric)
    assert found.value is None
    return found.reason


def test_what_is_undefined_has_a_named_reason() -> None:
    assert reason(BINARY, "accuracy", [], [], []) == "no row has a label yet"
    assert reason(BINARY, "accuracy", [-1, -1], None, [0, 1]) == "no labelled row has a prediction"
    assert reason(BINARY, "accuracy", [0, 1], None, [2, 2]).startswith("no label is one of the classes 0, 1")
    assert reason(BINARY, "precision", [0, 0], None, [0, 1]) == "no row is predicted to be 1"
    assert reason(BINARY, "recall", [0, 1], None, [0, 0]) == "no row is labelled 1"
    assert reason(BINARY, "f1", [0, 0], None, [0, 0]) == "no row is labelled or predicted to be 1"
    one_class = "every labelled row is of class 0, and ROC AUC needs rows of both classes"
    assert reason(BINARY, "roc_auc", [0, 1], [0.1, 0.8], [0, 0]) == one_class
    assert reason(BINARY, "specificity", [0, 1], None, [1, 1]) == "every row is labelled 1"
    assert reason(BINARY, "mcc", [1, 1], None, [0, 1]).startswith("all rows are predicted to be of one class")
    assert reason(BINARY, "log_loss", [0, 1], [math.nan, math.inf], [0, 1]) == "no labelled row has a score"
    without_scores = performance_layout("binary", YES_NO)
    assert reason(without_scores, "roc_auc", [0, 1], [0.1, 0.2], [0, 1]) == "the model gives no scores"
    assert reason(REGRESSION, "mae", [math.nan], None, [1.0]).startswith("no labelled row has both a finite label")
    assert reason(REGRESSION, "mape", [1.0], None, [0.0]).startswith("every label is zero")
    assert reason(REGRESSION, "r2", [1.0, 2.0], None, [0.1, 0.1]) == "all labels are the same"
    assert reason(REGRESSION, "mae", [1e308, 1e308], None, [-1e308, -1e308]) == "the values are too large to add up"


def test_a_class_without_labels_is_left_out_of_the_average_and_named() -> None:
    found = metric_value(profile_performance(MULTICLASS, [0, 1, 1, 3], None, [0, 1, 0, 0])[0], MULTICLASS, "recall")
    assert found.value == pytest.approx((1 / 3 + 1) / 2)
    assert found.left_out == ("c", "d")
    full = profile_performance(MULTICLASS, [0, 1, 2, 3], None, [0, 1, 2, 0])[0]
    assert metric_value(full, MULTICLASS, "recall", leave_out=("c", "d")).value == pytest.approx(0.75)


def test_probabilities_beyond_zero_and_one_are_clipped_and_counted() -> None:
    profile = profile_performance(BINARY, [1, 0, 1], [1.7, -0.2, 0.5], [1, 0, 1])[0]
    assert profile.counts[BINARY.outside] == 2
    assert metric_value(profile, BINARY, "log_loss").value == pytest.approx(math.log(2) / 3)
    wrong = profile_performance(BINARY, [1], [1.0], [0])[0]
    assert metric_value(wrong, BINARY, "log_loss").value == pytest.approx(-math.log(1e-15), rel=1e-3)


def test_labels_of_unknown_classes_are_counted_apart() -> None:
    profile = profile_performance(BINARY, [1, 0, 1], [0.9, 0.2, 0.5], [1, 0, 2])[0]
    assert profile.n_labelled == 3
    assert n_unknown_labels(profile, BINARY) == 1
    assert metric_value(profile, BINARY, "accuracy").n == 2


def test_a_predicted_class_that_is_not_declared_is_wrong() -> None:
    assert value_of(BINARY, "accuracy", np.array([1, 2]), None, np.array([1, 1])) == 0.5


def test_one_row_has_a_value_and_says_nothing_of_its_error() -> None:
    found = metric_value(profile_performance(REGRESSION, [3.0], None, [1.0])[0], REGRESSION, "mae")
    assert (found.value, found.standard_error, found.n) == (2.0, None, 1)


def test_default_metrics_are_those_the_task_can_have() -> None:
    assert default_metrics(BINARY) == ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss")
    assert default_metrics(performance_layout("binary", YES_NO)) == ("accuracy", "precision", "recall", "f1")
    assert default_metrics(REGRESSION) == ("mae", "rmse")
    assert all(METRICS[name].tasks for name in default_metrics(MULTICLASS))


def test_a_metric_of_another_task_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"metric 'mae' is not known for a binary model: use one of accuracy"):
        metric_value(profile_performance(BINARY, [], [], [])[0], BINARY, "mae")
    with pytest.raises(ValueError, match=r"metric 'f1\[x\]': 'x' is not one of the classes a, b, c, d"):
        metric_value(profile_performance(MULTICLASS, [], None, [])[0], MULTICLASS, "f1[x]")
    with pytest.raises(ValueError, match=r"metric 'f1_micro' is not known for a binary model"):
        metric_value(profile_performance(BINARY, [], [], [])[0], BINARY, "f1_micro")
    with pytest.raises(ValueError, match="another layout"):
        metric_value(profile_performance(REGRESSION, [], None, [])[0], BINARY, "accuracy")
