"""Which models and versions there are, remembered for a moment so that events need not ask the store."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from collector.predictions import Versions
from collector.problems import RequestError
from collector.settings import Limits
from collector.storage import Storage
from collector.values import version_fault
from collector.waiting import ask

FIRST_VERSION = "1"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_REMEMBERED_SECONDS = 1.0


@dataclass(slots=True)
class KnownModel:
    """A model that events may be sent to. ``version_ids`` is in the order in which versions were first seen."""

    id: int
    name: str
    version_ids: dict[str, int] = field(default_factory=dict)
    until: float = 0.0

    @property
    def newest_version(self) -> str:
        """What an event without a version belongs to."""
        return next(reversed(self.version_ids), FIRST_VERSION)


class Catalog:
    """Models by name and their versions, at most a second old. Used from one event loop."""

    def __init__(self, storage: Storage, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._storage = storage
        self._limits = limits
        self._monotonic = monotonic
        self._models: dict[str, KnownModel] = {}

    async def model(self, name: str) -> KnownModel:
        """The model of that name; RequestError 404 when there is none."""
        known, now = self._models.get(name), self._monotonic()
        if known is not None and now < known.until:
            return known
        if known is not None:
            # Those who ask meanwhile take what is known rather than ask as well.
            known.until = now + _REMEMBERED_SECONDS
        found = await ask(self._storage.model, name) if _NAME.fullmatch(name) else None
        if found is None:
            raise RequestError(
                404, f"there is no model {name[:128]!r}: create it with PUT /v1/models/NAME or with modelwatch apply"
            )
        model, versions = found
        known = KnownModel(model.id, model.name, {each.name: each.id for each in versions}, now + _REMEMBERED_SECONDS)
        self._models[name] = known
        return known

    async def versions(self, model: KnownModel, wanted: Iterable[str | int | None], now: datetime) -> Versions:
        """What the ``version`` of events means: none the newest version, a new name a version that is made now."""
        ids: dict[str | int | None, int] = {}
        faults: dict[str | int | None, str] = {}
        for given in wanted:
            name = model.newest_version if given is None else str(given)
            fault = self._fault(model, name)
            if fault is not None:
                faults[given] = fault
                continue
            if name not in model.version_ids:
                model.version_ids[name] = await ask(self._storage.version_id, model.id, name, now)
            ids[given] = model.version_ids[name]
        return Versions(ids, faults)

    def _fault(self, model: KnownModel, name: str) -> str | None:
        if name in model.version_ids:
            return None
        count, limit = len(model.version_ids), self._limits.versions
        if count >= limit:
            return f"is new, but the model has {count:,} versions already; the limit versions is {limit:,}"
        return version_fault(name, self._limits)
