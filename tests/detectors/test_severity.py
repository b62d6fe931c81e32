"""Harm is guessed from what moved and what matters; the whole window says so once."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.accord import Accord, grouped_rows
from detectors.binning import choose_binning
from detectors.columns import CategoryColumn, Column, NumericColumn
from detectors.drift import drift_findings
from detectors.drift_limits import DriftLimit
from detectors.findings import CALIBRATED, Finding
from detectors.importance import association
from detectors.movement import Movement, movement
from detectors.profile import profile
from detectors.severity import severity
from detectors.slot_sample import sample_slots
from detectors.stakes import ERROR_WORTH_A_PAGE, POINTS_WORTH_A_PAGE, Ladder, Stakes
from detectors.stream_drift import METHOD, KnownModel, stream_drift
from tests.detectors.drift_worlds import columns
from tests.detectors.strategies import law

SHARES = st.floats(0, 1)
# A model that knows 40 points of accuracy.
STAKES = Stakes(0.4, POINTS_WORTH_A_PAGE, {}, None)


def moved(shares: Mapping[str, float]) -> dict[str, Movement]:
    return {field: Movement(share, share) for field, share in shares.items()}


@law
@given(effect=SHARES, importance=SHARES, turned=SHARES)
def test_it_is_what_may_be_lost_over_what_is_worth_a_page(effect: float, importance: float, turned: float) -> None:
    found = severity(moved({"x": effect}), {"x": importance}, STAKES, turned)
    assert found is not None
    assert found.score == pytest.approx((effect * importance * 0.4 + turned) / 0.02)
    assert found.pages == (found.score >= 1)
    assert found.field == "x"


@law
@given(effects=st.dictionaries(st.sampled_from("abc"), SHARES, min_size=1), extra=SHARES)
def test_moving_further_never_hurts_less(effects: dict[str, float], extra: float) -> None:
    importance = {"a": 0.9, "b": 0.5, "c": 0.1}
    field = sorted(effects)[0]
    further = {**effects, field: min(effects[field] + extra, 1.0)}
    before, after = (severity(moved(each), importance, STAKES, None) for each in (effects, further))
    assert before is not None
    assert after is not None
    assert after.score >= before.score


def test_no_field_can_cost_more_than_the_model_knows() -> None:
    found = severity(moved({"x": 1.0, "y": 1.0}), {"x": 0.9, "y": 0.9}, STAKES, None)
    assert found is not None
    assert found.score == pytest.approx(0.4 / 0.02)


def test_what_is_not_known_is_left_out() -> None:
    assert severity(moved({"x": 0.5}), {}, STAKES, None) is None
    only_turned = severity(moved({"x": 0.5}), {}, STAKES, 0.02)
    assert only_turned is not None
    assert (only_turned.score, only_turned.field, only_turned.at_stake) == (1.0, None, None)


@pytest.mark.parametrize(
    ("together", "score", "words"),
    [
        (None, 5.0, "fields may cost 8 points of accuracy; predictions that turned cost 2 points of accuracy"),
        (Accord("x", -9.0, 0.0), 5.0, "fields may cost 8 points"),
        (Accord("x", 9.0, 0.0), 1.25, "the other fields moved along, as in another mix of known rows"),
        (Accord("x", 9.0, 0.5), 5.0, "fields may cost 8 points"),
        (Accord("x", 0.0, 0.0), 0.75, "nothing tells whether that is another mix of known rows: 0.75 at most counts"),
    ],
)
def test_another_mix_of_known_rows_hurts_less(together: Accord | None, score: float, words: str) -> None:
    found = severity(moved({"x": 0.4}), {"x": 0.5}, STAKES, 0.02, together, sources={"x": "permutation"})
    assert found is not None
    assert found.score == pytest.approx(score)
    assert words in found.reason
    assert "'x' moved by 0.4 with importance 0.5 (permutation)" in found.reason


def test_predictions_that_may_have_turned_by_chance_do_not_page_by_themselves() -> None:
    chance = severity(moved({"x": 0.0}), {"x": 0.5}, STAKES, 0.05, outputs_drifted=False)
    drifted = severity(moved({"x": 0.0}), {"x": 0.5}, STAKES, 0.05, outputs_drifted=True)
    assert chance is not None
    assert drifted is not None
    assert (chance.score, drifted.score) == (0.75, 2.5)


def test_a_regression_counts_in_its_error_and_assumed_costs_say_so() -> None:
    stakes = Stakes(3.0, ERROR_WORTH_A_PAGE, {}, 12.0, "the baseline has too few labels")
    found = severity(moved({"x": 0.1}), {"x": 0.5}, stakes, None)
    assert found is not None
    assert found.score == pytest.approx(0.1 * 0.5 * 3 / 0.05)
    assert "fields may cost 15.0 % of the error; the baseline has too few labels" in found.reason


# Every turned row costs half a row.
EVEN = Ladder(np.array([0.0, 1.0]), np.array([0.0, 0.5]))


def rows(n: int, seed: int, shift: float = 0.0) -> dict[str, Column]:
    """Rows of a model whose score and prediction follow ``income`` alone."""
    found = columns(n, np.random.default_rng(seed), shift)
    income = found["income"]
    assert isinstance(income, NumericColumn)
    score = NumericColumn.of(1 / (1 + np.exp(-income.values)))
    return {**found, "score": score, "prediction": CategoryColumn((income.values > 0).astype(np.int32), ("0", "1"))}


def judged(now: dict[str, Column]) -> list[Finding]:
    before = rows(4_000, 1)
    binning = choose_binning(before)
    baseline, current = profile(binning, before), profile(binning, now)
    sample = sample_slots(binning, before, np.random.default_rng(2))
    known = KnownModel(
        importance=association(binning, sample, ["score"]),
        sources={},
        outputs=["score", "prediction"],
        prediction="prediction",
        stakes=Stakes(0.4, POINTS_WORTH_A_PAGE, {"0": EVEN, "1": EVEN}, None),
        rows=grouped_rows(binning, sample),
    )
    limits = {name: DriftLimit(0.08, CALIBRATED, "normal") for name in binning.names}
    found = drift_findings(binning, baseline, current, limits=limits)
    return stream_drift(found, binning, baseline, current, known)


def test_a_field_matters_as_far_as_it_explains_the_score() -> None:
    before = rows(4_000, 1)
    binning = choose_binning(before)
    found = association(binning, sample_slots(binning, before, np.random.default_rng(2)), ["score"])
    assert found["income"] > 0.95
    # It goes with income: .9 of .985 of its deviation.
    assert found["spending"] == pytest.approx((0.9 / np.hypot(0.9, 0.4)) ** 2, abs=0.05)
    assert found["waiting"] < 0.01
    assert found["grade"] < 0.01
    assert set(found) == {"income", "spending", "waiting", "grade", "prediction"}


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
    assert "none of 6 fields changed" in whole.reason


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
    found = movement(*(profile(binning, side).field(binning, "income") for side in (before, now)))
    assert found.share == 0.5
    # Two standard errors of a share of a quarter in 1,000 effective rows.
    assert found.beyond_chance == pytest.approx(0.5 - 2 * np.sqrt(0.25 * 0.75 / 1_000))


def test_what_chance_moves_is_mostly_not_beyond_it() -> None:
    before = rows(4_000, 1)
    binning = choose_binning(before)
    baseline = profile(binning, before)
    found = []
    for seed in range(50):
        window = profile(binning, rows(700, 200 + seed))
        found += [movement(baseline.field(binning, name), window.field(binning, name)) for name in binning.names]
    # The Kolmogorov distribution passes 1.5 times its mean in 6.7 % of cases; 300 were drawn, and 36 or more of them
    # would be chance once in 1,000 such tests.
    assert sum(each.beyond_chance > 0 for each in found) < 36
    assert all(each.share > each.beyond_chance for each in found)
