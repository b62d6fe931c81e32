"""A year of daily windows through the judge and the history that the cycle uses: calm, and how soon a drop is found."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sqlalchemy import Engine

from detectors.calibration_map import fit_calibration
from detectors.confidence_sequences import ALPHA
from detectors.estimated_losses import estimated_losses
from detectors.findings import Finding
from detectors.performance_profile import Classes, PerformanceProfile, empty_performance, performance_layout
from detectors.prediction_powered import prediction_powered_risk
from detectors.risk_sums import RiskSums
from detectors.running_risk_findings import PREDICTION_POWERED, RUNNING_RISK
from detectors.window_risk import WindowRisk
from modelwatch.cycle.evidence_history import EvidenceHistory
from modelwatch.cycle.risk_judging import Labels, RiskJudge
from modelwatch.segments import WHOLE
from store.definitions import MonitorSpec
from store.engine import open_engine
from store.records import Baseline, Monitor

pytestmark = pytest.mark.slow

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TOLERANCE = 0.02
BINS = 16
LAYOUT = performance_layout("binary", Classes(("0", "1"), "1"), {"score": np.linspace(0, 1, BINS + 1)[1:-1]})
# A row is of the class with the chance of its bin; the model predicts the likelier class. About 15 % errors.
CHANCE = (np.arange(BINS) + 0.5) / BINS
SHARE = np.interp(np.abs(CHANCE - 0.5), [0, 0.5], [0.25, 1.0])
SHARE /= SHARE.sum()
PREDICTED = (CHANCE > 0.5).astype(np.int64)
ERROR = np.minimum(CHANCE, 1 - CHANCE)
RISK = float(SHARE @ ERROR)

Counts = NDArray[np.int64]


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


class Day(NamedTuple):
    """How many rows come in a day, how many of them get labels, and by how much more of them are wrong."""

    rows: int
    labelled: int
    rise: float = 0.0


def profile_of(rows: Counts, labelled: Counts, wrong: Counts) -> PerformanceProfile:
    """The profile of so many rows, labelled rows, and wrong ones among these in each bin."""
    found = empty_performance(LAYOUT)
    positive = np.where(PREDICTED == 1, labelled - wrong, wrong)
    by_label = np.zeros((2, 3, BINS), dtype=np.int64)
    every = np.zeros((3, BINS), dtype=np.int64)
    for place in range(BINS):
        by_label[:, PREDICTED[place], place] = labelled[place] - positive[place], positive[place]
        every[PREDICTED[place], place] = rows[place]
    table = np.zeros(LAYOUT.table_shape, dtype=np.int64)
    table[:2, :2] = by_label[:, :2].sum(axis=2)
    found.counts[LAYOUT.LABELLED] = found.counts[LAYOUT.scored] = labelled.sum()
    found.counts[LAYOUT.table] = table.ravel()
    found.counts[LAYOUT.labelled_scores(0)] = by_label.ravel()
    found.counts[LAYOUT.all_scores(0)] = every.ravel()
    return found


def a_day(rng: np.random.Generator, day: Day) -> tuple[Counts, Counts, Counts]:
    """Rows, labelled ones and wrong ones of each bin."""
    rows = rng.multinomial(day.rows, SHARE)
    labelled = rng.multivariate_hypergeometric(rows, day.labelled)
    # More rows are wrong in every bin alike, by as many points of all that were right.
    return rows, labelled, rng.binomial(labelled, ERROR + day.rise * (1 - ERROR) / (1 - RISK))


class Watch:
    """One model that is watched from a new baseline on, in a history of its own."""

    def __init__(
        self, engine: Engine, rng: np.random.Generator, method: str, number: int, baseline_rows: int = 5000
    ) -> None:
        self._conn = engine.connect()
        self._spec = MonitorSpec(kind="performance", metric=method, tolerance=TOLERANCE)
        monitor = Monitor(number, 1, "performance", self._spec, None, active=True)
        baseline = Baseline(number, 1, "1", 1, "", "", 5000, None, None, START, active=True)
        self._judge = RiskJudge(EvidenceHistory(self._conn, monitor, baseline), self._spec, LAYOUT, 0)
        self._rng = rng
        self._baseline = profile_of(*a_day(rng, Day(baseline_rows, baseline_rows)))
        self._calibration = fit_calibration(LAYOUT, self._baseline)

    def judge(self, number: int, rows: Counts, labelled: Counts, wrong: Counts) -> Finding:
        labels = Labels(self._baseline, self._calibration, profile_of(rows, labelled, wrong), int(rows.sum()))
        (found,) = self._judge.findings(WHOLE, START + number * DAY, labels)
        return found

    def first_alarm(self, days: int, of_day: Callable[[int], Day]) -> int | None:
        """The first of so many days on which something is found; None where nothing is."""
        for number in range(days):
            if self.judge(number, *a_day(self._rng, of_day(number))).status != "ok":
                return number
        return None

    def close(self) -> None:
        self._conn.close()


def first_alarms(
    engine: Engine,
    method: str,
    seed: int,
    watches: int,
    days: int,
    of_day: Callable[[int], Day],
    baseline_rows: int = 5000,
) -> list[int | None]:
    rng, found = np.random.default_rng(seed), []
    for number in range(watches):
        watch = Watch(engine, rng, method, number, baseline_rows)
        found.append(watch.first_alarm(days, of_day))
        watch.close()
    return found


def within_chance(alarms: int, runs: int) -> bool:
    """Whether so many alarms are no more than once in 1,000 times there are at the stated chance."""
    return alarms <= int(stats.binom.ppf(0.999, runs, ALPHA))


@pytest.mark.parametrize(
    ("method", "day"),
    [
        (RUNNING_RISK, Day(200, 200, TOLERANCE)),
        (RUNNING_RISK, Day(1000, 20, TOLERANCE)),
        (PREDICTION_POWERED, Day(1000, 20, TOLERANCE)),
        (PREDICTION_POWERED, Day(400, 70, TOLERANCE)),
    ],
    ids=lambda case: case if isinstance(case, str) else f"{case.labelled}-of-{case.rows}",
)
def test_a_year_at_the_very_limit_is_calm(sqlite_engine: Engine, method: str, day: Day) -> None:
    """Every day the risk is above the baseline's true one by all that is tolerated; the baseline itself is drawn."""
    years = 12
    alarms = first_alarms(sqlite_engine, method, 1, years, 365, lambda _: day)
    assert within_chance(sum(each is not None for each in alarms), years)


def test_labels_that_come_in_parts_and_are_looked_at_each_time_keep_it_calm(sqlite_engine: Engine) -> None:
    """A window is judged when a third of its labels are there, and again, two days later, when all are."""
    rng, years, alarms = np.random.default_rng(2), 10, 0
    for number in range(years):
        watch, alarm, waiting = Watch(sqlite_engine, rng, RUNNING_RISK, number), False, {}
        for day in range(200):
            rows, labelled, wrong = a_day(rng, Day(200, 200, TOLERANCE))
            early = rng.binomial(labelled, 1 / 3)
            wrong_early = rng.hypergeometric(wrong, labelled - wrong, early)
            waiting[day] = rows, labelled, wrong
            alarm = alarm or watch.judge(day, rows, early, wrong_early).status != "ok"
            if day >= 2:
                alarm = alarm or watch.judge(day - 2, *waiting.pop(day - 2)).status != "ok"
        watch.close()
        alarms += alarm
    assert within_chance(alarms, years)


@pytest.mark.parametrize(
    ("method", "day", "rise", "baseline", "within"),
    [
        (RUNNING_RISK, Day(1000, 1000), 0.05, 50_000, 20),
        (RUNNING_RISK, Day(1000, 1000), 0.1, 5000, 4),
        (RUNNING_RISK, Day(200, 200), 0.1, 5000, 15),
        (PREDICTION_POWERED, Day(1000, 50), 0.1, 5000, 60),
    ],
    ids=["5 points, 1,000 labels a day", "10 points, 1,000 labels", "10 points, 200 labels", "10 points, 50 labels"],
)
def test_a_drop_after_a_hundred_good_days_is_found(
    sqlite_engine: Engine, method: str, day: Day, rise: float, baseline: int, within: int
) -> None:
    def of_day(number: int) -> Day:
        return day if number < 100 else day._replace(rise=rise)

    found = first_alarms(sqlite_engine, method, 3, 6, 100 + 2 * within, of_day, baseline)
    delays = [each - 99 for each in found if each is not None]
    assert len(delays) == len(found)
    assert all(delay > 0 for delay in delays)
    assert np.median(delays) <= within


def test_estimates_never_make_a_window_two_percent_wider_than_labels_alone() -> None:
    """Over windows of the cycle's own sums, with estimates that are good, useless, and the wrong way round."""
    rng, ratios = np.random.default_rng(4), []
    calibration = fit_calibration(LAYOUT, profile_of(*a_day(rng, Day(5000, 5000))))
    (good,) = calibration.maps
    for chances in (good.chances, rng.permutation(good.chances), 1 - good.chances):
        known = replace(calibration, maps=(replace(good, chances=chances),))
        for labelled in (40, 100, 180):
            for _ in range(40):
                sums = estimated_losses(LAYOUT, profile_of(*a_day(rng, Day(1000, labelled))), known)
                alone = RiskSums(sums.n, sums.loss, sums.loss_squares, rows=sums.n)
                ratios.append(_width(sums) / _width(alone))
    assert max(ratios) <= 1.02
    assert min(ratios) < 0.95


def _width(sums: RiskSums) -> float:
    interval = prediction_powered_risk(sums).interval
    assert interval.low is not None
    assert interval.high is not None
    return interval.high - interval.low


def test_a_window_adds_what_it_holds_and_is_stored_as_such(sqlite_engine: Engine) -> None:
    rng = np.random.default_rng(5)
    with sqlite_engine.connect() as conn:
        spec = MonitorSpec(kind="performance", metric=RUNNING_RISK)
        monitor = Monitor(1, 1, "performance", spec, None, active=True)
        baseline = Baseline(1, 1, "1", 1, "", "", 5000, None, None, START, active=True)
        history = EvidenceHistory(conn, monitor, baseline)
        rows, labelled, wrong = a_day(rng, Day(500, 100))
        labels = Labels(profile_of(*a_day(rng, Day(5000, 5000))), None, profile_of(rows, labelled, wrong), 500)
        RiskJudge(history, spec, LAYOUT, 0).findings(WHOLE, START, labels)
        (added,) = history.added_by(START)
    losses = WindowRisk.from_bytes(added.payload).losses
    assert (losses.n, losses.total) == (100, wrong.sum())
