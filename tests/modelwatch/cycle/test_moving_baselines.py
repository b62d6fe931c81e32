"""A baseline that moves with the window follows what recurs, and reports what does not."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from modelwatch.cycle.moving_baselines import compared_spans
from store.definitions import DefinitionError
from tests.modelwatch.cycle.world import DAY, HOUR, REFERENCE, events, hours, model_file, new_world

DRIFT: dict[str, Any] = {"kind": "drift", "window": "1h", "fields": ["x"]}
PER_HOUR = 300
BERLIN = ZoneInfo("Europe/Berlin")


def statuses(engine: Engine, rows: list[Any], until: float, **monitor: Any) -> list[str]:
    world = new_world(engine, model_file({**DRIFT, **monitor}), REFERENCE)
    world.log(rows)
    world.cycle(hours(until))
    found = world.results(field="x")
    assert {each.baseline is not None and each.baseline.endswith(str(monitor["baseline"])) for each in found} == {True}
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
def test_it_is_for_drift_of_sums_alone(monitor: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match="baseline previous is for drift monitors"):
        model_file({**monitor, "baseline": "previous"})


def test_the_same_hour_is_one_of_the_local_clock() -> None:
    # Clocks went forward in the night to 29 March 2026.
    noon = datetime(2026, 3, 29, 10, tzinfo=UTC)
    spans = compared_spans("same_hour", noon, noon + HOUR, BERLIN)
    assert spans[-1] == (datetime(2026, 3, 28, 11, tzinfo=UTC), datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert len(spans) == 7
    weeks = compared_spans("same_weekday", noon, noon + DAY, BERLIN)
    assert [start.astimezone(BERLIN).weekday() for start, _ in weeks] == [6] * 4
    assert compared_spans("fixed", noon, noon + HOUR, BERLIN) == []
