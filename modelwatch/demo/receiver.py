"""The on-call side of the demo: a small HTTP server that checks each signature and prints what it was told."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class Receiver:
    """Listens on loopback while the ``with`` block lasts and hands every genuine message to ``on_message``.

    It shares no code with the sender, as a real receiver would not: the signature is checked by the words of
    Standard Webhooks alone. A message id that was seen before is acknowledged and not shown again.
    """

    def __init__(self, secret: str, on_message: Callable[[dict[str, Any]], None]) -> None:
        self._secret = base64.b64decode(secret.removeprefix("whsec_"))
        self._on_message = on_message
        self._seen: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/alerts"

    @property
    def received(self) -> int:
        """How many different messages have arrived."""
        return len(self._seen)

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, message_id: str, timestamp: str, signatures: str, body: bytes) -> int:
        signed = b".".join((message_id.encode(), timestamp.encode(), body))
        expected = "v1," + base64.b64encode(hmac.new(self._secret, signed, hashlib.sha256).digest()).decode()
        if not any(hmac.compare_digest(expected, given) for given in signatures.split()):
            return 401
        if message_id not in self._seen:
            self._seen.add(message_id)
            self._on_message(json.loads(body))
        return 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                message_id, timestamp, signatures = (
                    self.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
                )
                self.send_response(receiver._take(message_id, timestamp, signatures, body))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """The demo prints the messages, not the requests."""

        return Handler
