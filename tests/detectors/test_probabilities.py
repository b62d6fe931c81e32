"""Scores outside 0 to 1, and classes whose probabilities do not add up to 1."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from detectors.binning import choose_binning
from detectors.columns import Column, NumericColumn
from detectors.findings import Finding
from detectors.probabilities import SUM_TOLERANCE, Probabilities, probabilities_finding, probabilities_in
from detectors.profile import profile
from detectors.quality import quality_findings
from tests.detectors.strategies import law

RNG = np.random.default_rng(3)
SCORES = RNG.uniform(0.02, 0.97, 5000)
CLASSES = RNG.dirichlet([2, 2, 2], 5000)


def finding_of(baseline: Mapping[str, ArrayLike], current: Mapping[str, ArrayLike]) -> Finding:
    sides: list[dict[str, Column]] = [
        {name: NumericColumn.of(values) for name, values in side.items()} for side in (baseline, current)
    ]
    binning = choose_binning(sides[0])
    before, now = (profile(binning, side) for side in sides)
    (finding,) = quality_findings(binning, before, now, checks=["probabilities"], scores=list(baseline))
    return finding


def of_score(current: ArrayLike, baseline: ArrayLike = SCORES) -> Finding:
    return finding_of({"score": baseline}, {"score": current})


def of_classes(current: NDArray[np.float64]) -> Finding:
    names = [f"score[{label}]" for label in "abc"]
    return finding_of(dict(zip(names, CLASSES.T, strict=True)), dict(zip(names, current.T, strict=True)))


def test_probabilities_are_fine() -> None:
    finding = of_score([0.0, 0.5, 1.0, 1 + 1e-9])
    assert (finding.status, finding.value, finding.field) == ("ok", 0.0, None)
    assert finding.reason == "the scores of 4 rows lie within 0 to 1"
    sums = of_classes(CLASSES[:400])
    assert sums.status == "ok"
    assert sums.reason == "the scores of 400 rows lie within 0 to 1, and those of the classes add up to 1 on average"


def test_percentages_and_log_odds_are_no_probabilities() -> None:
    percentages = of_score(SCORES[:500] * 100)
    assert (percentages.status, percentages.n_current) == ("critical", 500)
    assert "rows (" in percentages.reason
    assert "have a score outside 0 to 1 (they run from " in percentages.reason
    odds = of_score(np.log(SCORES / (1 - SCORES)))
    assert odds.status == "critical"
    assert (odds.value or 0) > 0.4


def test_a_single_stray_score_is_found_by_the_largest_value() -> None:
    finding = of_score([*SCORES[:499], 1.001])
    assert (finding.status, finding.value) == ("warning", 1 / 500)
    assert finding.reason.startswith("at least 1 of 500 rows (0.2 %) have a score outside 0 to 1")
    infinite = of_score([*SCORES[:99], np.inf])
    assert (infinite.status, infinite.value) == ("critical", 0.01)


def test_a_class_left_out_is_found_by_the_mean_sum() -> None:
    halved = of_classes(CLASSES[:1000] * [1, 1, 0.5])
    assert halved.status == "critical"
    assert "rows (" in halved.reason
    assert "do not add up to 1 (their mean is 0.8" in halved.reason
    assert of_classes(CLASSES[:1000].round(2)).status == "ok"
    missing = CLASSES[:1000].copy()
    missing[:10, 2] = np.nan
    assert of_classes(missing).status == "ok"


def test_scores_that_never_were_probabilities_are_not_held_to_it() -> None:
    margins = SCORES * 8 - 4
    finding = of_score(margins, margins)
    assert (finding.status, finding.value) == ("insufficient", None)
    assert finding.reason.startswith("at the baseline at least ")
    assert finding.reason.endswith(": these scores are no probabilities")


def test_rows_without_scores_are_named() -> None:
    nothing = of_score([np.nan] * 50)
    assert (nothing.status, nothing.reason) == ("insufficient", "no row has a score")
    assert probabilities_in([]) is None


def test_exact_counts_of_rows_are_taken_as_they_are() -> None:
    finding = probabilities_finding(None, Probabilities(1000, 0, 5, 0.0, 1.0))
    assert (finding.status, finding.value) == ("warning", 0.005)
    assert finding.reason == "the probabilities of 5 of 1,000 rows (0.5 %) do not add up to 1"
    with pytest.raises(ValueError, match="give parts of n"):
        Probabilities(10, 11, 0, 0.0, 1.0)


@law
@given(st.lists(st.tuples(*[st.floats(-0.5, 1.5)] * 3), min_size=1, max_size=30))
def test_what_is_proven_outside_is_never_more_than_there_is(rows: list[tuple[float, float, float]]) -> None:
    scores = np.array(rows)
    columns: dict[str, Column] = {f"s{i}": NumericColumn.of(scores[:, i]) for i in range(3)}
    binning = choose_binning({name: NumericColumn.of(SCORES) for name in columns})
    counted = profile(binning, columns)
    found = probabilities_in([counted.field(binning, name) for name in columns])
    assert found is not None
    outside = (scores < 0) | (scores > 1)
    assert found.outside <= outside.any(axis=1).sum()
    if not outside.any():
        assert found.off_sum <= (np.abs(scores.sum(axis=1) - 1) > SUM_TOLERANCE).sum()
