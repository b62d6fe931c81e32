"""Estimated performance: the estimate over rows, the scatter of realised values, and NannyML's values."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sklearn
from sklearn.isotonic import IsotonicRegression

from detectors.calibration_map import Calibration, fit_calibration
from detectors.edges import bin_edges
from detectors.estimation import estimable_metrics, estimated_metric, unknown_scores
from detectors.metrics import metric_value
from detectors.performance_profile import (
    Classes,
    Layout,
    PerformanceProfile,
    add,
    empty_performance,
    performance_layout,
    profile_performance,
    profile_predictions,
    total_performance,
)

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

YES_NO = Classes(("0", "1"), "1")
METALS = Classes(("gold", "silver", "tin"))
WORTH = np.array([[2.0, -5.0], [-10.0, 10.0]])


class Model(NamedTuple):
    layout: Layout
    calibration: Calibration
    baseline: PerformanceProfile


def binary_scores(rng: np.random.Generator, n: int, shift: float = 0.0) -> Floats:
    return np.asarray(1 / (1 + np.exp(-rng.normal(shift, 2.0, n))))


def chance(score: Floats) -> Floats:
    """A model that is too sure of itself."""
    logit = np.log(score / (1 - score))
    return np.asarray(1 / (1 + np.exp(-0.6 * logit + 0.3)))


def labelled_model(score: Floats, label: Codes) -> Model:
    layout = performance_layout("binary", YES_NO, {"score": bin_edges(score, 1024)[0]})
    prediction = (score > 0.5).astype(np.int64)
    baseline = profile_performance(layout, prediction, score, label)[0]
    baseline = add(baseline, profile_predictions(layout, prediction, score)[0])
    return Model(layout, fit_calibration(layout, baseline), baseline)


def window(model: Model, score: Floats) -> PerformanceProfile:
    return profile_predictions(model.layout, (score > 0.5).astype(np.int64), score)[0]


@pytest.fixture(scope="module")
def model() -> Model:
    rng = np.random.default_rng(1)
    score = binary_scores(rng, 20_000)
    return labelled_model(score, (rng.random(20_000) < chance(score)).astype(np.int64))


def row_wise(score: Floats, p: Floats) -> dict[str, float]:
    """The same expected values over rows, each with a calibrated chance of its own."""
    yes = score > 0.5
    tp, fp, fn, tn = p[yes].sum(), (1 - p[yes]).sum(), p[~yes].sum(), (1 - p[~yes]).sum()
    order = np.argsort(-score, kind="stable")
    x, z = p[order], 1 - p[order]
    above = np.cumsum(x) - x / 2
    recall, specificity = tp / (tp + fn), tn / (tn + fp)
    return {
        "accuracy": (tp + tn) / len(p),
        "precision": tp / (tp + fp),
        "recall": recall,
        "f1": 2 * tp / (2 * tp + fp + fn),
        "specificity": specificity,
        "balanced_accuracy": (recall + specificity) / 2,
        "mcc": (tp * tn - fp * fn) / math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)),
        "roc_auc": float(z @ above) / (x.sum() * z.sum()),
        "average_precision": float(x @ (np.cumsum(x) / np.arange(1, len(x) + 1))) / x.sum(),
        "brier": float((p * (1 - score) ** 2 + (1 - p) * score**2).mean()),
        "log_loss": float(-(p * np.log(score) + (1 - p) * np.log(1 - score)).mean()),
        "business_value": (10 * tp - 5 * fp - 10 * fn + 2 * tn) / len(p),
    }


# One threshold a bin makes average precision smaller than one a row does, by at most half of a bin's rows.
EXACT = {"average_precision": 1e-3, "brier": 1e-6, "log_loss": 1e-5}


def test_estimates_are_those_over_the_rows(model: Model) -> None:
    score = binary_scores(np.random.default_rng(2), 20_000, 0.5)
    bins = np.searchsorted(model.layout.score_edges[0], score, side="right")
    # Where the threshold of the prediction cuts a bin, row order within it is that of the rows.
    expected = row_wise(score, model.calibration.maps[0].chances[bins])
    assert {*expected} == {*estimable_metrics(model.layout)}
    for metric, value in expected.items():
        found = estimated_metric(model.layout, model.calibration, window(model, score), metric, business_value=WORTH)
        assert found.n == 20_000
        assert found.value == pytest.approx(value, abs=EXACT.get(metric, 1e-9)), metric


def test_bins_cost_a_tenth_of_the_error_against_a_map_over_single_rows(model: Model) -> None:
    rng = np.random.default_rng(1)
    base = binary_scores(rng, 20_000)
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(base, rng.random(20_000) < chance(base))
    score = binary_scores(np.random.default_rng(2), 20_000, 0.5)
    for metric, value in row_wise(score, isotonic.predict(score)).items():
        found = estimated_metric(model.layout, model.calibration, window(model, score), metric, business_value=WORTH)
        assert found.value is not None
        assert found.standard_error is not None
        assert abs(found.value - value) < (0.25 if metric == "average_precision" else 0.1) * found.standard_error, (
            metric
        )


def test_estimates_add_up_from_any_split(model: Model) -> None:
    rng = np.random.default_rng(4)
    score = binary_scores(rng, 3000)
    prediction = (score > 0.5).astype(np.int64)
    parts = profile_predictions(model.layout, prediction, score, rng.integers(0, 7, 3000), 7)
    whole, split = window(model, score), total_performance(model.layout, parts)
    for metric in estimable_metrics(model.layout):
        one, two = (
            estimated_metric(model.layout, model.calibration, each, metric, business_value=WORTH)
            for each in (whole, split)
        )
        assert one == two


def test_the_stated_error_is_the_scatter_of_what_labels_show() -> None:
    """Over many baselines and windows: (realised - estimated) / error is as wide as stated, and not far from 0."""
    rng = np.random.default_rng(5)
    metrics = ("accuracy", "precision", "recall", "f1", "mcc", "roc_auc", "average_precision", "log_loss", "brier")
    away: dict[str, list[float]] = {metric: [] for metric in metrics}
    for _ in range(100):
        base = binary_scores(rng, 2000)
        made = labelled_model(base, (rng.random(2000) < chance(base)).astype(np.int64))
        score = binary_scores(rng, 1000, 0.4)
        label = (rng.random(1000) < chance(score)).astype(np.int64)
        prediction = (score > 0.5).astype(np.int64)
        real = profile_performance(made.layout, prediction, score, label)[0]
        for metric in metrics:
            found = estimated_metric(made.layout, made.calibration, window(made, score), metric)
            shown = metric_value(real, made.layout, metric)
            away[metric].append(((shown.value or 0.0) - (found.value or 0.0)) / (found.standard_error or 1.0))
    for metric, values in away.items():
        # The standard deviation of 100 draws is within .24 of its own in 999 of 1,000 cases.
        assert np.std(values) == pytest.approx(1.0, abs=0.25), metric
        assert abs(np.mean(values)) < 0.5, metric
        assert np.mean(np.abs(values) > 1.96) < 0.12, metric


def test_what_rows_are_worth_counts_the_expected_rows_of_each_cell(model: Model) -> None:
    score = binary_scores(np.random.default_rng(6), 500)
    cells = [
        estimated_metric(model.layout, model.calibration, window(model, score), "business_value", business_value=values)
        for values in np.eye(4).reshape(4, 2, 2)
    ]
    rows = [500 * (cell.value or 0.0) for cell in cells]
    assert sum(rows) == pytest.approx(500)
    assert rows[1] + rows[3] == pytest.approx((score > 0.5).sum())
    # A row that is not a true positive is a false one.
    assert cells[1].standard_error == pytest.approx(cells[3].standard_error)


def test_rows_of_no_declared_class_count_for_scores_alone(model: Model) -> None:
    score = np.array([0.1, 0.3, 0.7, 0.9])
    whole = profile_predictions(model.layout, [0, 0, 1, 1], score)[0]
    with_others = add(whole, profile_predictions(model.layout, [2, -1], [0.2, 0.8])[0])
    for metric, same in (("accuracy", True), ("roc_auc", False)):
        one, two = (estimated_metric(model.layout, model.calibration, each, metric) for each in (whole, with_others))
        assert (one.value == two.value) is same


def test_scores_beyond_the_labels_of_the_baseline_are_told(model: Model) -> None:
    score = binary_scores(np.random.default_rng(7), 100)
    assert unknown_scores(model.layout, model.calibration, window(model, score)) == 0
    beyond = np.concatenate([score, np.full(100, 1.5)])
    assert unknown_scores(model.layout, model.calibration, window(model, beyond)) == 0.5
    assert unknown_scores(model.layout, model.calibration, empty_performance(model.layout)) is None


def test_what_cannot_be_estimated_says_why(model: Model) -> None:
    nothing = empty_performance(model.layout)
    assert estimated_metric(model.layout, model.calibration, nothing, "f1").reason == "no row has a score"
    never = profile_predictions(model.layout, [0, 0], [0.2, 0.3])[0]
    found = estimated_metric(model.layout, model.calibration, never, "precision")
    assert found.reason == "no row is predicted to be 1"
    assert "worth" in estimated_metric(model.layout, model.calibration, never, "business_value").reason
    unlabelled = fit_calibration(model.layout, never)
    assert estimated_metric(model.layout, unlabelled, never, "f1").reason.startswith("the baseline has 0 labelled rows")
    with pytest.raises(ValueError, match="'calibration_error' cannot be estimated without labels: use one of accuracy"):
        estimated_metric(model.layout, model.calibration, never, "calibration_error")
    with pytest.raises(ValueError, match="another layout"):
        estimated_metric(performance_layout("binary", YES_NO), model.calibration, never, "f1")


def metal_rows(rng: np.random.Generator, n: int, lean: Floats) -> tuple[Codes, Floats, Codes]:
    """Predictions, scores and labels of a model that is calibrated but for a little too much confidence."""
    logits = rng.normal(size=(n, 3)) * 1.5 + lean
    score, truth = (np.exp(scale * logits) for scale in (1.0, 0.7))
    score, truth = (each / each.sum(axis=1, keepdims=True) for each in (score, truth))
    label = (rng.random((n, 1)) > truth.cumsum(axis=1)).sum(axis=1)
    return score.argmax(axis=1), score, label


def test_many_classes_are_estimated_as_with_maps_over_rows_that_are_made_to_sum_to_one() -> None:
    rng = np.random.default_rng(8)
    prediction, score, label = metal_rows(rng, 20_000, np.array([0.5, 0.0, -0.5]))
    edges = {f"score[{name}]": bin_edges(score[:, at], 1024)[0] for at, name in enumerate(METALS.labels)}
    layout = performance_layout("multiclass", METALS, edges)
    calibration = fit_calibration(layout, profile_performance(layout, prediction, score, label)[0])
    now, scores, labels = metal_rows(rng, 10_000, np.array([0.0, 0.5, -0.5]))
    p = np.column_stack(
        [
            IsotonicRegression(out_of_bounds="clip").fit(score[:, at], label == at).predict(scores[:, at])
            for at in range(3)
        ]
    )
    p /= p.sum(axis=1, keepdims=True)
    current, real = profile_predictions(layout, now, scores)[0], profile_performance(layout, now, scores, labels)[0]
    share = [p[now == at, at].sum() for at in range(3)]
    precision = [share[at] / (now == at).sum() for at in range(3)]
    recall = [share[at] / p[:, at].sum() for at in range(3)]
    expected = {
        "accuracy": sum(share) / 10_000,
        "f1_micro": sum(share) / 10_000,
        "precision": np.mean(precision),
        "recall": np.mean(recall),
        "recall[tin]": recall[2],
        "recall_weighted": sum(share) / 10_000,
        "log_loss": float(-(p * np.log(scores)).sum() / 10_000),
        "brier": float((p * (1 - scores) ** 2 + (1 - p) * scores**2).sum() / 10_000),
        "specificity_micro": 1 - (1 - sum(share) / 10_000) / 2,
    }
    for metric, value in expected.items():
        found, shown = estimated_metric(layout, calibration, current, metric), metric_value(real, layout, metric)
        assert found.value == pytest.approx(value, abs=0.01), metric
        assert found.value == pytest.approx(shown.value, abs=5 * (found.standard_error or 0.0)), metric
    auc = estimated_metric(layout, calibration, current, "roc_auc").value
    assert auc == pytest.approx(sklearn.roc_auc_score(labels, scores, multi_class="ovr"), abs=0.01)


def test_a_class_that_is_not_expected_is_left_out_of_the_average() -> None:
    layout = performance_layout(
        "multiclass", METALS, {f"score[{name}]": np.linspace(0, 1, 11) for name in METALS.labels}
    )
    label = np.repeat([0, 1], 100)
    score = np.where(np.arange(3) == label[:, None], 0.75, 0.125)
    calibration = fit_calibration(layout, profile_performance(layout, label, score, label)[0])
    found = estimated_metric(layout, calibration, profile_predictions(layout, label, score)[0], "recall")
    assert (found.value, found.left_out) == (1.0, ("tin",))


@pytest.mark.streams
def test_car_loan_estimates_are_those_of_nannyml(stream_data: Path) -> None:
    # NannyML 0.13.1, CBPE fitted on the reference part, chunks of 5,000 of the analysis part. The calibration is
    # scikit-learn's isotonic regression on all reference rows; the scores have two decimals, so bins lose nothing.
    expected = {
        "roc_auc": [0.970744, 0.971011, 0.971407, 0.971091, 0.971123, 0.96109, 0.961825, 0.961073, 0.962533, 0.961316],
        "accuracy": [
            0.941792,
            0.943321,
            0.945492,
            0.944816,
            0.944645,
            0.910714,
            0.911149,
            0.911193,
            0.914389,
            0.911731,
        ],
        "f1": [0.94303, 0.941324, 0.943574, 0.943159, 0.944204, 0.911753, 0.911766, 0.911661, 0.913763, 0.914751],
    }
    rows = pd.read_csv(stream_data / "nannyml_car_loan.csv.gz")
    reference, analysis = rows[rows["part"] == "reference"], rows[rows["part"] == "analysis"]
    score = reference["y_pred_proba"].to_numpy(np.float64)
    layout = performance_layout("binary", YES_NO, {"score": bin_edges(score, 1024)[0]})
    baseline = profile_performance(layout, reference["y_pred"], score, reference["repaid"])[0]
    calibration = fit_calibration(layout, baseline)
    groups = np.arange(len(analysis)) // 5000
    windows = profile_predictions(layout, analysis["y_pred"], analysis["y_pred_proba"], groups, 10)
    for metric, values in expected.items():
        found = [estimated_metric(layout, calibration, each, metric).value for each in windows]
        np.testing.assert_allclose([each or 0.0 for each in found], values, atol=2e-6)
