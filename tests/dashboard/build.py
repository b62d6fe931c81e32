"""Facts of models put together by hand, for tests of what is said about them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.facts import Change, Episode, JudgedWindow, ModelFacts
from store.records import Baseline, Status
from tests.dashboard.story import DAY, LAST_END, NOW

BASELINE = Baseline(
    id=1, model_id=1, version="3", binning_id=1, content_hash="abc", origin="file train.csv", n_rows=10_000,
    start=None, end=None, created_at=datetime(2026, 3, 30, tzinfo=UTC), active=True,
)  # fmt: skip
DEPLOY = Change(datetime(2026, 5, 2, 14, tzinfo=UTC), "4", "deploy", "retrained")


def window(statuses: dict[Status, int], monitor: str = "drift", **changes: Any) -> JudgedWindow:
    """The last day judged by a drift monitor, unless told otherwise."""
    made = JudgedWindow(monitor, "drift", LAST_END - DAY, LAST_END, statuses)
    return replace(made, **changes)


def episode(**changes: Any) -> Episode:
    """Drift in income that fires since the window of 3 May."""
    made = Episode(
        monitor="drift", kind="drift", method="ks", field="income", segment=None, state="firing",
        since=datetime(2026, 5, 4, tzinfo=UTC), window=DAY, status="critical", value=0.31, threshold=0.1,
    )  # fmt: skip
    return replace(made, **changes)


def facts(name: str = "credit", **changes: Any) -> ModelFacts:
    """A healthy model: 42 checks passed on 30 May."""
    made = ModelFacts(
        name=name, owner="risk-team", runbook="", zone=ZoneInfo("UTC"), baseline=BASELINE, baseline_rows=10_000,
        last_received=NOW - timedelta(minutes=4), events=((LAST_END - DAY, 1000),), windows=(window({"ok": 42}),),
    )  # fmt: skip
    return replace(made, **changes)
