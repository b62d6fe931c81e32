"""The age of the newest row against the gaps a stream usually has."""

import numpy as np
import pytest

from detectors.binning import choose_binning
from detectors.columns import NumericColumn
from detectors.findings import Finding
from detectors.freshness import Arrivals, freshness_finding, usual_longest_gap
from detectors.profile import profile
from detectors.quality import quality_findings

STEADY = np.arange(200.0)


def office_hours(days: int) -> list[float]:
    """Rows from 8 to 18 o'clock, from Monday to Friday; hour 0 is a Monday's midnight."""
    return [24.0 * day + hour for day in range(days) if day % 7 < 5 for hour in range(8, 18)]


def finding_at(hours: object, end: float, threshold: float | None = None) -> Finding:
    return freshness_finding(Arrivals(np.asarray(hours), end), threshold)


@pytest.mark.parametrize(
    ("silent", "status"), [(0.0, "ok"), (0.5, "ok"), (1.0, "warning"), (2.0, "critical"), (9, "critical")]
)
def test_a_steady_stream_that_falls_silent(silent: float, status: str) -> None:
    finding = finding_at(STEADY, 200 + silent)
    assert (finding.status, finding.value, finding.threshold) == (status, silent, 1.0)
    assert (finding.field, finding.method, finding.n_baseline) == (None, "freshness", 200)


def test_nights_and_weekends_are_usual_and_a_longer_silence_is_not() -> None:
    hours = office_hours(28)
    monday_morning = 28 * 24 + 8
    assert finding_at(hours, monday_morning).status == "ok"
    finding = finding_at(hours, monday_morning + 36)
    assert finding.status == "warning"
    assert (
        finding.reason == "the newest row came 98 hours before the end of the window; the usual longest gap is 62 hours"
    )
    assert finding.threshold == 1.5 * 62 + 1
    assert finding_at(hours, monday_morning + 140).status == "critical"


def test_one_outage_does_not_make_outages_usual() -> None:
    hours = [hour for hour in STEADY if not 50 <= hour < 90]
    assert finding_at(hours, 202).status == "critical"
    twice = [hour for hour in hours if not 120 <= hour < 150]
    assert finding_at(twice, 202).status == "ok"
    assert usual_longest_gap(np.array(twice), 1.0) == 30


def test_order_and_what_comes_after_the_window_do_not_matter() -> None:
    shuffled = np.random.default_rng(1).permutation(STEADY)
    assert finding_at([*shuffled, *shuffled, 400.0], 201) == finding_at(STEADY, 201)


def test_streams_without_a_history_are_named() -> None:
    none = finding_at([], 10)
    assert (none.status, none.reason) == ("insufficient", "no row came before the end of this window")
    assert finding_at([20.0], 10).reason == none.reason
    one = finding_at([3.0], 10)
    assert (one.status, one.value) == ("insufficient", 6.0)
    assert one.reason == (
        "the newest row came 6 hours before the end of the window; 1 hour with rows, at least 24 are needed"
    )
    given = finding_at([3.0], 10, threshold=5.0)
    assert (given.status, given.threshold, given.threshold_source) == ("warning", 5.0, "given")


def test_finer_grains_are_told_in_minutes() -> None:
    grain = 5 / 60
    finding = freshness_finding(Arrivals(np.arange(100) * grain, 100 * grain + 0.5, grain))
    assert finding.status == "critical"
    assert finding.reason.startswith("the newest row came 30 minutes before")


def test_what_cannot_be_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="grain"):
        Arrivals([1.0], 2.0, 0.0)
    with pytest.raises(ValueError, match="finite"):
        Arrivals([np.nan], 2.0)
    with pytest.raises(ValueError, match="threshold 0 for freshness"):
        finding_at(STEADY, 200, threshold=0)


@pytest.mark.parametrize("rate", [0.2, 1.0, 3.0, 8.0])
def test_the_gaps_of_a_random_stream_raise_few_alarms(rate: float) -> None:
    # One window in 500 may alarm: 4 of 2,000, with three standard errors on top.
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(2000):
        hours = np.flatnonzero(rng.poisson(rate, 28 * 24)).astype(float)
        alarms += freshness_finding(Arrivals(hours, 28.0 * 24)).status != "ok"
    assert alarms <= 4 + 3 * 4**0.5


def test_quality_findings_take_the_arrivals_and_leave_the_check_out_without() -> None:
    columns = {"x": NumericColumn.of(np.arange(100.0))}
    binning = choose_binning(columns)
    whole = profile(binning, columns)
    late = Arrivals(STEADY, 205)
    (finding,) = quality_findings(binning, whole, whole, checks=["freshness"], arrivals=late)
    assert (finding.status, finding.n_current) == ("critical", 100)
    (given,) = quality_findings(binning, whole, whole, checks=["freshness"], arrivals=late, threshold=6.0)
    assert (given.status, given.threshold_source) == ("ok", "given")
    assert quality_findings(binning, whole, whole, checks=["freshness"]) == []
