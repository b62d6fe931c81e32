"""Is this installation in order?"""

import os

import typer

from modelwatch.commands.session import now, put, settings


def doctor() -> None:
    """Check this installation.

    The exit status is 0 when all is in order, and 1 when there is a problem.
    """
    from modelwatch.doctor import examine, report

    fine = report(examine(settings(), os.environ, now()), put)
    raise typer.Exit(0 if fine else 1)
