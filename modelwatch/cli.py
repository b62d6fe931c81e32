"""The command ``modelwatch``. Nothing heavy is imported before a command runs, so that ``--help`` answers at once."""

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from modelwatch.commands import compare, definitions, explain, health, keys, report, roles, rows, watch
from modelwatch.failures import INTERRUPTED, USAGE, sentence

DEBUG = "--debug"

app = typer.Typer(
    name="modelwatch",
    help="Self-hosted model monitoring: prediction logs in, drift and performance alerts out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    roles.up,
    roles.demo,
    roles.collector,
    roles.scheduler,
    roles.dashboard,
    definitions.migrate,
    definitions.apply,
    definitions.baseline,
    rows.ingest,
    rows.labels,
    watch.cycle,
    watch.results,
    watch.alerts,
    explain.explain,
    report.report,
    compare.check,
    health.doctor,
):
    app.command()(command)
app.add_typer(keys.app, name="keys")


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option(DEBUG, help="Show where a failure comes from.")] = False,
) -> None:
    """Self-hosted model monitoring: prediction logs in, drift and performance alerts out."""


def _log(debug: bool) -> None:
    """What is logged is for the long-running roles, which turn it on, and for who looks for a fault."""
    if debug:
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    else:
        logging.getLogger().addHandler(logging.NullHandler())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. What a user can cause ends in one sentence on stderr and status 2.

    ``--debug`` may stand anywhere and lets an exception through.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = DEBUG in given
    _log(debug)
    try:
        app(args=[each for each in given if each != DEBUG])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough of it. What is left goes nowhere, else Python complains at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        sys.stderr.write(f"modelwatch: {sentence(error)}\n")
        return USAGE
    return 0
