"""The parts of the service as processes: all at once, one alone, and the demo."""

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from modelwatch.commands.session import open_store, say, settings

if TYPE_CHECKING:
    from modelwatch.cycle import CycleSettings
    from modelwatch.settings import Settings

_log = logging.getLogger("modelwatch")

Host = Annotated[str | None, typer.Option("--host", help="The address to listen on.", show_default=False)]
Port = Annotated[int | None, typer.Option("--port", help="The port to listen on.", min=1, max=65535)]


def up(
    collector_port: Annotated[int | None, typer.Option(help="The collector's port.", min=1, max=65535)] = None,
    dashboard_port: Annotated[int | None, typer.Option(help="The dashboard's port.", min=1, max=65535)] = None,
) -> None:
    """Run collector, scheduler and dashboard."""
    from modelwatch.supervisor import SupervisorError
    from modelwatch.supervisor import up as run_all

    found = settings(collector_port=collector_port, dashboard_port=dashboard_port)
    with open_store(found):
        pass
    try:
        run_all(found, say)
    except SupervisorError as error:
        say(f"modelwatch: {error}")
        raise typer.Exit(1) from error


def demo(
    exit_when_done: Annotated[bool, typer.Option("--exit", help="End once the story has been played.")] = False,
) -> None:
    """Play thirty days of a monitored model.

    Events, two faults, alerts delivered to a receiver, and the dashboard to look at them.
    """
    from modelwatch.demo import run

    raise typer.Exit(run(settings(), exit_when_done) or 0)


def collector(host: Host = None, port: Port = None) -> None:
    """Receive predictions and labels over HTTP."""
    from collector.server import serve
    from modelwatch.pepper import pepper

    found = settings(collector_host=host, collector_port=port)
    _log_to_stderr(found)
    with open_store(found):
        pass
    serve(replace(found.collector(), pepper=pepper(found)), lambda address: _log.info("listening on %s", address))


def scheduler() -> None:
    """Run the cycle again and again."""
    from modelwatch.scheduler import serve

    found = settings()
    _log_to_stderr(found)
    with open_store(found) as engine:
        _log.info("looking what is due every %g s", found.tick_seconds)
        serve(engine, cycle_settings(found), found.tick_seconds)


def dashboard(host: Host = None, port: Port = None) -> None:
    """Serve the dashboard."""
    from dashboard.server import command, environment
    from modelwatch.program import PROGRAM

    found = settings(dashboard_host=host, dashboard_port=port)
    with open_store(found):
        pass
    arguments = command(found.dashboard_port, found.dashboard_host)
    say(f"the dashboard listens on {found.dashboard_url}")
    # In the place of this process, so that what stops it stops the dashboard.
    os.execve(arguments[0], arguments, environment(found.store_url, program=PROGRAM))  # noqa: S606 - our own command


def cycle_settings(found: "Settings") -> "CycleSettings":
    """What the cycle needs from outside."""
    from modelwatch.cycle import CycleSettings

    return CycleSettings(environment=os.environ, dashboard=found.dashboard_url)


def _log_to_stderr(found: "Settings") -> None:
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=found.log_level.upper(), format=form, force=True)
    # They tell of every tick and of every part they load.
    for chatty in ("apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
