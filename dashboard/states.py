"""How a state is shown: always a symbol and a word, in the order of who needs somebody first."""

from dataclasses import dataclass
from typing import Literal

from store.records import Status

Level = Literal["critical", "warning", "error", "nodata", "pending", "insufficient", "waiting", "ok"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A state as people read it. ``rank`` 0 is the worst; a symbol is unique, so colour is never needed."""

    symbol: str
    word: str
    rank: int

    @property
    def label(self) -> str:
        return f"{self.symbol} {self.word}"


_LEVELS: dict[Level, Shown] = {
    "critical": Shown("●", "critical", 0),
    "warning": Shown("▲", "warning", 1),
    "error": Shown("✖", "check failed", 2),
    "nodata": Shown("○", "no data", 3),
    "pending": Shown("◐", "watching", 4),
    "insufficient": Shown("…", "not judged", 5),
    "waiting": Shown("◇", "not set up yet", 6),
    "ok": Shown("✓", "healthy", 7),
}

_STATUSES: dict[Status, Shown] = {
    "critical": _LEVELS["critical"],
    "warning": _LEVELS["warning"],
    "error": _LEVELS["error"],
    "nodata": _LEVELS["nodata"],
    "insufficient": _LEVELS["insufficient"],
    "ok": Shown("✓", "ok", 7),
}

_DELIVERIES = {
    "dead": Shown("✖", "given up", 0),
    "pending": Shown("◐", "on its way", 1),
    "delivered": Shown("✓", "delivered", 2),
}

NEEDS_SOMEBODY: frozenset[Level] = frozenset({"critical", "warning", "error", "nodata"})


def level(name: Level) -> Shown:
    """The state of a whole model."""
    return _LEVELS[name]


def status(name: Status) -> Shown:
    """The status of one result."""
    return _STATUSES[name]


def delivery(name: str) -> Shown:
    """The state of one message; a state that is not known is shown by its own name."""
    return _DELIVERIES.get(name, Shown("?", name, 3))
