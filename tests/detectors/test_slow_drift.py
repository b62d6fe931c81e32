"""Slow drift over all fields: the fold of the single test, false alarms within their share, and what is found."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from detectors.bets import STAKES, deviate_bets
from detectors.calibration import Calibration, calibrate
from detectors.columns import NumericColumn
from detectors.drift_directions import Directions, directions
from detectors.slow_drift import accumulate, log_payoff, window_deviates
from detectors.slow_drift_finding import slow_drift_finding
from detectors.window_scores import Numbers
from tests.detectors.drift_worlds import Reference, columns, matrix, reference, windows

SIZE, SMALL = 300, 120
# One window in thirty may be a false alarm, and a fifth of those is for slow drift.
SHARE = 1 / 30
RUN_LENGTH = 5 / SHARE


class Watched(NamedTuple):
    """A baseline of 28 windows with its directions and what chance looks like."""

    of: Reference
    directions: Directions
    calibration: Calibration


def watched(rng: np.random.Generator, blocks: int = 28, size: int = SIZE) -> Watched:
    rows = columns(blocks * size, rng)
    of = reference(rows)
    found = calibrate(of.scale, of.sample, matrix(windows(of.binning, rows, size)), of.profile.counts, 1, 400)
    assert found is not None
    return Watched(of, directions(of.scale, of.profile.counts), found)


def deviates(known: Watched, counts: NDArray[np.int64]) -> Numbers:
    baseline = known.of.profile.counts
    return np.stack([window_deviates(known.directions, known.calibration.wander, baseline, own, 100) for own in counts])


def one_field() -> Directions:
    of = reference({"x": NumericColumn.of(np.random.default_rng(1).normal(size=2_000))})
    return directions(of.scale, of.profile.counts)


@pytest.mark.parametrize("stake", range(len(STAKES)))
def test_a_bet_on_a_normal_deviate_pays_one_on_average(stake: int) -> None:
    paid, _ = integrate.quad(lambda z: np.exp(deviate_bets(z)[stake]) * stats.norm.pdf(z), -8, 16)
    assert paid == pytest.approx(1, abs=1e-6)


def payoffs(z: Numbers) -> Numbers:
    """What each window paid to each bet at each stake, float64[W, bets, stakes]; 1 where it is undefined."""
    stakes = np.array(STAKES)
    return np.nan_to_num(np.exp(stakes * z.reshape(len(z), -1, 1) - stakes**2 / 2), nan=1.0)


def test_the_evidence_is_the_sum_of_what_was_paid_since_every_beginning() -> None:
    of = one_field()
    z = np.random.default_rng(2).normal(0.2, 1.0, size=(15, 2, of.n))
    paid = payoffs(z)
    evidence = np.sum([paid[begin:].prod(axis=0) for begin in range(15)], axis=0).mean(axis=1)
    found = accumulate(of, z, 1e9)
    assert math.exp(found.total) == pytest.approx(evidence.mean(), rel=1e-6)
    assert found.leading.tolist() == [np.argmax(evidence)]
    assert len(found.alarms) == 15


def test_an_undefined_window_changes_nothing() -> None:
    of = one_field()
    z = np.random.default_rng(2).normal(0.2, 1.0, size=(15, 2, of.n))
    with_gap = np.insert(z, 7, np.nan, axis=0)
    assert accumulate(of, with_gap, 50.0).total == pytest.approx(accumulate(of, z, 50.0).total)


def test_the_mean_run_length_without_drift_is_at_least_the_promised_one() -> None:
    of, promised, rng = one_field(), 50, np.random.default_rng(7)
    lengths = np.array([first(accumulate(of, rng.normal(size=(250, 2, of.n)), promised).alarms) for _ in range(100)])
    # Runs are cut at 250 windows, which can only shorten the mean; three of its standard errors are allowed.
    assert lengths.mean() + 3 * lengths.std() / 10 >= promised
    assert lengths.mean() < 250


def test_what_a_period_paid_is_the_mean_of_its_plain_products() -> None:
    of = one_field()
    z = np.random.default_rng(3).normal(0.2, 1.0, size=(10, 2, of.n))
    z[3, :, 0] = np.nan
    assert math.exp(log_payoff(of, z)) == pytest.approx(payoffs(z).prod(axis=0).mean(), rel=1e-6)
    assert log_payoff(of, z[:0]) == pytest.approx(0.0)


def test_bets_pay_one_at_most_on_average_where_the_baseline_is_what_it_seems() -> None:
    # Many windows of one baseline: without the baseline's error only the windows' own chance is left.
    rng = np.random.default_rng(4)
    known = watched(rng, blocks=100)
    counts = matrix(windows(known.of.binning, columns(1_000 * SIZE, rng), SIZE))
    z = deviates(known, counts)
    for stake in (0.25, 0.5, 1.0):
        paid = np.exp(stake * z - stake**2 / 2).reshape(1_000, -1)
        defined = ~np.isnan(paid).any(axis=0)
        errors = paid[:, defined].std(axis=0) / math.sqrt(1_000)
        assert (paid[:, defined].mean(axis=0) <= 1 + 3 * errors).all()


def test_an_alarm_ends_soon_after_the_drift_and_does_not_flutter_before() -> None:
    of = one_field()
    rng = np.random.default_rng(5)
    drifting = rng.normal(size=(200, 2, of.n))
    drifting[:, 0, 0] += 1.0
    alarms = accumulate(of, drifting, 100.0).alarms
    assert first(alarms) < 40
    assert alarms[first(alarms) :].mean() > 0.9
    quiet = rng.normal(-0.4, 1.0, size=(30, 2, of.n))
    assert not accumulate(of, np.concatenate([drifting, quiet]), 100.0).alarm


def test_one_window_alone_makes_no_alarm_and_several_that_agree_do() -> None:
    of = one_field()
    z = np.full((4, 2, of.n), -0.4)
    z[1:, 0, 0] = 50.0
    assert accumulate(of, z, RUN_LENGTH).alarms.tolist() == [False, False, True, True]


def test_what_windows_report_by_themselves_is_no_news_and_not_over() -> None:
    of = one_field()
    found = slow_drift_finding(of, np.full((9, 2, of.n), 2.0), ["x"], 100.0, 5_000, 400, "normal")
    assert (found.status, found.reason) == ("insufficient", "no news: 'x' is reported by this window itself")
    other = slow_drift_finding(of, np.full((9, 2, of.n), 2.0), ["y"], 100.0, 5_000, 400, "normal")
    assert other.status == "warning"


def test_a_finding_names_the_field_the_way_and_how_long() -> None:
    of = one_field()
    z = np.zeros((30, 2, of.n))
    z[-12:, 0, 0], z[-12:, 1, 0] = 1.5, -1.5
    found = slow_drift_finding(of, z, (), 100.0, 5_000, 400, "normal")
    assert (found.status, found.severity, found.field, found.method) == ("warning", "low", None, "slow_drift")
    assert found.reason == "1 of 1 field drifting slowly: 'x' (values rising for about 12 windows)"
    assert found.effect == pytest.approx(1.5 / 20)
    assert found.value is not None
    assert found.threshold is not None
    assert found.value > found.threshold == pytest.approx(math.log10(101))
    quiet = slow_drift_finding(of, z[:18], (), 100.0, 5_000, 400, "low")
    assert (quiet.status, quiet.confidence) == ("ok", "low")
    assert quiet.reason == "no slow drift of 1 field over 18 windows"


def test_windows_that_cannot_add_anything_say_why() -> None:
    of = one_field()
    z = np.full((1, 2, of.n), np.nan)
    few = slow_drift_finding(of, z, (), 100.0, 5_000, 40, "normal")
    assert (few.status, few.reason) == ("insufficient", "no field has enough values in this window")
    assert slow_drift_finding(of, z, (), 100.0, 5_000, 0, "normal").status == "nodata"
    constant = reference({"x": NumericColumn.of(np.ones(500))})
    still = directions(constant.scale, constant.profile.counts)
    found = slow_drift_finding(still, np.zeros((1, 2, 0)), (), 100.0, 500, 500, "normal")
    assert (found.status, found.reason) == ("insufficient", "every field is constant at the baseline")
    with pytest.raises(ValueError, match=r"run_length 0\.5"):
        accumulate(of, z, 0.5)
    with pytest.raises(ValueError, match="at least one"):
        accumulate(of, z[:0], 100.0)


def test_a_value_too_rare_for_the_window_and_a_field_with_few_values_are_undefined() -> None:
    rng = np.random.default_rng(6)
    rows = {"rare": NumericColumn.of((rng.uniform(size=8_000) < 0.01).astype(np.float64))}
    of = reference(rows)
    own, still = directions(of.scale, of.profile.counts), np.zeros(1)
    small, large = matrix(windows(of.binning, rows, 300)), matrix(windows(of.binning, rows, 4_000))
    assert np.isnan(window_deviates(own, still, of.profile.counts, small[0], 100)[:, 0]).all()
    assert not np.isnan(window_deviates(own, still, of.profile.counts, large[0], 100)[:, 0]).any()
    assert np.isnan(window_deviates(own, still, of.profile.counts, large[0], 5_000)).all()


@pytest.mark.slow
def test_without_drift_alarms_keep_to_their_share_of_the_month() -> None:
    n_windows, n_years, episodes = 365, 50, 0
    for seed in range(n_years):
        rng = np.random.default_rng(seed)
        known = watched(rng, size=SMALL)
        counts = matrix(windows(known.of.binning, columns(n_windows * SMALL, rng), SMALL))
        alarms = accumulate(known.directions, deviates(known, counts), RUN_LENGTH).alarms
        episodes += int(alarms[0]) + int((alarms[1:] & ~alarms[:-1]).sum())
    # Were the rate all that is promised, 50 years would bring 120 episodes; three of their deviations are 33.
    assert episodes <= n_windows * n_years / RUN_LENGTH + 33


@pytest.mark.slow
@pytest.mark.parametrize(("shift", "within"), [(0.1, 60), (0.15, 25)])
def test_a_small_shift_that_lasts_is_found(shift: float, within: int) -> None:
    slow = []
    for seed in range(12):
        rng = np.random.default_rng(100 + seed)
        known = watched(rng)
        counts = matrix(windows(known.of.binning, columns(120 * SIZE, rng, shift=shift), SIZE))
        z = deviates(known, counts)
        slow.append(first(accumulate(known.directions, z, RUN_LENGTH).alarms))
    assert np.median(slow) <= within
    assert np.mean(slow) < 120


def first(alarms: NDArray[np.bool_]) -> int:
    return int(np.argmax(alarms)) + 1 if alarms.any() else len(alarms) + 1
