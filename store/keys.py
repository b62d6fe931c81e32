"""API keys: made once, shown once, kept only as a keyed digest.

A token reads ``mw_<prefix>_<secret>``. The prefix names the key in lists and logs; the 43 characters of the secret
carry 256 random bits. The pepper is a secret of the installation that is not in the database, so that a copy of the
database neither shows nor lets anybody check a token.
"""

import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from store.records import ApiKey, KeyScope
from store.schema import api_key

SCOPES: tuple[KeyScope, ...] = ("read", "write")
_PREFIX_BYTES = 6
_SECRET_BYTES = 32
_MAX_TOKEN = 128


def create_key(
    conn: Connection,
    *,
    name: str,
    scopes: Sequence[KeyScope],
    models: Sequence[str] | None,
    expires_at: datetime | None,
    now: datetime,
    pepper: bytes,
) -> tuple[ApiKey, str]:
    """Make a key; the second value is its token, which cannot be had again.

    ``scopes`` are what it may do, ``models`` the names of the models it may do it to (None: all, also later ones).
    Raises ValueError naming what is missing or wrong.
    """
    _check(name, scopes, models, expires_at, now, pepper)
    prefix = secrets.token_hex(_PREFIX_BYTES)
    token = f"mw_{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    values = {
        "prefix": prefix,
        "digest": _digest(token, pepper),
        "name": name,
        "scopes": json.dumps([scope for scope in SCOPES if scope in scopes]),
        "models": None if models is None else json.dumps(sorted(set(models))),
        "created_at": now,
        "expires_at": expires_at,
    }
    return _key(conn.execute(insert(api_key).values(values).returning(api_key)).one()), token


def authenticate(conn: Connection, token: str, now: datetime, pepper: bytes) -> ApiKey | None:
    """The key that a token belongs to; None when there is none or it is expired or revoked.

    How long the answer takes tells nothing about how much of the secret was right.
    """
    parts = token.split("_", 2)
    if len(parts) != 3 or parts[0] != "mw" or len(token) > _MAX_TOKEN or not token.isascii():
        return None
    row = conn.execute(select(api_key).where(api_key.c.prefix == parts[1], _in_force(now))).one_or_none()
    if not hmac.compare_digest("" if row is None else row.digest, _digest(token, pepper)) or row is None:
        return None
    return _key(row)


def revoke_key(conn: Connection, prefix: str, now: datetime) -> bool:
    """Take a key out of force for good; False when no key of that prefix was in force."""
    revoked = conn.execute(update(api_key).where(api_key.c.prefix == prefix, _in_force(now)).values(revoked_at=now))
    return revoked.rowcount == 1


def list_keys(conn: Connection) -> list[ApiKey]:
    """All keys ever made, the oldest first."""
    return [_key(row) for row in conn.execute(select(api_key).order_by(api_key.c.id))]


def any_active_key(conn: Connection, now: datetime) -> bool:
    """Whether any key is in force at ``now``."""
    return conn.execute(select(api_key.c.id).where(_in_force(now)).limit(1)).first() is not None


def _in_force(now: datetime) -> ColumnElement[bool]:
    return and_(api_key.c.revoked_at.is_(None), or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > now))


def _digest(token: str, pepper: bytes) -> str:
    return hmac.digest(pepper, token.encode(), "sha256").hex()


def _check(
    name: str,
    scopes: Sequence[KeyScope],
    models: Sequence[str] | None,
    expires_at: datetime | None,
    now: datetime,
    pepper: bytes,
) -> None:
    if not name.strip():
        raise ValueError("name: a key needs one, to be told from the others")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise ValueError(f"scopes: choose from {', '.join(SCOPES)}, not {list(scopes)}")
    if models is not None and not models:
        raise ValueError("models: name at least one, or leave it out for all")
    if expires_at is not None and expires_at <= now:
        raise ValueError(f"expires_at: {expires_at.isoformat()} is in the past")
    if not pepper:
        raise ValueError("pepper: it must not be empty")


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        scopes=tuple(json.loads(row.scopes)),
        models=None if row.models is None else tuple(json.loads(row.models)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
