"""A year of days whose labels are asked for with known chances: calm at the very limit, and how soon a rise is found.

``pytest -s`` shows the figures of docs/methods/running_risk.md.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import stats

from detectors.confidence_sequences import ALPHA
from detectors.running_risk import RiskState, chances_differ, first_state, risen, since_the_beginning, step_labels
from detectors.window_risk import WindowRisk
from tests.detectors.weighted_rows import DOUBTFUL, RISK, SURE, Kind, a_day

pytestmark = pytest.mark.slow

YEAR = 365
Choose = Callable[[int, RiskState], Sequence[Kind]]


def first_alarm(rng: np.random.Generator, days: int, n_rows: int, choose: Choose, limit: float) -> int | None:
    """The first of so many days after which some stretch is called risen; None where none is."""
    windows: list[WindowRisk] = []
    states = [first_state(RISK, weighs=True)]
    for day in range(days):
        windows.append(a_day(rng, n_rows, choose(day, states[-1])))
        weighs = chances_differ(windows)
        if weighs != states[0].weighs:
            states = folded(windows[:-1], weighs)
        states.append(step_labels(states[-1], windows[-1]))
        if risen(states, limit, ALPHA):
            return day
    return None


def folded(windows: Sequence[WindowRisk], weighs: bool) -> list[RiskState]:
    states = [first_state(RISK, weighs=weighs)]
    for window in windows:
        states.append(step_labels(states[-1], window))
    return states


def steady(*kinds: Kind) -> Choose:
    return lambda _day, _state: kinds


def after_losses(_day: int, state: RiskState) -> Sequence[Kind]:
    """Where more was lost than expected so far, more of the doubtful rows are looked at, and fewer of the others."""
    if state.lost.n and state.lost.total / state.lost.n > RISK:
        return DOUBTFUL._replace(chance=1.0), SURE._replace(chance=0.01)
    return DOUBTFUL._replace(chance=0.05), SURE._replace(chance=0.2)


RARELY = DOUBTFUL, SURE._replace(chance=0.002)


@pytest.mark.parametrize(
    ("n_rows", "choose"),
    [(1000, steady(DOUBTFUL, SURE)), (100, steady(*RARELY)), (1000, steady(*RARELY)), (1000, after_losses)],
    ids=["1,000 rows", "100 rows, hardly any sure", "1,000 rows, hardly any sure", "chances follow losses"],
)
def test_a_year_at_the_very_limit_is_calm(n_rows: int, choose: Choose) -> None:
    years, rng = 25, np.random.default_rng(n_rows)
    alarms = sum(first_alarm(rng, YEAR, n_rows, choose, RISK) is not None for _ in range(years))
    print(f"{n_rows} rows a day: {alarms} of {years} years with a false alarm")
    assert alarms <= int(stats.binom.ppf(0.999, years, ALPHA))


def test_the_same_year_alarms_where_labels_count_alike() -> None:
    rng = np.random.default_rng(1)
    states = folded([a_day(rng, 1000, (DOUBTFUL, SURE)) for _ in range(30)], weighs=False)
    assert risen(states, RISK + 0.05, ALPHA) is not None


def test_a_rise_after_a_hundred_good_days_is_found() -> None:
    """Sure rows go wrong 10 points more often, of which 2 are tolerated."""

    def choose(day: int, _state: RiskState) -> Sequence[Kind]:
        return DOUBTFUL, SURE if day < 100 else SURE._replace(risk=SURE.risk + 0.1 / SURE.share)

    rng = np.random.default_rng(2)
    found = [first_alarm(rng, 250, 1000, choose, RISK + 0.02) for _ in range(10)]
    delays = [day - 99 for day in found if day is not None]
    print(f"a rise of 10 points, some 95 labels of 1,000 rows a day: {np.median(delays)} days, at most {max(delays)}")
    assert len(delays) == len(found)
    assert min(delays) > 0
    assert np.median(delays) <= 30


def test_the_interval_holds_at_all_times_and_is_not_biased() -> None:
    missed, risks = 0, []
    for seed in range(40):
        rng = np.random.default_rng([3, seed])
        states = folded([a_day(rng, 1000, (DOUBTFUL, SURE)) for _ in range(120)], weighs=True)
        outside = False
        for day in range(1, len(states), 3):
            whole = since_the_beginning(states[: day + 1])
            assert whole is not None
            low, high = whole.interval.low, whole.interval.high
            assert low is not None
            assert high is not None
            assert low <= whole.risk <= high
            outside = outside or not low <= RISK <= high
        missed += outside
        at_last = since_the_beginning(states)
        assert at_last is not None
        risks.append(at_last.risk)
    assert missed <= int(stats.binom.ppf(0.999, 40, ALPHA))
    assert abs(np.mean(risks) - RISK) < 3 * np.std(risks) / np.sqrt(len(risks))
