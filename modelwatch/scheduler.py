"""The clock of the service: wakes the cycle in UTC. What is due is said by the database, not by the clock."""

import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine

from modelwatch.cycle import CycleSettings, run

_log = logging.getLogger(__name__)


def serve(engine: Engine, settings: CycleSettings, tick_seconds: float) -> None:
    """Run the cycle now and every ``tick_seconds``, until the process is told to stop; a round at work is finished.

    A round that takes longer than a tick is not overtaken by the next, and ticks that were missed are made up for by
    one. A round that fails is logged, and the next one tries again.
    """
    scheduler = BlockingScheduler(timezone=UTC)
    scheduler.add_job(
        _round,
        IntervalTrigger(seconds=tick_seconds, timezone=UTC),
        args=[engine, settings, lambda: datetime.now(UTC)],
        next_run_time=datetime.now(UTC),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
    signal.signal(signal.SIGTERM, lambda *_: scheduler.shutdown(wait=True))
    signal.signal(signal.SIGINT, lambda *_: scheduler.shutdown(wait=True))
    scheduler.start()


def _round(engine: Engine, settings: CycleSettings, clock: Callable[[], datetime]) -> None:
    try:
        summary = run(engine, clock(), settings)
    except Exception:
        _log.exception("the round failed; the next one tries again")
        return
    for error in summary.errors:
        _log.error("%s", error)
    if summary.windows:
        _log.info("%d windows judged, %d alerts fired", summary.windows, summary.alerts_fired)
