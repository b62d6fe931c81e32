"""A real collector behind a real port, in a thread of the test's process."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from queue import Queue
from threading import Thread
from typing import Any

import httpx

from collector.server import bind, make_server
from collector.settings import CollectorSettings

NOW = datetime(2026, 5, 2, tzinfo=UTC)
JSON = {"content-type": "application/json"}
LINES = {"content-type": "application/x-ndjson"}


@dataclass
class Time:
    """The clock of a collector under test, which moves when told."""

    now: datetime = NOW
    monotonic: float = 0.0


@dataclass
class Running:
    """A running collector: its client, its clock, where its store is, and the model that a test may fill."""

    client: httpx.Client
    url: str
    time: Time
    model: str = "credit"

    @property
    def predictions(self) -> str:
        return f"/v1/models/{self.model}/predictions"

    @property
    def labels(self) -> str:
        return f"/v1/models/{self.model}/labels"

    def post_predictions(self, content: Any, headers: Mapping[str, str] = JSON) -> httpx.Response:
        return self._post(self.predictions, content, headers)

    def post_labels(self, content: Any, headers: Mapping[str, str] = JSON) -> httpx.Response:
        return self._post(self.labels, content, headers)

    def with_model(self, model: str) -> "Running":
        """The same collector for a new model."""
        self.client.put(f"/v1/models/{model}", json={"task": "binary"}).raise_for_status()
        return replace(self, model=model)

    def _post(self, path: str, content: Any, headers: Mapping[str, str]) -> httpx.Response:
        body = content if isinstance(content, (bytes, str)) else json.dumps(content)
        return self.client.post(path, content=body, headers=dict(headers))


@contextmanager
def running(settings: CollectorSettings, token: str | None = None) -> Iterator[Running]:
    """Serve on a free port until the block ends; ``token`` is sent with every request."""
    time = Time()
    addresses: Queue[str] = Queue()
    server = make_server(settings, addresses.put, lambda: time.now, lambda: time.monotonic)
    # Whatever address the settings speak of, the test listens on this machine alone.
    thread = Thread(target=server.run, kwargs={"sockets": [bind("127.0.0.1", 0)]}, name="collector")
    thread.start()
    try:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=addresses.get(timeout=30), headers=headers, timeout=30) as client:
            yield Running(client, settings.database_url, time)
    finally:
        server.should_exit = True
        thread.join(30)


def event(number: int = 0, /, **changes: Any) -> dict[str, Any]:
    """A good event; a change to ``...`` leaves the key out."""
    good = {
        "prediction_id": f"p{number}",
        "timestamp": "2026-05-01T10:00:00Z",
        "version": "3",
        "features": {"income": 51000, "region": "north"},
        "prediction": 1,
        "score": 0.83,
    }
    return {key: value for key, value in (good | changes).items() if value is not ...}


def label(number: int = 0, /, **changes: Any) -> dict[str, Any]:
    """A good label; a change to ``...`` leaves the key out."""
    good = {"prediction_id": f"p{number}", "label": 1, "timestamp": "2026-05-01T10:00:00Z"}
    return {key: value for key, value in (good | changes).items() if value is not ...}
