"""The webhook channel against real receivers, well-behaved and not."""

import base64
import json
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from alerts.channels.signing import parse_secrets
from alerts.channels.webhook import ChannelError, WebhookChannel
from alerts.delivery import Delivery
from tests.alerts.certificates import Authority, authority
from tests.alerts.examples import NOW
from tests.alerts.receivers import (
    Behaviour,
    Receiver,
    answering,
    dripping,
    flooding,
    hanging,
    in_turn,
    receiver,
    saying,
)

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
BODY = json.dumps({"type": "alert.firing", "data": {"summary": "credit: Größe"}}, ensure_ascii=False).encode()
# Long enough for a busy machine to make a connection, short enough to wait for.
PATIENCE = 0.5


def send(url: str, seconds: float = 10.0, **settings: Any) -> Delivery:
    return WebhookChannel(url, parse_secrets(SECRET), seconds=seconds, **settings).send("msg_1", BODY, now=NOW)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def full_queue() -> Iterator[int]:
    """The port of a receiver that the system connects, and that never accepts."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_2xx_is_a_delivery(status: int) -> None:
    with receiver(answering(status)) as to:
        delivery = send(f"{to.url}/hooks/credit?team=risk")
    assert (delivery.outcome, delivery.status_code, delivery.error) == ("delivered", status, None)
    assert 0 < delivery.seconds < 10
    (request,) = to.requests
    assert request.path == "/hooks/credit?team=risk"
    assert request.body == BODY
    assert request.headers["content-type"] == "application/json"


def test_what_arrives_verifies_and_a_second_attempt_has_the_same_id_and_its_own_time() -> None:
    first = datetime.now(UTC)
    with receiver(in_turn(answering(500), answering(200))) as to:
        channel = WebhookChannel(to.url, parse_secrets(SECRET))
        outcomes = [channel.send("msg_1", BODY, now=now).outcome for now in (first, first + timedelta(seconds=5))]
    assert outcomes == ["retry", "delivered"]
    for request in to.requests:
        assert Webhook(SECRET).verify(request.body, dict(request.headers)) == json.loads(BODY)
    assert [request.headers["webhook-id"] for request in to.requests] == ["msg_1", "msg_1"]
    once, again = (int(request.headers["webhook-timestamp"]) for request in to.requests)
    assert again - once == 5


def test_without_secrets_a_message_is_not_signed() -> None:
    with receiver(answering(200)) as to:
        assert WebhookChannel(to.url).send("msg_1", BODY, now=NOW).outcome == "delivered"
    assert "webhook-signature" not in to.requests[0].headers
    assert to.requests[0].headers["webhook-id"] == "msg_1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    with receiver(answering(200)) as elsewhere, receiver(answering(status, location=elsewhere.url)) as to:
        delivery = send(to.url)
    assert (delivery.outcome, delivery.status_code) == ("retry", status)
    assert "redirects are not followed" in str(delivery.error)
    assert len(to.requests) == 1
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", [400, 401, 404, 413, 500, 502, 599])
def test_any_other_status_is_tried_again(status: int) -> None:
    with receiver(answering(status, retry_after="30")) as to:
        delivery = send(to.url)
    assert (delivery.outcome, delivery.status_code, delivery.retry_after) == ("retry", status, None)
    assert str(status) in str(delivery.error)


def test_410_disables() -> None:
    with receiver(answering(410)) as to:
        delivery = send(to.url)
    assert (delivery.outcome, delivery.status_code) == ("disabled", 410)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked", "wait"), [("30", 30), ("Mon, 04 May 2026 00:07:00 GMT", 120), ("in a while", None)])
def test_a_busy_receiver_may_ask_for_time(status: int, asked: str, wait: int | None) -> None:
    with receiver(answering(status, retry_after=asked)) as to:
        delivery = send(to.url)
    assert delivery.outcome == "retry"
    assert delivery.retry_after == (None if wait is None else timedelta(seconds=wait))


def test_a_receiver_that_hangs_costs_no_more_than_the_deadline() -> None:
    with receiver(hanging) as to:
        delivery = send(to.url, PATIENCE)
    assert (delivery.outcome, delivery.status_code) == ("retry", None)
    assert delivery.error == "The receiver did not answer within 0.5 s."
    assert PATIENCE <= delivery.seconds < PATIENCE + 0.5


def test_a_status_line_a_byte_at_a_time_costs_no_more_than_the_deadline() -> None:
    slow = dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-slow: ", 0.05, n_bytes=20, end=b"\r\n\r\n")
    with receiver(slow) as to:
        # The control: a timeout of the client's own, shorter than ours, does not end it.
        assert httpx.post(to.url, content=BODY, timeout=PATIENCE / 2, trust_env=False).elapsed.total_seconds() > 0.9
        delivery = send(to.url, PATIENCE)
    assert delivery.outcome == "retry"
    assert PATIENCE <= delivery.seconds < PATIENCE + 0.4


def test_an_answer_a_byte_at_a_time_costs_no_more_than_the_deadline_and_its_status_counts() -> None:
    with receiver(dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", 0.05)) as to:
        delivery = send(to.url, PATIENCE)
    assert (delivery.outcome, delivery.status_code) == ("delivered", 200)
    assert delivery.seconds < PATIENCE + 0.5


def test_an_endless_row_of_interim_answers_ends_at_the_deadline() -> None:
    with receiver(flooding(b"", 2**40, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)) as to:
        delivery = send(to.url, PATIENCE)
    assert delivery.outcome == "retry"
    assert delivery.seconds < PATIENCE + 0.5


def test_a_tls_handshake_that_never_comes_ends_at_the_deadline(full_queue: int) -> None:
    delivery = send(f"https://127.0.0.1:{full_queue}", PATIENCE)
    assert delivery.outcome == "retry"
    assert PATIENCE <= delivery.seconds < PATIENCE + 0.5


def test_a_name_that_is_not_answered_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait() and [])
    try:
        delivery = send("https://receiver.example", PATIENCE)
    finally:
        over.set()
    assert delivery.error == "The receiver did not answer within 0.5 s."
    assert delivery.seconds < PATIENCE + 0.5


@pytest.mark.parametrize(
    ("beginning", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", "delivered"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "delivered"),
        (b"HTTP/1.1 500 No\r\ncontent-length: 1073741824\r\n\r\n", "retry"),
        (b"HTTP/1.1 200 OK\r\nx-long: ", "retry"),
        (b"", "retry"),
    ],
)
def test_a_gigabyte_of_answer_is_not_read(beginning: bytes, outcome: str) -> None:
    with receiver(flooding(beginning, 2**30)) as to:
        tracemalloc.start()
        delivery = send(to.url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert delivery.outcome == outcome
    assert peak < 10_000_000
    assert to.bytes_written < 30_000_000


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        (b"", "retry"),
        (b"HTTP/1.1 20", "retry"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "retry"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhal", "delivered"),
        (b"HTTP/1.1 500 No\r\ncontent-length: 100\r\n\r\nhal", "retry"),
        (b"HTTP/1.1 302 Found\r\nlocation: http://[::1\r\n\r\n", "retry"),
        (b"HTTP/1.1 200 OK\r\nset-cookie: \xff=;;=\r\n\r\n", "delivered"),
        (b"HTTP/1.1 299 \xff\r\n\r\n", "delivered"),
        (b"HTTP/1.1 600 Odd\r\n\r\n", "retry"),
        (b"220 mail.example ESMTP\r\n", "retry"),
        (b"\x00" * 500, "retry"),
    ],
)
def test_a_receiver_that_breaks_off_or_talks_nonsense(raw: bytes, outcome: str) -> None:
    with receiver(saying(raw)) as to:
        assert send(to.url).outcome == outcome


def test_nobody_there() -> None:
    with receiver(answering(200)) as gone:
        pass
    delivery = send(gone.url)
    assert (delivery.outcome, delivery.status_code) == ("retry", None)
    assert "Connection refused" in str(delivery.error)


def test_a_name_with_several_addresses_is_tried_until_one_answers() -> None:
    with receiver(answering(200)) as to:
        assert send(f"http://localhost:{to.port}").outcome == "delivered"


def test_a_name_that_cannot_be_a_name_is_a_failure() -> None:
    assert send(f"http://{'a' * 70}.example").outcome == "retry"


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(answering(200)) as proxy, receiver(answering(200)) as to:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert send(to.url).outcome == "delivered"
    assert proxy.requests == []


def test_a_name_and_password_in_the_address_are_basic_authentication() -> None:
    with receiver(answering(200)) as to:
        send(to.url.replace("//", "//risk:pass%40word@"))
    assert to.requests[0].headers["authorization"] == "Basic " + base64.b64encode(b"risk:pass@word").decode()


def test_a_certificate_that_is_in_order_is_accepted(ca: Authority) -> None:
    with receiver(answering(200), ca.receiver()) as to:
        assert send(to.url, tls=ca.trusting()).outcome == "delivered"
    assert to.requests[0].body == BODY


@pytest.mark.parametrize("flaw", ["expired", "wrong host", "self-signed", "unknown authority"])
def test_a_certificate_that_is_not_in_order_gets_no_byte_of_the_message(
    ca: Authority, tmp_path: Path, flaw: str
) -> None:
    tls = {
        "expired": ca.receiver(days_valid=-1),
        "wrong host": ca.receiver("receiver.example"),
        "self-signed": ca.self_signed(),
        "unknown authority": authority(tmp_path).receiver(),
    }
    with receiver(answering(200), tls[flaw]) as to:
        delivery = send(to.url, tls=ca.trusting())
    assert (delivery.outcome, delivery.status_code) == ("retry", None)
    assert "certificate was not accepted" in str(delivery.error)
    assert to.requests == []


def test_the_usual_authorities_do_not_vouch_for_ours(ca: Authority) -> None:
    with receiver(answering(200), ca.receiver()) as to:
        assert "certificate was not accepted" in str(send(to.url).error)
    assert to.requests == []


def echoing(handler: Any, running: Receiver) -> None:
    """An answer that repeats everything it was sent, as careless receivers do."""
    answering(500, x_echo=str(running.requests[-1].headers))(handler, running)


@pytest.mark.parametrize(
    "behaviour",
    [answering(302, location="/hook-secret"), answering(400), answering(410), echoing, saying(b""), saying(b"x")],
)
def test_no_error_shows_the_address_or_the_signature(behaviour: Behaviour) -> None:
    with receiver(behaviour) as to:
        delivery = send(f"{to.url.replace('//', '//risk:pass-secret@')}/hook-secret?token=query-secret")
    signature = to.requests[0].headers["webhook-signature"].removeprefix("v1,")
    assert delivery.error is not None
    assert delivery.error.endswith(".")
    for hidden in ("secret", signature, str(to.port)):
        assert hidden not in delivery.error


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_failed_connection_shows_the_address(scheme: str) -> None:
    with ExitStack() as stack:
        gone = stack.enter_context(receiver(answering(200)))
    delivery = send(f"{scheme}://risk:pass-secret@127.0.0.1:{gone.port}/hook-secret")
    assert "secret" not in str(delivery.error)


@pytest.mark.parametrize(
    "url", ["", "ftp://receiver.example", "https://", "receiver.example/hook", "http://[::1", "\x00"]
)
def test_an_address_that_cannot_work_is_refused_at_once(url: str) -> None:
    with pytest.raises(ChannelError, match="url"):
        WebhookChannel(url)
