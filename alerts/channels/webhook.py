"""A generic webhook, signed by Standard Webhooks 1.0.0."""

import contextlib
import functools
import http
import ssl
import time
from collections.abc import Sequence
from datetime import datetime

import httpcore
import httpx

from alerts.channels.deadline import Clock, Deadline, DeadlineTransport
from alerts.channels.signing import Secret, signed_headers
from alerts.delivery import Delivery
from alerts.retry import parse_retry_after

ATTEMPT_SECONDS = 15.0
# Of the answer only the status counts. A little of the rest is read, so that a short answer ends in good order.
_ANSWER_BYTES = 8192
_ASKS_TO_WAIT = (429, 503)


class ChannelError(ValueError):
    """A channel whose settings cannot work; the message says which and what to write instead."""


class WebhookChannel:
    """Posts messages to one address.

    Only a 2xx answer is a delivery. Redirects are not followed, proxies of the environment are not used, TLS
    certificates are verified (against ``tls``, by default the usual public authorities, or those of the variables
    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``). An attempt ends after ``seconds`` whatever the receiver does. Without
    secrets messages are sent unsigned.

    Raises ChannelError for an address that is not ``http://`` or ``https://`` and a host.
    """

    def __init__(
        self,
        url: str,
        secrets: Sequence[Secret] = (),
        *,
        seconds: float = ATTEMPT_SECONDS,
        tls: ssl.SSLContext | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._url = _checked(url)
        self._secrets = tuple(secrets)
        self._seconds = seconds
        self._tls = tls
        self._clock = clock

    def send(self, message_id: str, body: bytes, *, now: datetime) -> Delivery:
        """Make one attempt. ``message_id`` must be the same on every attempt of a message; ``now`` is signed.

        Never raises for what the network or the receiver does.
        """
        headers = {
            "content-type": "application/json",
            "user-agent": "modelwatch",
            "accept-encoding": "identity",
            **signed_headers(self._secrets, message_id, now, body),
        }
        deadline = Deadline(self._seconds, self._clock)
        try:
            answer = self._post(headers, body, deadline)
        except (httpcore.TimeoutException, TimeoutError):
            return _failed(f"The receiver did not answer within {self._seconds:g} s.", deadline)
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            return _failed(_sentence(error), deadline)
        return _judged(answer, now, deadline)

    def _post(self, headers: dict[str, str], body: bytes, deadline: Deadline) -> httpx.Response:
        # The transport alone, without httpx.Client: no redirects, cookies or proxies, by construction.
        request = httpx.Request("POST", self._url, headers=headers, content=body)
        if self._url.userinfo:
            request = next(httpx.BasicAuth(self._url.username, self._url.password).auth_flow(request))
        with DeadlineTransport(deadline, self._tls or _public_authorities()) as transport:
            answer = transport.handle_request(request)
            with contextlib.closing(answer):
                _read_a_little(answer)
            return answer


@functools.cache
def _public_authorities() -> ssl.SSLContext:
    # Reading the list of authorities takes tens of milliseconds: once a process.
    return httpx.create_ssl_context()


def _checked(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ChannelError("The channel's url cannot be read: write https://host/path.") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ChannelError("The channel's url must begin with https:// or http:// and name a host.")
    return url


def _read_a_little(answer: httpx.Response) -> None:
    """Read the beginning of the answer. The status is known by now, so a receiver that breaks off changes nothing."""
    n_bytes = 0
    try:
        for chunk in answer.iter_raw():
            n_bytes += len(chunk)
            if n_bytes >= _ANSWER_BYTES:
                return
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        return


def _judged(answer: httpx.Response, now: datetime, deadline: Deadline) -> Delivery:
    status = answer.status_code
    if 200 <= status < 300:
        return Delivery("delivered", status, None, None, deadline.elapsed())
    said = f"The receiver answered {status}{_phrase(status)}"
    if status == http.HTTPStatus.GONE:
        return Delivery("disabled", status, f"{said}: it wants no more messages.", None, deadline.elapsed())
    if 300 <= status < 400:
        said += ", and redirects are not followed: enter the final address"
    wait = parse_retry_after(answer.headers.get("retry-after"), now) if status in _ASKS_TO_WAIT else None
    return Delivery("retry", status, f"{said}.", wait, deadline.elapsed())


def _phrase(status: int) -> str:
    try:
        return f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _failed(sentence: str, deadline: Deadline) -> Delivery:
    return Delivery("retry", None, sentence, None, deadline.elapsed())


def _sentence(error: Exception) -> str:
    """What went wrong, without the address: its path or query may be a secret."""
    certificate = _certificate_problem(error)
    if certificate is not None:
        return f"The receiver's TLS certificate was not accepted: {certificate}."
    if isinstance(error, httpcore.ConnectError):
        return f"No connection to the receiver: {_reason(error)}."
    if isinstance(error, httpcore.ProtocolError):
        return "The receiver broke off or did not speak HTTP."
    return f"The connection to the receiver broke: {_reason(error)}."


def _certificate_problem(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message.rstrip(".")
        error = error.__cause__ or error.__context__
    return None


def _reason(error: Exception) -> str:
    return str(error)[:200].rstrip(".") or type(error).__name__
