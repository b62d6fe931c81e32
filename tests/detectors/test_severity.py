"""Harm is guessed from what moved and what matters; the whole window says so once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.binning import choose_binning
from detectors.columns import Column, NumericColumn
from detectors.drift import drift_findings
from detectors.drift_limits import DriftLimit
from detectors.findings import CALIBRATED, Finding
from detectors.importance import association
from detectors.profile import profile
from detectors.severity import IMPACT_LEVEL, SHIFT_LEVEL, severity
from detectors.slot_sample import sample_slots
from detectors.stream_drift import METHOD, moved_share, stream_drift
from tests.detectors.drift_worlds import columns
from tests.detectors.strategies import law

SHARES = st.floats(0, 1)


@law
@given(effect=SHARES, importance=SHARES, shift=SHARES)
def test_it_is_the_mean_of_two_ratios_to_their_levels(effect: float, importance: float, shift: float) -> None:
    found = severity({"x": effect}, {"x": importance}, {"score": shift})
    assert found is not None
    assert found.score == pytest.approx((effect * importance / IMPACT_LEVEL + shift / SHIFT_LEVEL) / 2)
    assert found.pages == (found.score >= 1)
    assert found.field == "x"


@law
@given(effects=st.dictionaries(st.sampled_from("abc"), SHARES, min_size=1), extra=SHARES)
def test_moving_further_never_hurts_less(effects: dict[str, float], extra: float) -> None:
    importance = {"a": 0.9, "b": 0.5, "c": 0.1}
    field = sorted(effects)[0]
    further = {**effects, field: min(effects[field] + extra, 1.0)}
    before, after = severity(effects, importance, {}), severity(further, importance, {})
    assert before is not None
    assert after is not None
    assert after.score >= before.score


def test_what_is_not_known_is_left_out() -> None:
    assert severity({"x": 0.5}, {}, {}) is None
    only_shift = severity({"x": 0.5}, {}, {"score": SHIFT_LEVEL})
    assert only_shift is not None
    assert (only_shift.score, only_shift.field, only_shift.impact) == (1.0, None, None)


def rows(n: int, seed: int, shift: float = 0.0) -> dict[str, Column]:
    """Rows of a model whose score follows ``income`` alone."""
    found = columns(n, np.random.default_rng(seed), shift)
    income = found["income"]
    assert isinstance(income, NumericColumn)
    return {**found, "score": NumericColumn.of(1 / (1 + np.exp(-income.values)))}


def judged(now: dict[str, Column]) -> list[Finding]:
    before = rows(4_000, 1)
    binning = choose_binning(before)
    baseline, current = profile(binning, before), profile(binning, now)
    importance = association(binning, sample_slots(binning, before, np.random.default_rng(2)), ["score"])
    limits = {name: DriftLimit(0.08, CALIBRATED, "normal") for name in binning.names}
    found = drift_findings(binning, baseline, current, limits=limits)
    return stream_drift(found, binning, baseline, current, importance, ["score"])


def test_a_field_matters_as_far_as_it_explains_the_score() -> None:
    before = rows(4_000, 1)
    binning = choose_binning(before)
    found = association(binning, sample_slots(binning, before, np.random.default_rng(2)), ["score"])
    assert found["income"] > 0.95
    # It goes with income: .9 of .985 of its deviation.
    assert found["spending"] == pytest.approx((0.9 / np.hypot(0.9, 0.4)) ** 2, abs=0.05)
    assert found["waiting"] < 0.01
    assert found["grade"] < 0.01
    assert set(found) == {"income", "spending", "waiting", "grade"}


def test_without_outputs_or_rows_nothing_is_known_of_importance() -> None:
    before = rows(99, 1)
    binning = choose_binning(before)
    few = sample_slots(binning, before, np.random.default_rng(2))
    assert association(binning, few, ["score"]) == {}
    assert association(binning, few, []) == {}


def test_an_unchanged_window_is_ok_and_says_so_of_itself_first() -> None:
    whole, *fields = judged(rows(1_000, 3))
    assert (whole.method, whole.field, whole.status, whole.threshold) == (METHOD, None, "ok", 1.0)
    assert whole.value == pytest.approx(max((each.value or 0.0) / 0.08 for each in fields))
    assert whole.severity_score is not None
    assert whole.severity_score < 1
    assert "none of 5 fields changed" in whole.reason


def test_a_change_of_what_matters_pages_with_the_field_to_blame() -> None:
    whole, *fields = judged(rows(1_000, 3, shift=1.0))
    statuses = {each.field: each.status for each in fields}
    assert whole.status == "critical"
    assert (whole.severity_score or 0) > 1
    assert (statuses["income"], statuses["score"], statuses["grade"]) == ("critical", "critical", "ok")
    # It moved as well, and is not what hurts most.
    assert statuses["spending"] == "warning"
    assert "'income'" in whole.reason


def test_a_change_of_what_does_not_matter_waits() -> None:
    now = rows(1_000, 3)
    waiting = now["waiting"]
    assert isinstance(waiting, NumericColumn)
    whole, *fields = judged({**now, "waiting": NumericColumn.of(waiting.values * 3, waiting.missing)})
    assert whole.status == "warning"
    assert {each.field for each in fields if each.status == "warning"} == {"waiting"}


def test_a_window_that_nobody_can_judge_says_why() -> None:
    (whole, *fields) = judged(rows(20, 3))
    assert whole.status == "insufficient"
    assert whole.reason == fields[0].reason
    (empty, *_) = judged({name: column.take(np.zeros(0, dtype=np.int64)) for name, column in rows(20, 3).items()})
    assert empty.status == "nodata"


def test_missing_values_are_a_movement_too() -> None:
    before, now = rows(2_000, 1), rows(2_000, 4)
    income = now["income"]
    assert isinstance(income, NumericColumn)
    gone = np.arange(2_000) % 2 == 0
    now["income"] = NumericColumn.of(np.where(gone, np.nan, income.values), gone)
    binning = choose_binning(before)
    sides = [profile(binning, side).field(binning, "income") for side in (before, now)]
    assert moved_share(*sides) == 0.5
