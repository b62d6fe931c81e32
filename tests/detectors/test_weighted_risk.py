"""Risk from labels that were asked for with known chances: sums of rows, estimates, and what the fold makes of them."""

import math
import struct
from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.calibration_map import fit_calibration
from detectors.estimated_losses import estimated_losses
from detectors.label_weights import weigh_labels
from detectors.loss_sums import LossSums
from detectors.prediction_powered import prediction_powered_risk
from detectors.risk_sums import RiskSums
from detectors.running_risk import chances_differ, first_state, step_labels
from detectors.running_risk_findings import (
    RUNNING_RISK,
    LossUnits,
    WindowLabels,
    given_limit,
    running_risk_finding,
)
from detectors.weighted_estimate import weighted_powered_risk
from detectors.weighted_losses import WeightedLosses, add_weighted, weighted_losses
from detectors.window_risk import WindowRisk
from tests.detectors.strategies import law
from tests.detectors.test_running_risk import BINARY, classified
from tests.detectors.weighted_rows import DOUBTFUL, SURE, a_day

BASELINE = classified(1, 5000)[0]
CALIBRATION = fit_calibration(BINARY, BASELINE)


class Sampled:
    """Rows whose scores mean what they say, labelled with chances that are higher for doubtful ones."""

    def __init__(self, seed: int, n: int, low: float = 0.05, high: float = 0.5) -> None:
        self.truth, (self.score, self.prediction, self.label) = classified(seed, n)
        self.chance = low + (high - low) * 2 * np.minimum(self.score, 1 - self.score)
        self.kept = np.flatnonzero(np.random.default_rng([seed, 7]).random(n) < self.chance)
        self.loss = (self.prediction != self.label).astype(np.float64)
        outcome = self.prediction[self.kept], self.score[self.kept], self.label[self.kept]
        chance, groups = self.chance[self.kept], np.zeros(len(self.kept), dtype=np.int64)
        self.weights = weigh_labels(BINARY, *outcome, chance, groups, 1)[0]
        self.sums = estimated_losses(BINARY, self.truth, CALIBRATION)
        place = np.searchsorted(BINARY.score_edges[0], self.score, side="right")
        of_class = CALIBRATION.maps[0].chances[place]
        self.estimate = 1 - np.where(self.prediction == 1, of_class, 1 - of_class)


def test_weighted_losses_are_those_of_the_rows() -> None:
    rows = Sampled(2, 3000)
    w, loss = 1 / rows.chance[rows.kept], rows.loss[rows.kept]
    found = weighted_losses(BINARY, rows.weights, None, 3000)
    expected = len(w), 3000, w.sum(), w @ w, w @ loss, (w * w) @ loss, (w * w) @ loss
    assert astuple(found) == pytest.approx(expected, rel=1e-6)
    row_losses = np.zeros(3000)
    row_losses[rows.kept] = w * loss
    spared = np.zeros(3000)
    spared[rows.kept] = w * (1 - loss)
    for sums, of_rows in ((found.lost, row_losses), (found.spared, spared)):
        assert sums.n == 3000
        assert (sums.total, sums.squares) == pytest.approx((of_rows.sum(), of_rows @ of_rows), rel=1e-6)


def test_losses_of_two_windows_add_up() -> None:
    first, second = Sampled(3, 500), Sampled(4, 800)
    one, two = (weighted_losses(BINARY, each.weights, None, n) for each, n in ((first, 500), (second, 800)))
    both = add_weighted(one, two)
    assert (both.n, both.rows) == (one.n + two.n, 1300)
    assert both.loss_squares == pytest.approx(one.loss_squares + two.loss_squares)


def test_the_risk_of_a_window_is_that_of_its_formula_over_rows() -> None:
    rows = Sampled(5, 4000)
    found = weighted_powered_risk(BINARY, rows.weights, CALIBRATION, rows.sums)
    w, loss, f = 1 / rows.chance[rows.kept], rows.loss[rows.kept], rows.estimate[rows.kept]
    ours, theirs = loss - np.average(loss, weights=w), f - np.average(f, weights=w)
    slope = (w * (w - 1)) @ (ours * theirs) / ((w * (w - 1)) @ theirs**2)
    assert 0 < slope < 1
    assert found.weight == pytest.approx(slope, rel=1e-4)
    value = np.average(loss - slope * f, weights=w) + slope * rows.estimate.mean()
    assert found.value == pytest.approx(value, rel=1e-4)
    # The error of a total is that of independent draws: rows that are asked add w times what is left, all the slope.
    left = ours - slope * theirs
    variance = ((w * (w - 1)) @ left**2 + w @ ours**2) / w.sum() ** 2
    effective = w.sum() ** 2 / (w @ w)
    assert found.interval.low is not None
    assert found.interval.high is not None
    half = (found.interval.high - found.interval.low) / 2
    assert half == pytest.approx(1.96 * math.sqrt(variance * effective / (effective - 2)), rel=0.02)


@pytest.mark.slow
def test_the_risk_of_a_window_is_unbiased_and_its_interval_holds() -> None:
    known, errors, covered = 1 - np.mean(Sampled(6, 400_000).loss), [], 0
    for seed in range(400):
        rows = Sampled(1000 + seed, 3000)
        found = weighted_powered_risk(BINARY, rows.weights, CALIBRATION, rows.sums)
        assert found.value is not None
        assert found.interval.low is not None
        assert found.interval.high is not None
        errors.append(found.value - (1 - known))
        covered += found.interval.low <= 1 - known <= found.interval.high
    assert abs(np.mean(errors)) < 3 * np.std(errors) / math.sqrt(len(errors))
    # .95 less three standard errors of 400 draws.
    assert covered / 400 > 0.917
    alike = [Sampled(1000 + seed, 3000) for seed in range(20)]
    assert np.mean([np.mean(each.loss[each.kept]) for each in alike]) > 1.2 * (1 - known)


@law
@given(seed=st.integers(0, 10_000), chance=st.sampled_from([1.0, 0.5, 0.1, 0.02]))
def test_equal_chances_count_like_none_at_all(seed: int, chance: float) -> None:
    rows = Sampled(seed, 1500, chance, chance)
    weighted = weighted_losses(BINARY, rows.weights, None, 1500)
    window = WindowRisk(LossSums(weighted.n, weighted.losses, weighted.losses), weighted=weighted)
    assert not weighted.are_unequal
    if not weighted.surplus:
        assert not chances_differ([window])
        state = first_state(0.2)
        assert step_labels(state, window) == step_labels(state, replace(window, weighted=WeightedLosses()))


def test_the_risk_of_a_window_with_equal_chances_is_that_without() -> None:
    rows = Sampled(8, 3000, 0.1, 0.1)
    weighted = weighted_powered_risk(BINARY, rows.weights, CALIBRATION, rows.sums)
    plain_sums = RiskSums(
        n=len(rows.kept),
        loss=float(rows.loss[rows.kept].sum()),
        loss_squares=float(rows.loss[rows.kept].sum()),
        estimate=float(rows.estimate[rows.kept].sum()),
        estimate_squares=float((rows.estimate[rows.kept] ** 2).sum()),
        products=float(rows.loss[rows.kept] @ rows.estimate[rows.kept]),
        rows=3000,
        all_estimates=float(rows.estimate.sum()),
        all_estimate_squares=float((rows.estimate**2).sum()),
    )
    plain = prediction_powered_risk(plain_sums)
    assert weighted.value == pytest.approx(plain.value, rel=1e-4)
    assert weighted.weight == pytest.approx(plain.weight, rel=1e-4)
    assert weighted.interval.low == pytest.approx(plain.interval.low, rel=0.02)


def test_that_no_row_of_a_kind_was_chosen_yet_is_seen_by_what_labels_stand_for() -> None:
    """Of 100 rows only doubtful ones, asked for with the chance .5, have labels: these stand for ten or so."""
    rng = np.random.default_rng(9)
    window = a_day(rng, 100, [DOUBTFUL, SURE._replace(chance=1e-6)])
    assert window.weighted.n > 0
    assert not window.weighted.are_unequal
    assert chances_differ([window])


def test_windows_before_the_first_known_chance_do_not_count_and_those_after_it_do() -> None:
    rng = np.random.default_rng(10)
    unlabelled = WindowRisk(weighted=WeightedLosses(rows=5000))
    same = SURE._replace(share=1.0)
    sampled = a_day(rng, 5000, [same])
    assert not chances_differ([unlabelled, sampled])
    assert chances_differ([sampled, unlabelled, unlabelled])
    assert not chances_differ([unlabelled, WindowRisk(LossSums(5, 1, 1))])
    state = step_labels(first_state(0.1, weighs=True), unlabelled)
    assert (state.lost.n, state.lost.total, state.labelled) == (5000, 0.0, 0)


def test_a_few_rows_that_never_get_their_label_are_no_news() -> None:
    """Of 10,000 rows that all were asked for 9,700 have a label."""
    asked = WindowRisk(LossSums(9700, 900, 900), weighted=WeightedLosses(9700, 10_000, 9700, 9700, 900, 900, 900))
    assert not chances_differ([asked])
    assert chances_differ([replace(asked, weighted=replace(asked.weighted, rows=12_000))])


def test_labels_that_stand_for_too_few_or_too_many_rows_are_told() -> None:
    rng, limit = np.random.default_rng(11), given_limit(0.5)

    def told(window: WindowRisk, left_out: int = 0) -> tuple[str, str]:
        before = first_state(0.1, weighs=chances_differ([window]))
        alone = prediction_powered_risk(window.estimated)
        found = running_risk_finding(
            RUNNING_RISK,
            [before, step_labels(before, window)],
            limit,
            LossUnits("error rate"),
            alpha=0.05,
            n_baseline=5000,
            n_rows=window.weighted.rows,
            too_few="",
            window=WindowLabels(window, alone, left_out),
        )
        return found.confidence, found.reason

    whole = a_day(rng, 20_000, [DOUBTFUL, SURE])
    assert told(whole)[0] == "normal"
    assert told(whole)[1].endswith("; labels are weighed by the chances they were asked for with")
    assert told(whole, 3)[1].endswith("asked for with, 3 labels without a probability left out")
    late = replace(whole, weighted=replace(whole.weighted, rows=40_000))
    assert told(late)[0] == "low"
    assert "of 40,000 rows: where a label has not come nothing counts as lost" in told(late)[1]
    wrong = replace(whole, weighted=replace(whole.weighted, rows=10_000))
    assert told(wrong)[0] == "low"
    assert told(wrong)[1].endswith("of 10,000 rows: check the probabilities that are sent")


def test_what_an_earlier_release_stored_is_read() -> None:
    numbers = (10, 2.0, 1.5, 9, 2.0, 1.0, 3.0, 2.0, 0.5, 100, 30.0, 12.0)
    stored = struct.pack("<Bd" + "qdd" + "qdddddqdd", 1, 7.5, *numbers)
    assert WindowRisk.from_bytes(stored) == WindowRisk(LossSums(*numbers[:3]), RiskSums(*numbers[3:]), 7.5)
    weighted = a_day(np.random.default_rng(12), 1000, [DOUBTFUL, SURE])
    assert WindowRisk.from_bytes(weighted.to_bytes()) == weighted
    with pytest.raises(ValueError, match="bytes are no window's risk"):
        WindowRisk.from_bytes(weighted.to_bytes()[:-1])


def test_sums_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="labelled rows among all rows"):
        WeightedLosses(n=5, rows=4)
    with pytest.raises(ValueError, match="finite"):
        WeightedLosses(weights=math.nan)
