"""A process that runs rounds of the cycle and is killed in the middle of them.

Each line of its input is a round to run in a child process; each line of its output says how the child ended. The
child kills itself with SIGKILL just before or just after the database statement whose number it was given, so a seed
says exactly where. Batches are small, for many transactions to be interrupted.
"""

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, event

from modelwatch.cycle import CycleSettings, profiling, run
from modelwatch.cycle import round as one_round
from store.engine import open_engine

one_round.BATCH_RUNS = 3
profiling.BATCH_ROWS = 150


class _Statements:
    """Counts what is sent to the database, commits too."""

    def __init__(self, engine: Engine, die_at: int | None, after: bool) -> None:
        self.n = 0
        self._die_at = die_at
        self._after = after
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._done)
        event.listen(engine, "commit", self._commit)

    def _before(self, *_: Any) -> None:
        self.n += 1
        if not self._after:
            self._die()

    def _done(self, *_: Any) -> None:
        if self._after:
            self._die()

    def _commit(self, _: Any) -> None:
        self.n += 1
        self._die()

    def _die(self) -> None:
        if self._die_at is not None and self.n >= self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _round(order: dict[str, Any]) -> None:
    engine = open_engine(order["url"])
    statements = _Statements(engine, order["die_at"], order["after"])
    clock = datetime.fromisoformat(order["clock"])
    settings = CycleSettings(order["environment"], clock=lambda: clock, jitter=lambda: 0.0)
    summary = run(engine, datetime.fromisoformat(order["now"]), settings)
    print(json.dumps({"statements": statements.n, "errors": summary.errors}), flush=True)


def main() -> None:
    """Rounds until the input ends."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _round(json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            print(json.dumps({"signal": os.WTERMSIG(status)}), flush=True)
        elif status:
            print(json.dumps({"errors": ["the round failed: see standard error"]}), flush=True)


if __name__ == "__main__":
    main()
