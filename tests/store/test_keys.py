import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from store.engine import writing
from store.keys import any_active_key, authenticate, create_key, list_keys, revoke_key
from store.records import ApiKey
from store.schema import api_key
from tests.store.conftest import NOW

PEPPER = b"a secret of this installation"
LATER = NOW + timedelta(days=1)


def _create(engine: Engine, **changes: Any) -> tuple[ApiKey, str]:
    arguments: dict[str, Any] = {
        "name": "serving",
        "scopes": ["write", "read"],
        "models": None,
        "expires_at": None,
        "now": NOW,
        "pepper": PEPPER,
    }
    with writing(engine) as connection:
        return create_key(connection, **{**arguments, **changes})


def _found(engine: Engine, token: str, now: Any = NOW, pepper: bytes = PEPPER) -> ApiKey | None:
    with engine.connect() as connection:
        return authenticate(connection, token, now, pepper)


def test_a_token_leads_to_its_key(engine: Engine) -> None:
    first, first_token = _create(engine)
    second, second_token = _create(engine, name="reader", scopes=["read"], models=["loan", "credit"], expires_at=LATER)
    assert _found(engine, first_token) == first
    assert _found(engine, second_token) == second
    assert (first.scopes, first.models, first.expires_at) == (("read", "write"), None, None)
    assert (second.scopes, second.models, second.expires_at) == (("read",), ("credit", "loan"), LATER)
    with engine.connect() as connection:
        assert list_keys(connection) == [first, second]


def test_tokens_have_the_documented_form_and_differ(engine: Engine) -> None:
    tokens = {_create(engine)[1] for _ in range(5)}
    assert len(tokens) == 5
    assert all(re.fullmatch(r"mw_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_the_store_holds_neither_the_token_nor_a_plain_digest_of_it(engine: Engine) -> None:
    key, token = _create(engine)
    with engine.connect() as connection:
        stored = repr(connection.execute(select(api_key)).one())
    secret = token.removeprefix(f"mw_{key.prefix}_")
    assert secret not in stored
    for text in (token, secret):
        assert hashlib.sha256(text.encode()).hexdigest() not in stored
    assert _found(engine, token, pepper=b"another installation") is None


def test_what_is_not_a_token_of_ours_is_turned_away(engine: Engine) -> None:
    key, token = _create(engine)
    wrong: Sequence[str] = (
        "",
        "mw",
        "mw__",
        f"mw_{key.prefix}_",
        key.prefix,
        token[:-1],
        token + "A",
        token.upper(),
        token.replace("mw_", "xx_"),
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "ü",
        token + "A" * 10_000,
        f"mw_{'0' * 12}_{token.split('_', 2)[2]}",
    )
    assert [text for text in wrong if _found(engine, text) is not None] == []


def test_an_expired_key_is_out_of_force(engine: Engine) -> None:
    key, token = _create(engine, expires_at=LATER)
    assert _found(engine, token, LATER - timedelta(microseconds=1)) == key
    assert _found(engine, token, LATER) is None
    with engine.connect() as connection:
        assert any_active_key(connection, NOW)
        assert not any_active_key(connection, LATER)


def test_a_revoked_key_is_out_of_force_for_good(engine: Engine) -> None:
    key, token = _create(engine)
    with writing(engine) as connection:
        assert not revoke_key(connection, "unknown", NOW)
        assert any_active_key(connection, NOW)
        assert revoke_key(connection, key.prefix, LATER)
        assert not revoke_key(connection, key.prefix, LATER)
        assert not any_active_key(connection, LATER)
    assert _found(engine, token, LATER) is None
    with engine.connect() as connection:
        (kept,) = list_keys(connection)
    assert kept.revoked_at == LATER


def test_a_new_store_has_no_key(engine: Engine) -> None:
    with engine.connect() as connection:
        assert not any_active_key(connection, NOW)
        assert list_keys(connection) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes: choose from read, write"),
        ({"scopes": ["admin"]}, r"not \['admin'\]"),
        ({"models": []}, "at least one"),
        ({"expires_at": NOW}, "in the past"),
        ({"pepper": b""}, "pepper"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(engine: Engine, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        _create(engine, **changes)
    with engine.connect() as connection:
        assert list_keys(connection) == []
