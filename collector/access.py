"""Who may do what: API keys with scopes, for all models or for some."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from collector.problems import RequestError
from collector.storage import Storage
from collector.waiting import ask
from store.records import ApiKey, KeyScope

_REMEMBERED_SECONDS = 2.0
_KEYS_REMEMBERED = 10_000
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="modelwatch"'}


@dataclass(frozen=True, slots=True)
class Grant:
    """What the sender of one request may do. ``models`` None means every model."""

    scopes: frozenset[KeyScope]
    models: frozenset[str] | None

    def demand(self, scope: KeyScope) -> None:
        """RequestError 403 unless the scope is granted."""
        if scope not in self.scopes:
            raise RequestError(403, f"this key may not {scope}: use one that was created with the scope {scope}")

    def demand_model(self, model: str) -> None:
        """RequestError 403 unless the model is granted; the same whether or not there is such a model."""
        if not self.covers(model):
            raise RequestError(403, f"this key is not for the model {model[:128]!r}: use one that was created for it")

    def covers(self, model: str) -> bool:
        return self.models is None or model in self.models


EVERYTHING = Grant(frozenset(("read", "write")), None)


class Gate:
    """Turns the Authorization header of a request into what it may do.

    A key that was in force is taken for a moment without asking the store again, so a revoked one stops working
    within two seconds. Without ``keys_needed`` there is no need to ask: everybody may do EVERYTHING.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        keys_needed: bool,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._storage = storage
        self._keys_needed = keys_needed
        self._clock = clock
        self._monotonic = monotonic
        self._known: dict[str, tuple[ApiKey, Grant, float]] = {}

    @property
    def keys_needed(self) -> bool:
        return self._keys_needed

    async def grant(self, authorization: str | None) -> Grant:
        """What the key in the header grants; RequestError 401 when it is missing or not in force."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise RequestError(
                401, "a key is needed: send Authorization: Bearer KEY (see modelwatch keys create)", headers=_CHALLENGE
            )
        known = self._known.get(token)
        if known is None or known[2] < self._monotonic() or _expired(known[0], self._clock()):
            known = await self._ask(token)
        return known[1]

    async def _ask(self, token: str) -> tuple[ApiKey, Grant, float]:
        asked_at = self._monotonic()
        key = await ask(self._storage.key, token, self._clock())
        if key is None:
            self._known.pop(token, None)
            raise RequestError(401, "this key is not known, or is expired or revoked", headers=_CHALLENGE)
        if len(self._known) >= _KEYS_REMEMBERED:
            self._known.clear()
        grant = Grant(frozenset(key.scopes), None if key.models is None else frozenset(key.models))
        self._known[token] = key, grant, asked_at + _REMEMBERED_SECONDS
        return self._known[token]


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _expired(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is not None and key.expires_at <= now
