"""Serving the collector: one process, one port."""

import socket
import time
from collections.abc import Callable
from datetime import datetime

import uvicorn

from collector.access import is_loopback
from collector.app import create_app
from collector.service import utc_now
from collector.settings import CollectorSettings
from collector.storage import Storage

_BACKLOG = 2048


class StartError(RuntimeError):
    """The collector does not start; the message says why and what to do."""


def serve(settings: CollectorSettings, announce: Callable[[str], None] = lambda address: None) -> None:
    """Serve until the process is told to stop; what was received by then is written.

    ``announce`` is given the address, such as ``http://127.0.0.1:8000``, once requests are answered there. Raises
    StartError when a key is needed and there is none, or the port is taken, and StoreError when the store cannot be
    opened.
    """
    check_store(settings, utc_now())
    listener = bind(settings.host, settings.port)
    make_server(settings, announce).run(sockets=[listener])


def check_store(settings: CollectorSettings, now: datetime) -> None:
    """Reach the store, and refuse to serve where strangers may come by while nobody holds a key."""
    storage = Storage(settings.database_url, settings.pepper)
    try:
        if is_loopback(settings.host):
            return
        if storage.schema_state() != "current":
            raise StartError(
                f"the collector does not listen on {settings.host} before the store holds a key: run modelwatch "
                "migrate, then modelwatch keys create"
            )
        if not storage.any_key(now):
            raise StartError(
                f"the collector does not listen on {settings.host} without an API key in force: run modelwatch keys "
                "create first, or listen on 127.0.0.1"
            )
    finally:
        storage.close()


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens at the address; StartError when it is taken or not of this machine."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise StartError(f"the collector cannot listen on {host}:{port}: {error.strerror}") from None


def make_server(
    settings: CollectorSettings,
    announce: Callable[[str], None],
    clock: Callable[[], datetime] = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
) -> uvicorn.Server:
    """The server, not yet running; to be run with the socket that ``bind`` gives."""
    config = uvicorn.Config(
        create_app(settings, clock, monotonic),
        host=settings.host,
        port=settings.port,
        lifespan="on",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=_BACKLOG,
        limit_concurrency=settings.pressure.connections,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    return _Server(config, announce)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._announce(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
