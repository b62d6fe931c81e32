"""A model file names what the detectors offer, although the store does not know them."""

from typing import get_args

import pytest

from detectors.correlation import METHOD as CORRELATION
from detectors.drift_methods import CATEGORY_METHODS, NUMERIC_METHODS
from detectors.joint_drift import JOINT_METHODS
from detectors.metrics import METRICS
from detectors.quality import DEFAULT_CHECKS
from modelwatch.cycle.risk_judging import RISK_METHODS
from store.definition_reading import CLASS_METRICS, definition_from
from store.definitions import (
    PAIR_METHODS,
    DefinitionError,
    DriftMethod,
    Metric,
    QualityCheck,
    RiskMethod,
    named_monitors,
)
from store.row_methods import JOINT_METHODS as ROW_BASED
from store.row_methods import is_row_based


def test_a_model_file_may_name_every_method_check_and_metric() -> None:
    assert set(get_args(DriftMethod)) == {*NUMERIC_METHODS, *CATEGORY_METHODS}
    assert set(get_args(QualityCheck)) == set(DEFAULT_CHECKS)
    assert set(get_args(Metric)) == set(METRICS)
    assert set(CLASS_METRICS) == {name for name, metric in METRICS.items() if metric.over == "macro"}
    assert set(PAIR_METHODS) == {CORRELATION}
    assert set(ROW_BASED) == set(JOINT_METHODS)
    assert get_args(RiskMethod) == RISK_METHODS


@pytest.mark.parametrize("method", ["mmd", "domain_classifier", "evidently:anderson", "evidently:TVD"])
def test_a_drift_monitor_may_compare_rows(method: str) -> None:
    monitors = [{"kind": "drift", "method": method}]
    definition = definition_from({"model": "credit", "task": "binary", "monitors": monitors})
    assert is_row_based(named_monitors(definition)[0].method)
    assert not is_row_based("ks")
    assert not is_row_based({"numeric": "ks"})


def test_a_drift_monitor_may_ask_for_pairs_of_fields_alone() -> None:
    monitors = [{"kind": "drift", "method": "correlation", "threshold": 0.3}]
    definition = definition_from({"model": "credit", "task": "binary", "monitors": monitors})
    assert named_monitors(definition)[0].method == "correlation"


@pytest.mark.parametrize(
    ("monitor", "words"),
    [
        (
            {"kind": "drift", "method": "kss"},
            "'kss' is not known: use one of ks, .*mmd, or evidently:",
        ),
        (
            {"kind": "drift", "method": "evidently:kss"},
            "'evidently:kss' names no test of Evidently: use .*TVD,",
        ),
        ({"kind": "drift", "method": {"numeric": "mmd"}}, "Invalid enum value 'mmd'"),
        ({"kind": "drift", "method": {"numeric": "correlation"}}, "Invalid enum value 'correlation'"),
        ({"kind": "quality", "method": "mmd"}, "method belongs to drift monitors"),
        ({"kind": "drift", "metric": "accuracy"}, "metric belongs to performance monitors"),
        ({"kind": "drift", "method": {"categorical": "ks"}}, "ks needs values in order"),
        ({"kind": "performance", "metric": ["accuracy", "mae"]}, "mae is no metric of a binary model"),
        ({"kind": "performance", "metric": "acuracy"}, "metric 'acuracy' is not known: use one of accuracy, precision"),
        ({"kind": "performance", "metric": "f1_micro"}, "f1_micro is no metric of a binary model"),
        ({"kind": "performance", "metric": "accuracy[1]"}, r"metric 'accuracy\[1\]' is not known"),
        ({"kind": "performance", "metric": "f1[1"}, r"metric 'f1\[1' is not known"),
        ({"kind": "drift", "tolerance": 0.1}, "tolerance is for performance monitors, this one is drift"),
        ({"kind": "quality", "completeness": 0.5}, "completeness is for performance monitors"),
        ({"kind": "performance", "completeness": 80}, "`float` <= 1"),
        ({"kind": "performance", "tolerance": -0.1}, "`float` >= 0"),
        ({"kind": "quality", "window": "1w"}, "'1w' is not a duration"),
        ({"kind": "quality", "window": "90m"}, "not a multiple of the grain 1h"),
    ],
)
def test_a_monitor_that_cannot_work_is_refused_by_name(monitor: dict[str, object], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        definition_from({"model": "credit", "task": "binary", "monitors": [monitor]})


def test_a_monitor_may_ask_for_the_running_risk() -> None:
    named = {"kind": "performance", "metric": ["accuracy", "running_risk"], "tolerance": 0.01, "completeness": 0.9}
    found = definition_from({"model": "credit", "task": "binary", "monitors": [named]})
    assert (named_monitors(found)[0].tolerance, named_monitors(found)[0].completeness) == (0.01, 0.9)
    powered = {"kind": "performance", "metric": "prediction_powered_risk"}
    moving = {"kind": "performance", "metric": "running_risk", "baseline": "previous"}
    with pytest.raises(DefinitionError, match="running_risk runs since the baseline came: use baseline fixed"):
        definition_from({"model": "credit", "task": "binary", "monitors": [moving]})
    with pytest.raises(DefinitionError, match="for classifiers with scores: use running_risk"):
        definition_from({"model": "price", "task": "regression", "monitors": [powered]})


def test_a_metric_may_be_of_one_class_and_rows_may_be_worth_something() -> None:
    found = definition_from(
        {
            "model": "metals",
            "task": "multiclass",
            "prediction": {"labels": ["gold", "tin"], "values": [[5, -1.5], [0, 1]]},
            "monitors": [{"kind": "performance", "metric": ["f1[gold]", "recall_weighted", "business_value"]}],
        }
    )
    assert found.prediction.values == ((5.0, -1.5), (0.0, 1.0))


@pytest.mark.parametrize(
    "prediction",
    [{"values": [[1, 2], [3, 4]]}, {"labels": [0, 1], "values": [[1, 2]]}, {"labels": [0, 1], "values": [[1], [2, 3]]}],
)
def test_what_rows_are_worth_fits_the_labels(prediction: dict[str, object]) -> None:
    with pytest.raises(DefinitionError, match="a row of numbers for each"):
        definition_from({"model": "credit", "task": "binary", "prediction": prediction})
