"""A baseline that moves with the window follows what recurs, and reports what does not."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from modelwatch.cycle.moving_baselines import compared_spans
from store.definitions import DefinitionError
from tests.modelwatch.cycle.world import DAY, HOUR, REFERENCE, START, events, hours, labels, model_file, new_world

pytestmark = pytest.mark.slow

DRIFT: dict[str, Any] = {"kind": "drift", "window": "1h", "fields": ["x"]}
PER_HOUR = 300
BERLIN = ZoneInfo("Europe/Berlin")


def statuses(engine: Engine, rows: list[Any], until: float, **monitor: Any) -> list[str]:
    world = new_world(engine, model_file({**DRIFT, **monitor}), REFERENCE)
    world.log(rows)
    world.cycle(hours(until))
    found = world.results(field="x")
    assert all(f" {monitor['baseline']} (" in (each.baseline or "") for each in found)
    return [each.status for each in found]


def test_a_level_that_stays_is_news_once_against_the_window_before(engine: Engine) -> None:
    rows = [*events(0, 2, PER_HOUR), *events(2, 5, PER_HOUR, shift=2.0)]
    assert statuses(engine, rows, 5, baseline="previous") == ["insufficient", "ok", "warning", "ok", "ok"]


def test_what_recurs_every_day_is_no_drift_at_the_same_hour(engine: Engine) -> None:
    """Every day has one hour with other rows; on the fourth it comes an hour late."""
    rows = []
    for day in range(4):
        for hour in (8, 9):
            at = 24 * day + hour
            night = hour == (8 if day < 3 else 9)
            rows += events(at, at + 1, PER_HOUR, seed=1 + day, shift=2.0 if night else 0.0)
    found = statuses(engine, rows, 24 * 3 + 10, baseline="same_hour", min_rows=100)
    judged = [status for status in found if status != "nodata"]
    assert judged == ["insufficient"] * 2 + ["ok"] * 4 + ["warning"] * 2


@pytest.mark.parametrize("monitor", [{"kind": "quality"}, {"kind": "drift", "method": "mmd"}])
def test_it_is_for_what_compares_sums(monitor: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match="baseline previous is for performance monitors and for drift monitors"):
        model_file({**monitor, "baseline": "previous"})
    with pytest.raises(DefinitionError, match="baseline of another version is for"):
        model_file({**monitor, "baseline": {"version": 2}})


def test_a_season_is_that_of_a_year_ago(engine: Engine) -> None:
    """Every year the level of one week is another; 52 weeks later it is no news, and a summer without one is."""
    year, quiet = 52 * 7 * 24, 12 * 7 * 24
    rows = []
    for first in (0, quiet, year, year + quiet):
        # The week before, the week itself, the week after; all at another level in the high season.
        high = 2.0 if first in (0, year) else 0.0
        for week in (-1, 0, 1) if first < year else (0,):
            at = first + (week + 1) * 7 * 24 if first < year else first + 7 * 24
            rows += events(at, at + 1, PER_HOUR, seed=first + week + 2, shift=high)
    world = new_world(engine, model_file({**DRIFT, "baseline": "same_season"}, DRIFT), REFERENCE)
    world.log(rows)
    world.cycle(hours(year + quiet + 8 * 24))
    later = [each for each in world.results(field="x") if each.n_current and each.window_start >= hours(year)]
    seasonal = [each for each in later if " same_season (" in (each.baseline or "")]
    fixed = [each for each in later if each not in seasonal]
    assert [each.status for each in seasonal] == ["ok", "ok"]
    assert [each.status for each in fixed] == ["warning", "ok"]
    assert seasonal[0].baseline is not None
    assert seasonal[0].baseline.endswith(
        "same_season (900 rows of 3 windows, 2026-03-02 00:00 to 2026-03-16 01:00 UTC, version 1)"
    )
    (early, _) = world.results(field="x", window_start=START)
    assert (early.status, early.reason) == ("insufficient", "there are no rows at the same time 51 to 53 weeks before")


def test_a_challenger_is_compared_with_the_champion_of_the_same_windows(engine: Engine) -> None:
    world = new_world(engine, model_file({**DRIFT, "baseline": {"version": "2"}}), REFERENCE)
    # Everybody moves in hour 1, the champion, version 2, among them: that is no difference between versions.
    world.log(
        [
            *events(0, 1, PER_HOUR, version="2", seed=5),
            *events(0, 1, PER_HOUR, version="3", seed=6),
            *events(1, 2, PER_HOUR, version="2", seed=5, shift=2.0),
            *events(1, 2, PER_HOUR, version="3", seed=6, shift=2.0),
            *events(2, 3, PER_HOUR, version="2", seed=5),
            *events(2, 3, PER_HOUR, version="3", seed=6, shift=2.0),
            *events(3, 4, 20, version="2", seed=5),
            *events(3, 4, PER_HOUR, version="3", seed=6),
            *events(4, 5, PER_HOUR, version="2", seed=5),
        ]
    )
    world.cycle(hours(5))
    found = world.results(field="x")
    assert [each.status for each in found] == ["ok", "ok", "warning", "ok", "nodata"]
    assert [(each.version, each.n_baseline) for each in found[:3]] == [("3", PER_HOUR)] * 3
    # Where the champion has too few rows of its own, those of the windows before count too.
    assert found[3].n_baseline == PER_HOUR + 20
    assert found[3].baseline is not None
    assert found[3].baseline.endswith(
        "version '2' (320 rows of 2 windows, 2026-03-02 02:00 to 2026-03-02 04:00 UTC, version 2)"
    )
    assert found[4].reason == "no rows of other versions than '2' in this window"


def test_a_version_that_was_never_seen_is_named(engine: Engine) -> None:
    world = new_world(engine, model_file({**DRIFT, "baseline": {"version": 7}}), REFERENCE)
    world.log(events(0, 1, PER_HOUR))
    world.cycle(hours(1))
    (found,) = world.results(field="x")
    assert found.status == "insufficient"
    assert found.reason == "version '7' has no rows in this window or the 28 before it"
    assert found.baseline is not None
    assert found.baseline.endswith(" version '7' (no rows)")


def test_performance_is_compared_with_the_window_before(engine: Engine) -> None:
    monitor = {"kind": "performance", "window": "1h", "metric": "accuracy", "baseline": "previous"}
    world = new_world(engine, model_file(monitor), REFERENCE)
    rows = events(0, 4, PER_HOUR)
    hour = [row for row in rows if row.at < hours(2)], [row for row in rows if row.at >= hours(2)]
    world.log(rows)
    world.log_labels([*labels(hour[0], wrong=0.1), *labels(hour[1], wrong=0.4)])
    world.cycle(hours(6))
    found = [each for each in world.results() if each.window_end <= hours(4)]
    # It fell once, and stays where it fell to.
    assert [each.status for each in found] == ["insufficient", "ok", "critical", "ok"]
    assert found[0].reason == "there are no rows in the window before"
    assert found[2].baseline is not None
    assert " previous (300 rows of 1 window" in found[2].baseline


def test_the_same_hour_is_one_of_the_local_clock() -> None:
    # Clocks went forward in the night to 29 March 2026.
    noon = datetime(2026, 3, 29, 10, tzinfo=UTC)
    spans = compared_spans("same_hour", noon, noon + HOUR, BERLIN)
    assert spans[-1] == (datetime(2026, 3, 28, 11, tzinfo=UTC), datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert len(spans) == 7
    weeks = compared_spans("same_weekday", noon, noon + DAY, BERLIN)
    assert [start.astimezone(BERLIN).weekday() for start, _ in weeks] == [6] * 4
    assert compared_spans("fixed", noon, noon + HOUR, BERLIN) == []
