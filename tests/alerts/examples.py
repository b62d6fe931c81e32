"""Records for the tests of this room: one credit model, watched by the day."""

from datetime import UTC, datetime, timedelta

from alerts.body import SuspectFacts
from store.definitions import ModelDefinition, MonitorSpec
from store.records import Baseline, Deploy, Monitor, Result, Status

DAY = timedelta(days=1)
START = datetime(2026, 5, 3, tzinfo=UTC)
NOW = datetime(2026, 5, 4, 0, 5, tzinfo=UTC)
DRIFT = MonitorSpec(kind="drift", name="drift")


def result(
    day: int = 0,
    status: Status = "critical",
    *,
    field: str | None = "income",
    method: str = "ks",
    segment: str | None = None,
    value: float | None = 0.41,
    threshold: float | None = 0.1,
    reason: str = "",
    revision: int = 1,
    id: int | None = None,  # noqa: A002 - the record's own name
) -> Result:
    """A result of the window that begins ``day`` days after 3 May 2026."""
    return Result(
        model="credit",
        version="7",
        monitor="drift",
        kind="drift",
        method=method,
        field=field,
        segment=segment,
        window_start=START + day * DAY,
        window_end=START + (day + 1) * DAY,
        n_baseline=50_000,
        n_current=4_812,
        value=value,
        threshold=threshold,
        threshold_source="calibrated",
        p_value=1e-12,
        effect=0.38,
        severity="high",
        severity_score=1.7,
        confidence=None,
        status=status,
        reason=reason,
        baseline="9f2c41d07b1e",
        computed_at=NOW,
        revision=revision,
        id=id,
    )


MODEL = ModelDefinition(model="credit", task="binary", owner="risk-team", runbook="https://example.org/runbooks/credit")
MONITOR = Monitor(id=3, model_id=1, name="drift", spec=DRIFT, planned_to=None, active=True)
BASELINE = Baseline(
    id=2,
    model_id=1,
    version="7",
    binning_id=2,
    content_hash="9f2c41d07b1e",
    origin="baseline-2026-04.parquet",
    n_rows=50_000,
    start=datetime(2026, 4, 1, tzinfo=UTC),
    end=datetime(2026, 5, 1, tzinfo=UTC),
    created_at=datetime(2026, 5, 1, 9, tzinfo=UTC),
    active=True,
)
DEPLOYS = (
    Deploy(id=1, model_id=1, version="6", at=datetime(2026, 3, 2, 9, tzinfo=UTC), note=""),
    Deploy(id=2, model_id=1, version="7", at=datetime(2026, 5, 2, 22, 30, tzinfo=UTC), note="new income feed"),
    Deploy(id=3, model_id=1, version="8", at=datetime(2026, 5, 4, 12, tzinfo=UTC), note="after the window"),
)
SUSPECTS = (
    SuspectFacts(
        kind="field",
        field="income",
        segment=None,
        deploy=None,
        score=0.8,
        sentence="'income': ks 4.1 times its limit (mean 51,200 -> 512); importance 0.5; began with the trouble",
    ),
    SuspectFacts(
        kind="deploy",
        field=None,
        segment=None,
        deploy="7",
        score=0.5,
        sentence="version 7 (new income feed) went live 1 h 30 min before the first bad window",
    ),
)
CAUSE = f"most likely so far (quality not judged yet): {SUSPECTS[0].sentence}"
