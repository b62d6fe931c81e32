"""Bringing the tables of a store to the newest revision of ``migrations/``, which only ever go forward."""

from importlib.resources import files
from typing import Literal

from alembic.command import upgrade
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from store.engine import StoreError, address, cause, writing

SchemaState = Literal["current", "behind", "empty", "ahead"]

# Any number will do as long as it stays the same: processes of all releases must meet at one lock.
_LOCK = 7_305_613_040_512_001


def upgrade_to_newest(engine: Engine) -> None:
    """Run what is missing, all of it or nothing; several processes may do so at once.

    Raises StoreError when the tables are of a newer release or a statement fails.
    """
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _upgrade(connection)
    except SQLAlchemyError as error:
        raise StoreError(f"the store {address(engine.url)} cannot be migrated: {cause(error, engine.url)}") from error


def state_of(connection: Connection) -> SchemaState:
    """How the tables stand to the revisions known here; ``ahead`` means that a newer release made them."""
    applied = MigrationContext.configure(connection).get_current_heads()
    if not applied:
        return "empty"
    scripts = ScriptDirectory.from_config(_configuration())
    if set(applied) == set(scripts.get_heads()):
        return "current"
    return "behind" if all(_is_known(scripts, revision) for revision in applied) else "ahead"


def _upgrade(connection: Connection) -> None:
    state = state_of(connection)
    if state == "current":
        return
    if state == "ahead":
        raise StoreError(
            f"the store {address(connection.engine.url)} was made by a newer modelwatch: upgrade this installation"
        )
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    upgrade(configuration, "head")


def _configuration() -> Config:
    configuration = Config()
    # The configuration is an ini file to Alembic, in which a percent sign begins a substitution.
    configuration.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration


def _is_known(scripts: ScriptDirectory, revision: str) -> bool:
    try:
        scripts.get_revision(revision)
    except CommandError:
        return False
    return True
