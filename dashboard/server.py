"""Starting the dashboard: the ``streamlit run`` of our pages, with nothing sent anywhere and nothing asked."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dashboard.program import PROGRAM

APP = Path(__file__).with_name("app.py")
DATABASE_URL = "MODELWATCH_DATABASE_URL"

# Where a theme's section is not set at all, Streamlit keeps the page light for everybody.
_THEMES = {
    "theme.light.primaryColor": "#1f6fc4",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f3f5f8",
    "theme.light.textColor": "#1f2933",
    "theme.dark.primaryColor": "#6db1ff",
    "theme.dark.backgroundColor": "#0e1117",
    "theme.dark.secondaryBackgroundColor": "#1a1f29",
    "theme.dark.textColor": "#f3f4f6",
}

_OPTIONS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "viewer",
    # A field may be named like a spreadsheet formula, and a downloaded table would run it. ``modelwatch results
    # --json`` is the export.
    "client.disableDataExport": "true",
    "global.developmentMode": "false",
    "runner.magicEnabled": "false",
    "server.fileWatcherType": "none",
    "server.headless": "true",
    "server.runOnSave": "false",
    "server.showEmailPrompt": "false",
}


def command(port: int, address: str = "127.0.0.1") -> list[str]:
    """The command line that serves the dashboard on ``address`` and ``port`` (1 to 65535).

    The process reads the store from the environment variable MODELWATCH_DATABASE_URL.
    """
    if not 1 <= port <= 65535:
        raise ValueError(f"port {port} is not between 1 and 65535")
    options = _OPTIONS | _THEMES | {"server.port": str(port), "server.address": address}
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(APP),
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def environment(
    database_url: str, outer: Mapping[str, str] = os.environ, program: Sequence[str] = ()
) -> dict[str, str]:
    """The environment of the process that ``command`` starts: the outer one, with the store's address.

    ``program`` is the command line of the program that the pages ask for reports and for words about results; without
    one they offer neither.
    """
    named = {PROGRAM: json.dumps(list(program))} if program else {}
    return {**outer, DATABASE_URL: database_url, **named}


def serve(database_url: str, port: int = 8501, address: str = "127.0.0.1") -> int:
    """Serve the dashboard until it ends or is interrupted; the exit status."""
    child = subprocess.Popen(command(port, address), env=environment(database_url))  # noqa: S603 - our own command
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.terminate()
        return child.wait()
