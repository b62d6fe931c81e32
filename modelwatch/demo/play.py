"""Plays the story through the real service: HTTP in, the cycle as time passes, signed webhooks out."""

import base64
import hashlib
import json
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import httpx
import msgspec
from sqlalchemy import Engine

from modelwatch import cycle
from modelwatch.baselines import set_baseline, typed_rows
from modelwatch.cycle import CycleSettings
from modelwatch.demo import claims, story
from modelwatch.demo.receiver import Receiver
from modelwatch.settings import Settings
from modelwatch.supervisor import Role, running
from store.definition_reading import definition_from
from store.definitions import ModelDefinition
from store.engine import migrate, open_engine, writing
from store.models import apply_definition, get_model, list_models
from store.records import Model

SEED = 20_190
SECRET_ENV = "MODELWATCH_DEMO_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable, not its value
_BATCH = 500


class DemoError(RuntimeError):
    """The demo cannot be played here; the message says why and what to do."""


@dataclass(slots=True)
class Totals:
    """What the story came to; the last line of ``demo --exit``."""

    events: int = 0
    labels: int = 0
    windows: int = 0
    results: int = 0
    alerts_fired: int = 0
    alerts_resolved: int = 0
    webhooks_delivered: int = 0
    seconds: float = 0.0


def run(settings: Settings, exit_when_done: bool, *, out: TextIO = sys.stdout) -> int:
    """Play thirty days, then keep the dashboard up until interrupted, or end at once; the exit code.

    The story is told on ``out``; with ``exit_when_done`` its last line is a JSON object with the totals.
    """
    started = time.monotonic()
    say = _Teller(out)
    now = datetime.now(UTC)
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=story.DAYS)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    with ExitStack() as stack:
        engine = _fresh_store(settings)
        stack.callback(engine.dispose)
        receiver = stack.enter_context(Receiver(secret, say.alert))
        say.line("Training a model on 8,000 rows of the RAND Health Insurance Experiment ...")
        served = claims.train(SEED)
        model = _set_up(engine, _definition(receiver.url), served, first)
        roles: list[Role] = ["collector"] if exit_when_done else ["collector", "dashboard"]
        # The story is told here; the roles speak up only when something is wrong.
        stack.enter_context(running(settings.model_copy(update={"log_level": "warning"}), roles))
        say.line(f"Playing {story.DAYS} days through the collector at http://{_collector(settings)} ...\n")
        play = _Play(settings, engine, CycleSettings({**os.environ, SECRET_ENV: secret}, settings.dashboard_url), say)
        stack.callback(play.close)
        totals = play.through(story.days(served, model.name, first, SEED))
        totals.seconds = round(time.monotonic() - started, 1)
        say.ending(totals, settings, exit_when_done)
        if not exit_when_done:
            _until_interrupted()
    return 0


def _fresh_store(settings: Settings) -> Engine:
    """The store of the settings, emptied if it holds nothing but an earlier demo."""
    engine = open_engine(settings.store_url)
    migrate(engine)
    with engine.connect() as conn:
        names = [model.name for model in list_models(conn)]
    if not names:
        return engine
    engine.dispose()
    if names != [claims.MODEL] or settings.database_url is not None:
        raise DemoError(
            f"the store holds models already ({', '.join(names[:5])}): set MODELWATCH_DATA_DIR to a new folder for the "
            "demo"
        )
    store = settings.data_dir / "modelwatch.db"
    for path in (store, Path(f"{store}-wal"), Path(f"{store}-shm")):
        path.unlink(missing_ok=True)
    return _fresh_store(settings)


def _definition(receiver_url: str) -> ModelDefinition:
    channel = {"kind": "webhook", "url": receiver_url, "secret_env": SECRET_ENV, "name": "on-call"}
    return definition_from(msgspec.json.decode(msgspec.json.encode({**claims.MODEL_FILE, "channels": [channel]})))


def _set_up(engine: Engine, definition: ModelDefinition, served: claims.ServedModel, first: datetime) -> Model:
    """The model with its baseline, as ``apply`` and ``baseline`` would set them up."""
    with writing(engine) as conn:
        apply_definition(conn, definition, first)
        model = get_model(conn, definition.model)
    if model is None:
        raise DemoError("the model that was just applied is not in the store")
    outputs = ["prediction", "score"]
    frame = served.baseline
    features = frame.drop(columns=[*outputs, claims.LABEL])
    rows = typed_rows(definition, features, frame[outputs], [str(label) for label in frame[claims.LABEL]])
    digest = hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
    origin = "hold-out of the training data"
    set_baseline(engine, model, rows, version="1", origin=origin, content_hash=digest, now=first)
    return model


def _collector(settings: Settings) -> str:
    return f"{settings.collector_host}:{settings.collector_port}"


class _Play:
    """Sends each day through HTTP and then lets the cycle run at its end."""

    def __init__(self, settings: Settings, engine: Engine, cycle_settings: CycleSettings, say: "_Teller") -> None:
        self._engine = engine
        self._cycle_settings = cycle_settings
        self._say = say
        self._client = httpx.Client(base_url=f"http://{_collector(settings)}", timeout=30.0, trust_env=False)
        self._totals = Totals()

    def close(self) -> None:
        self._client.close()

    def through(self, days: Iterable[story.Day]) -> Totals:
        """Play all days; the totals."""
        for day in days:
            if day.deploy is not None:
                self._client.post("/v1/deploys", json=day.deploy).raise_for_status()
            if day.note:
                self._say.line(f"{day.start:%d %b}  {day.note}")
            self._totals.events += self._post("predictions", day.events)
            self._totals.labels += self._post("labels", day.labels)
            summary = cycle.run(self._engine, day.start + timedelta(days=1, minutes=5), self._cycle_settings)
            self._count(summary)
            self._say.day(day, summary)
        return self._totals

    def _post(self, what: str, items: Sequence[Mapping[str, object]]) -> int:
        accepted = 0
        for at in range(0, len(items), _BATCH):
            answer = self._client.post(f"/v1/models/{claims.MODEL}/{what}", json=items[at : at + _BATCH])
            answer.raise_for_status()
            accepted += int(answer.json()["accepted"])
        return accepted

    def _count(self, summary: cycle.CycleSummary) -> None:
        if summary.errors:
            raise DemoError("; ".join(summary.errors))
        totals = self._totals
        totals.windows += summary.windows
        totals.results += summary.results
        totals.alerts_fired += summary.alerts_fired
        totals.alerts_resolved += summary.alerts_resolved
        totals.webhooks_delivered += summary.webhooks_delivered


class _Teller:
    """Tells the story on a stream."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def line(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    def day(self, day: story.Day, summary: cycle.CycleSummary) -> None:
        labels = f", {len(day.labels):,} labels" if day.labels else ""
        self.line(f"{day.start:%d %b}  {len(day.events):,} predictions{labels}, {summary.results} results")

    def alert(self, body: Mapping[str, Any]) -> None:
        """What on-call staff would read."""
        data = body["data"]
        mark = f"▲ FIRING {data['alerts'][0]['status']}" if body["type"] == "alert.firing" else "▽ resolved"
        self.line(f"        {mark:17} {data['summary']}")

    def ending(self, totals: Totals, settings: Settings, exit_when_done: bool) -> None:
        self.line(
            f"\n{totals.events:,} predictions and {totals.labels:,} labels became {totals.results:,} results; "
            f"{totals.alerts_fired} alerts fired, told in {totals.webhooks_delivered} signed webhooks."
        )
        if exit_when_done:
            self.line(json.dumps(asdict(totals)))
        else:
            self.line(f"Look at it: {settings.dashboard_url}   (Ctrl-C ends the demo)")


def _until_interrupted() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
