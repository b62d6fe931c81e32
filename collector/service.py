"""The parts of one running collector, put together."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from collector.access import Gate, is_loopback
from collector.bodies import BytesInFlight
from collector.catalog import Catalog
from collector.group_commit import GroupCommit
from collector.predictions import PredictionCheck
from collector.settings import CollectorSettings, Limits
from collector.storage import Storage


def utc_now() -> datetime:
    """The clock of a collector that is not told another."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Collector:
    """One running collector: the opened store, and what stands between it and the requests."""

    limits: Limits
    clock: Callable[[], datetime]
    storage: Storage
    gate: Gate
    catalog: Catalog
    commits: GroupCommit
    prediction_check: PredictionCheck
    in_flight: BytesInFlight

    @classmethod
    def open(
        cls,
        settings: CollectorSettings,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> "Collector":
        """Open the store and start the writer. StoreError when the store cannot be opened."""
        storage = Storage(settings.database_url, settings.pepper)
        keys_needed = settings.require_keys or not is_loopback(settings.host)
        pressure = settings.pressure
        commits = GroupCommit(queued_rows=pressure.queued_rows, commit_rows=pressure.commit_rows, monotonic=monotonic)
        commits.start()
        return cls(
            limits=settings.limits,
            clock=clock,
            storage=storage,
            gate=Gate(storage, keys_needed=keys_needed, clock=clock, monotonic=monotonic),
            catalog=Catalog(storage, settings.limits, monotonic),
            commits=commits,
            prediction_check=PredictionCheck(settings.limits),
            in_flight=BytesInFlight(pressure.bytes_in_flight),
        )

    def close(self) -> None:
        """Write what waits, then close the store."""
        self.commits.stop()
        self.storage.close()
