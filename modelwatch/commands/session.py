"""What commands share: settings, the store, instants, and saying things. Data goes to stdout, words to stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from modelwatch.failures import CommandError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from modelwatch.settings import Settings
    from store.records import Model


def say(text: str) -> None:
    """A sentence for the user."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is how commands speak


def put(text: str) -> None:
    """A line of data."""
    print(text, flush=True)  # noqa: T201 - this is how commands answer


def settings(**flags: object) -> "Settings":
    """The settings of this run; flags that are None were not given."""
    from modelwatch.settings import load_settings

    return load_settings(flags)


@contextmanager
def open_store(found: "Settings") -> Iterator["Engine"]:
    """The store, its tables up to date.

    An embedded one, and any empty one, is brought up to date here; a PostgreSQL that holds data is not, for other
    programs may be at work on it.
    """
    from store.engine import migrate, open_engine, schema_state

    engine = open_engine(found.store_url)
    try:
        state = schema_state(engine)
        if state == "empty" or (state == "behind" and engine.dialect.name == "sqlite"):
            migrate(engine)
        elif state == "behind":
            raise CommandError("the tables of the store are of an earlier release: run modelwatch migrate")
        elif state == "ahead":
            raise CommandError("the tables of the store are of a newer release: upgrade modelwatch")
        yield engine
    finally:
        engine.dispose()


def model_named(conn: "Connection", name: str) -> "Model":
    """The model of that name; an error that lists those there are."""
    from store.models import get_model, list_models

    found = get_model(conn, name)
    if found is None:
        names = ", ".join(model.name for model in list_models(conn))
        there = f"the store has {names}" if names else "the store has none yet"
        raise CommandError(f"there is no model {name!r}: {there}; modelwatch apply makes one of a model file")
    return found


def instant(text: str | None, flag: str) -> datetime | None:
    """An aware instant of a flag's text; None when it was not given."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{flag} {text!r} is not an instant: write it like 2026-05-01T00:00:00Z") from None
    if found.tzinfo is None:
        raise CommandError(f"{flag} {text!r} has no time zone: write it like 2026-05-01T00:00:00Z")
    return found.astimezone(UTC)


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)
