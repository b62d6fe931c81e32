"""Who may do what: every route, with no key, a wrong one, one without the scope, and one for another model."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.access import is_loopback
from collector.server import StartError, bind, check_store, serve
from collector.settings import CollectorSettings
from store.engine import open_engine, writing
from store.keys import create_key, revoke_key
from store.records import KeyScope
from tests.collector.running import NOW, Running, event, label, running

PEPPER = b"pepper"
SECRET_ROUTES = (
    ("POST", "/v1/models/{model}/predictions", "write", [event()]),
    ("POST", "/v1/models/{model}/labels", "write", [label()]),
    ("PUT", "/v1/models/{model}", "write", {"task": "binary"}),
    ("GET", "/v1/models/{model}/results", "read", None),
    ("GET", "/v1/alerts?model={model}", "read", None),
    ("GET", "/v1/deploys?model={model}", "read", None),
    ("POST", "/v1/deploys", "write", {"model": "{model}", "version": "1"}),
)
OPEN_TO_ALL_MODELS = (
    ("GET", "/v1/models", "read", None),
    ("GET", "/v1/alerts", "read", None),
    ("GET", "/v1/deploys", "read", None),
)
Route = tuple[str, str, str, Any]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Running]:
    """A collector that asks for keys, and knows the models mine and theirs."""
    path = tmp_path_factory.mktemp("access") / "store.db"
    shutil.copyfile(sqlite_template, path)
    url = f"sqlite:///{path}"
    everything = make_key(url, ("read", "write"))
    with running(CollectorSettings(url, require_keys=True, pepper=PEPPER), everything) as found:
        for model in ("mine", "theirs"):
            found.with_model(model)
            marker = {"model": model, "version": "1"}
            found.client.post("/v1/deploys", json=marker).raise_for_status()
        yield found


def make_key(
    url: str, scopes: Sequence[KeyScope], models: Sequence[str] | None = None, expires_at: datetime | None = None
) -> str:
    engine = open_engine(url)
    with writing(engine) as connection:
        _, token = create_key(
            connection, name="test", scopes=scopes, models=models, expires_at=expires_at, now=NOW, pepper=PEPPER
        )
    engine.dispose()
    return token


def call(collector: Running, route: Route, model: str, authorization: str | None) -> Any:
    method, path, _, body = route
    if isinstance(body, dict):
        body = {key: model if value == "{model}" else value for key, value in body.items()}
    collector.client.headers.pop("authorization", None)
    headers = {} if authorization is None else {"authorization": authorization}
    return collector.client.request(method, path.format(model=model), json=body, headers=headers)


@pytest.mark.parametrize("route", SECRET_ROUTES + OPEN_TO_ALL_MODELS, ids=lambda route: f"{route[0]} {route[1]}")
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer x", "Basic bXc6eA==", "Bearer mw_000000000000_" + "x" * 43, "mw_x"]
)
def test_no_key_in_force(locked: Running, route: Route, authorization: str | None) -> None:
    answer = call(locked, route, "mine", authorization)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "key" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/schema", "/schema/openapi.json"])
def test_the_description_needs_a_key_too(locked: Running, path: str) -> None:
    assert call(locked, ("GET", path, "", None), "", None).status_code == 401
    assert call(locked, ("GET", path, "", None), "", f"Bearer {make_key(locked.url, ['read'])}").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_none(locked: Running, path: str) -> None:
    assert call(locked, ("GET", path, "", None), "", None).status_code == 200


@pytest.mark.parametrize("scope", ["read", "write"])
def test_scopes(locked: Running, scope: KeyScope) -> None:
    key = f"Bearer {make_key(locked.url, [scope])}"
    for route in SECRET_ROUTES + OPEN_TO_ALL_MODELS:
        answer = call(locked, route, "mine", key)
        if route[2] == scope:
            assert answer.status_code in (200, 201), answer.text
        else:
            assert (answer.status_code, f"may not {route[2]}" in answer.json()["error"]) == (403, True)


def test_models(locked: Running) -> None:
    key = f"Bearer {make_key(locked.url, ['read', 'write'], ['mine'])}"
    for route in SECRET_ROUTES:
        assert call(locked, route, "mine", key).status_code in (200, 201)
        # The answer does not tell whether there is such a model.
        answers = [call(locked, route, model, key) for model in ("theirs", "nobody")]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].text.replace("theirs", "nobody") == answers[1].text


def test_lists_show_the_models_of_the_key_alone(locked: Running) -> None:
    key = f"Bearer {make_key(locked.url, ['read'], ['mine'])}"
    models = call(locked, ("GET", "/v1/models", "", None), "", key).json()["models"]
    assert [model["name"] for model in models] == ["mine"]
    deploys = call(locked, ("GET", "/v1/deploys", "", None), "", key).json()["deploys"]
    assert {deploy["model"] for deploy in deploys} == {"mine"}


def test_a_revoked_key_stops_within_seconds(locked: Running) -> None:
    token = make_key(locked.url, ["read"])
    route = OPEN_TO_ALL_MODELS[0]
    assert call(locked, route, "", f"Bearer {token}").status_code == 200
    engine = open_engine(locked.url)
    with writing(engine) as connection:
        assert revoke_key(connection, token.split("_")[1], NOW)
    engine.dispose()
    locked.time.monotonic += 2.1
    assert call(locked, route, "", f"Bearer {token}").status_code == 401


def test_an_expired_key_stops_at_once(locked: Running) -> None:
    token = make_key(locked.url, ["read"], expires_at=NOW + timedelta(seconds=1))
    route = OPEN_TO_ALL_MODELS[0]
    assert call(locked, route, "", f"Bearer {token}").status_code == 200
    locked.time.now += timedelta(seconds=1)
    assert call(locked, route, "", f"Bearer {token}").status_code == 401


def test_on_a_loopback_address_no_key_is_needed(sqlite_url: str) -> None:
    with running(CollectorSettings(sqlite_url)) as collector:
        assert collector.client.get("/v1/models").status_code == 200


def test_on_another_address_keys_are_needed(sqlite_url: str) -> None:
    settings = CollectorSettings(sqlite_url, host="0.0.0.0", pepper=PEPPER)
    with running(settings) as collector:
        assert collector.client.get("/v1/models").status_code == 401


def test_without_a_key_it_does_not_listen_to_strangers(sqlite_url: str) -> None:
    settings = CollectorSettings(sqlite_url, host="0.0.0.0", port=0, pepper=PEPPER)
    with pytest.raises(StartError, match="modelwatch keys create"):
        serve(settings)
    make_key(sqlite_url, ["write"], expires_at=NOW + timedelta(days=1))
    check_store(settings, NOW)
    with pytest.raises(StartError, match="modelwatch keys create"):
        check_store(settings, NOW + timedelta(days=1))


def test_before_the_store_is_made_it_does_not_listen_to_strangers(tmp_path: Path) -> None:
    settings = CollectorSettings(f"sqlite:///{tmp_path}/new.db", host="0.0.0.0", port=0)
    with pytest.raises(StartError, match="modelwatch migrate"):
        serve(settings)


def test_a_port_that_is_taken() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(StartError, match=r"cannot listen on 127\.0\.0\.1"):
        bind("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
