"""Receivers of webhooks that run for real, and do whatever a test wants them to."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]  # names in small letters
    body: bytes


class Receiver:
    """An HTTP server on a free port of this machine; ``requests`` is what came in, in order."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.port = int(server.server_address[1])
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.requests: list[Request] = []
        # Set when the test is over: whoever makes a sender wait, waits on this.
        self.over = threading.Event()
        self.bytes_written = 0


Behaviour = Callable[[BaseHTTPRequestHandler, Receiver], None]


@contextmanager
def receiver(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    running = Receiver(server, "http" if tls is None else "https")
    server.receiver, server.behaviour = running, behaviour
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield running
    finally:
        running.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def answering(status: int, **headers: str) -> Behaviour:
    """Answers with a status and headers; ``retry_after`` stands for ``retry-after``."""

    def behave(handler: BaseHTTPRequestHandler, _: Receiver) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if status != 204:
            handler.send_header("content-length", "2")
        handler.end_headers()
        if status != 204:
            handler.wfile.write(b"ok")

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first request meets the first behaviour, the next one the next."""
    left = iter(behaviours)

    def behave(handler: BaseHTTPRequestHandler, running: Receiver) -> None:
        next(left)(handler, running)

    return behave


def hanging(_: BaseHTTPRequestHandler, running: Receiver) -> None:
    """Takes the request and never says a word."""
    running.over.wait()


def dripping(beginning: bytes, seconds: float, n_bytes: int | None = None, end: bytes = b"") -> Behaviour:
    """Writes ``beginning`` at once, then a byte every ``seconds`` (``n_bytes`` of them, or for ever), then ``end``."""

    def behave(handler: BaseHTTPRequestHandler, running: Receiver) -> None:
        handler.wfile.write(beginning)
        written = 0
        while n_bytes is None or written < n_bytes:
            if running.over.wait(seconds):
                return
            handler.wfile.write(b"a")
            written += 1
        handler.wfile.write(end)

    return behave


def flooding(beginning: bytes, n_bytes: int, block: bytes = b"a" * 65_536) -> Behaviour:
    """Writes ``beginning`` and then ``block`` again and again, up to ``n_bytes``, as fast as they are taken."""

    def behave(handler: BaseHTTPRequestHandler, running: Receiver) -> None:
        handler.wfile.write(beginning)
        while running.bytes_written < n_bytes:
            handler.wfile.write(block)
            running.bytes_written += len(block)

    return behave


def saying(raw: bytes) -> Behaviour:
    """Writes these bytes and closes the connection."""

    def behave(handler: BaseHTTPRequestHandler, _: Receiver) -> None:
        handler.wfile.write(raw)

    return behave


class _Server(ThreadingHTTPServer):
    receiver: Receiver
    behaviour: Behaviour

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hangs up is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.receiver.requests.append(Request(self.path, headers, body))
        self.server.behaviour(self, self.server.receiver)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        """Nothing to standard error."""
