"""One round of the cycle: everything that is due at an instant, to completion."""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from modelwatch.baselines import baseline_from_log
from modelwatch.cycle.committing import Committed, Committer
from modelwatch.cycle.delivery import Courier
from modelwatch.cycle.detecting import Judge
from modelwatch.cycle.planning import plan_model
from modelwatch.cycle.profiling import profile_model
from modelwatch.cycle.result_making import Judged, ResultMaker
from modelwatch.cycle.row_judging import BATCH_RUNS as ROW_BATCH_RUNS
from store.baselines import active_baseline, get_binning
from store.engine import writing
from store.models import list_models
from store.monitors import get_monitor
from store.records import Baseline, Model, Monitor, Run
from store.row_methods import is_row_based
from store.runs import claim_runs, release_runs

_log = logging.getLogger(__name__)

# So many windows of one monitor are computed and committed together.
BATCH_RUNS = 50
LEASE = timedelta(minutes=10)


def _wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CycleSettings:
    """What a round needs from outside.

    ``dashboard`` is the address of the dashboard for links in messages, None where there is none. ``clock`` is wall
    time, for leases and deliveries; windows are judged by the ``now`` of the round.
    """

    environment: Mapping[str, str]
    dashboard: str | None = None
    clock: Callable[[], datetime] = _wall_clock
    jitter: Callable[[], float] = random.random
    new_id: Callable[[], UUID] = uuid4


@dataclass(slots=True)
class CycleSummary:
    """What a round did. ``errors`` are sentences about models whose turn failed; the others had theirs."""

    now: str
    models: int = 0
    rows_profiled: int = 0
    labels_profiled: int = 0
    baselines_made: int = 0
    windows_planned: int = 0
    windows: int = 0
    results: int = 0
    alerts_fired: int = 0
    alerts_resolved: int = 0
    webhooks_delivered: int = 0
    webhooks_failed: int = 0
    errors: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """The summary as plain values, for JSON."""
        return asdict(self)


def run(engine: Engine, now: datetime, settings: CycleSettings) -> CycleSummary:
    """Profile, plan, detect, decide and deliver what is due at ``now``.

    A model whose turn fails is reported and does not stop the others.
    """
    summary = CycleSummary(now.astimezone(UTC).isoformat())
    with engine.connect() as conn:
        models = list_models(conn)
    for model in models:
        summary.models += 1
        try:
            _prepare(engine, model, now, summary)
        except Exception as error:
            _log.exception("model %s could not be profiled", model.name)
            summary.errors.append(f"{model.name}: {type(error).__name__}: {error}")
    _detect(engine, now, settings, summary)
    courier = Courier(engine, settings.clock, settings.jitter, settings.environment)
    delivered = courier.deliver()
    summary.webhooks_delivered, summary.webhooks_failed = delivered.delivered, delivered.failed
    return summary


def _prepare(engine: Engine, model: Model, now: datetime, summary: CycleSummary) -> None:
    """Everything before detection: a baseline, profiles, a plan."""
    with engine.connect() as conn:
        baseline = active_baseline(conn, model.id)
    if baseline is None:
        baseline = baseline_from_log(engine, model, now)
        if baseline is None:
            return
        summary.baselines_made += 1
    profiled = profile_model(engine, model, baseline)
    summary.rows_profiled += profiled.n_rows
    summary.labels_profiled += profiled.n_labels
    with writing(engine) as conn:
        summary.windows_planned += plan_model(conn, model, baseline, now)


def _detect(engine: Engine, now: datetime, settings: CycleSettings, summary: CycleSummary) -> None:
    """Judge what is planned, monitor by monitor. One that fails is reported and tried again in the next round."""
    failing: set[int] = set()
    while runs := claim_runs(engine, limit=BATCH_RUNS, lease=LEASE, now=settings.clock()):
        monitor_id = runs[0].monitor_id
        if monitor_id in failing:
            # Those that failed are claimed last, so all others have had their turn.
            _give_back(engine, runs)
            return
        try:
            _add(summary, _judge_and_commit(engine, monitor_id, runs, now, settings))
        except Exception as error:
            _log.exception("the windows of monitor %d could not be committed", monitor_id)
            summary.errors.append(f"monitor {monitor_id}: {type(error).__name__}: {error}")
            failing.add(monitor_id)
            _give_back(engine, runs)


def _give_back(engine: Engine, runs: Sequence[Run]) -> None:
    with writing(engine) as conn:
        release_runs(conn, runs)


def _judge_and_commit(
    engine: Engine, monitor_id: int, runs: Sequence[Run], now: datetime, settings: CycleSettings
) -> Committed:
    with engine.connect() as conn:
        monitor = get_monitor(conn, monitor_id)
        model = next(model for model in list_models(conn) if model.id == monitor.model_id)
        baseline = active_baseline(conn, model.id)
    if baseline is None:
        raise LookupError(f"windows of model {model.name} are planned, and it has no baseline")
    if is_row_based(monitor.spec.method) and len(runs) > ROW_BATCH_RUNS:
        _give_back(engine, runs[ROW_BATCH_RUNS:])
        runs = runs[:ROW_BATCH_RUNS]
    with engine.connect() as conn:
        binning = get_binning(conn, baseline.binning_id)
    judged = _judge(engine, model, monitor, baseline, runs, now)
    committer = Committer(
        engine=engine,
        model=model,
        monitor=monitor,
        baseline=baseline,
        counted_to=(binning.predictions_to, binning.labels_to),
        dashboard=settings.dashboard,
        now=now,
        clock=settings.clock,
        new_id=settings.new_id,
    )
    return committer.commit(judged)


def _judge(
    engine: Engine, model: Model, monitor: Monitor, baseline: Baseline, runs: Sequence[Run], now: datetime
) -> list[Judged]:
    """Results of the claimed runs; a window that cannot be computed gets one that says so, and holds up no other.

    Trouble with the database is not the window's: it is raised, and the windows are tried again.
    """
    try:
        with engine.connect() as conn:
            return Judge(conn, model, monitor, baseline, now).judge(runs)
    except SQLAlchemyError:
        raise
    except Exception as error:
        if len(runs) > 1:
            return [each for run in runs for each in _judge(engine, model, monitor, baseline, [run], now)]
        _log.exception("monitor %s of model %s could not be computed", monitor.name, model.name)
        reason = f"{type(error).__name__}: {error}"
        maker = ResultMaker(model, monitor, baseline, now)
        return [maker.failed(run, reason) for run in runs]


def _add(summary: CycleSummary, committed: Committed) -> None:
    summary.windows += committed.n_windows
    summary.results += committed.n_results
    summary.alerts_fired += committed.n_fired
    summary.alerts_resolved += committed.n_resolved
