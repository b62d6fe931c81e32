"""A model file names what the detectors offer, although the store does not know them."""

from typing import get_args

import pytest

from detectors.drift_methods import CATEGORY_METHODS, NUMERIC_METHODS
from detectors.metrics import METRICS
from detectors.quality import DEFAULT_CHECKS
from store.definitions import DefinitionError, DriftMethod, Metric, QualityCheck, definition_from


def test_a_model_file_may_name_every_method_check_and_metric() -> None:
    assert set(get_args(DriftMethod)) == {*NUMERIC_METHODS, *CATEGORY_METHODS}
    assert set(get_args(QualityCheck)) == set(DEFAULT_CHECKS)
    assert set(get_args(Metric)) == set(METRICS)


@pytest.mark.parametrize(
    ("monitor", "words"),
    [
        ({"kind": "drift", "method": "kss"}, "Invalid enum value 'kss'"),
        ({"kind": "drift", "metric": "accuracy"}, "metric belongs to performance monitors"),
        ({"kind": "drift", "method": {"categorical": "ks"}}, "ks needs values in order"),
        ({"kind": "performance", "metric": ["accuracy", "mae"]}, "mae is no metric of a binary model"),
        ({"kind": "quality", "window": "1w"}, "'1w' is not a duration"),
        ({"kind": "quality", "window": "90m"}, "not a multiple of the grain 1h"),
    ],
)
def test_a_monitor_that_cannot_work_is_refused_by_name(monitor: dict[str, object], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        definition_from({"model": "credit", "task": "binary", "monitors": [monitor]})
