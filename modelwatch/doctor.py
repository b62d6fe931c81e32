"""Is this installation in order? Every check is one sentence, also when all is well."""

import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from collector.access import is_loopback
from modelwatch.scheme import Scheme
from modelwatch.segments import segment_notices
from modelwatch.settings import Settings
from store.baselines import active_baseline, get_binning
from store.definitions import ModelDefinition
from store.engine import StoreError, open_engine, schema_state, writing
from store.keys import any_active_key
from store.models import apply_definition, get_model, list_models
from store.monitors import channels
from store.outbox import messages
from store.prediction_log import first_ts
from store.records import Model

Level = Literal["ok", "note", "problem"]
PYTHONS = ((3, 11), (3, 14))
# A message that is on its way for longer has been refused again and again.
_SLOW_DELIVERY = timedelta(hours=1)
_TRIAL = "doctor-trial"


@dataclass(frozen=True, slots=True)
class Check:
    """A finding about the installation: in order, worth knowing, or to be mended."""

    level: Level
    sentence: str


def examine(settings: Settings, environment: Mapping[str, str], now: datetime) -> Iterator[Check]:
    """All checks, one after another; those of the store end at the first that makes the rest impossible."""
    yield _python()
    yield _clock(now)
    try:
        engine = open_engine(settings.store_url)
    except StoreError as error:
        yield Check("problem", str(error))
        return
    try:
        yield from _store(engine, settings, environment, now)
    except (StoreError, SQLAlchemyError) as error:
        yield Check("problem", f"the store does not answer as it should: {str(error).splitlines()[0]}")
    finally:
        engine.dispose()


def _python() -> Check:
    version = sys.version_info
    words = f"Python {version.major}.{version.minor}.{version.micro}, SQLite {sqlite3.sqlite_version}"
    if PYTHONS[0] <= version[:2] < PYTHONS[1]:
        return Check("ok", words)
    return Check("problem", f"{words}: modelwatch is made for Python 3.11 to 3.13")


def _clock(now: datetime) -> Check:
    words = f"the clock says {now:%Y-%m-%d %H:%M:%S} UTC"
    return Check("ok", words) if now.year >= 2026 else Check("problem", f"{words}: set it")


def _store(engine: Engine, settings: Settings, environment: Mapping[str, str], now: datetime) -> Iterator[Check]:
    state = schema_state(engine)
    if state == "ahead":
        yield Check("problem", "the tables of the store are of a newer release: upgrade modelwatch")
    elif state == "behind":
        yield Check("problem", "the tables of the store are of an earlier release: run modelwatch migrate")
    elif state == "empty":
        yield Check("note", f"the {engine.dialect.name} store answers and is empty: modelwatch up or migrate fills it")
    if state != "current":
        return
    yield Check("ok", f"the {engine.dialect.name} store answers and its tables are up to date")
    yield _writable(engine, now)
    with engine.connect() as conn:
        yield _keys(conn, settings, now)
        models = list_models(conn)
        if not models:
            yield Check("note", "there is no model yet: modelwatch apply makes one of a model file")
        for model in models:
            yield from _model(conn, model, environment)
        yield from _messages(conn, now)


def _writable(engine: Engine, now: datetime) -> Check:
    """Write and read in a transaction that is taken back."""

    class TakenBackError(Exception):
        """Ends the transaction without a trace."""

    read = False
    try:
        with writing(engine) as conn:
            apply_definition(conn, ModelDefinition(model=_TRIAL, task="binary"), now)
            read = get_model(conn, _TRIAL) is not None
            raise TakenBackError
    except TakenBackError:
        pass
    except (StoreError, SQLAlchemyError) as error:
        return Check("problem", f"the store cannot be written: {str(error).splitlines()[0]}")
    return Check("ok", "the store can be written and read") if read else Check("problem", "what is written is not read")


def _keys(conn: Connection, settings: Settings, now: datetime) -> Check:
    host, held = settings.collector_host, any_active_key(conn, now)
    if is_loopback(host) and not settings.require_keys:
        return Check("ok", f"the collector listens on {host} alone, where no key is asked for")
    if held:
        return Check("ok", "the collector asks for keys, and there is one in force")
    return Check("problem", f"the collector on {host} asks for keys, and there is none: modelwatch keys create NAME")


def _model(conn: Connection, model: Model, environment: Mapping[str, str]) -> Iterator[Check]:
    baseline, first = active_baseline(conn, model.id), first_ts(conn, model.id)
    if first is None:
        yield Check("note", f"model {model.name} has no events yet")
    elif baseline is None:
        wanted = model.definition.baseline_rows
        yield Check(
            "note",
            f"model {model.name} has no baseline: it is made of the first {wanted:,} rows, or by modelwatch baseline",
        )
    else:
        yield Check("ok", f"model {model.name} has events and a baseline of {baseline.n_rows:,} rows")
    if baseline is not None:
        scheme = Scheme.from_bytes(get_binning(conn, baseline.binning_id).payload)
        for notice in segment_notices(scheme, model.definition):
            yield Check("note", f"model {model.name}: {notice}")
    for channel in channels(conn, model.id):
        name = f"channel {channel.name} of model {model.name}"
        if channel.disabled_reason is not None:
            yield Check("problem", f"{name} is disabled: {channel.disabled_reason}")
        variable = channel.spec.secret_env
        if variable is not None and not environment.get(variable):
            yield Check("problem", f"{name} signs with the secret in {variable}, which is not set here")


def _messages(conn: Connection, now: datetime) -> Iterator[Check]:
    dead = messages(conn, state="dead")
    if dead:
        yield Check("problem", f"messages given up, for their receivers did not take them in days: {len(dead)}")
    late = [each for each in messages(conn, state="pending") if each.created_at < now - _SLOW_DELIVERY]
    if late:
        yield Check("problem", f"messages on their way for more than an hour: {len(late)}; is the receiver up?")
    if not dead and not late:
        yield Check("ok", "no message waits for its receiver")


MARKS: Mapping[Level, str] = {"ok": "ok", "note": "note", "problem": "PROBLEM"}


def report(checks: Iterator[Check], put: Callable[[str], None]) -> bool:
    """Put every check on a line; whether there was no problem."""
    fine = True
    for check in checks:
        put(f"{MARKS[check.level]:8}{check.sentence}")
        fine = fine and check.level != "problem"
    return fine
