"""Many requests, one transaction: rows wait for the writer together and are answered once it has committed.

A commit costs a wait for the disk whatever it holds. One thread writes; while it does, the requests that arrive
queue up, and all of them go into its next transaction. Nobody waits for a timer: an idle writer takes a single row
at once.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from threading import Condition, Thread
from typing import Any

from store.records import WriteOutcome

logger = logging.getLogger(__name__)

Write = Callable[[Sequence[Any]], list[WriteOutcome]]

# When a transaction fails, the requests in it are tried one by one, so that one that can never be stored does not
# take the others down with it. A store that is away makes each of these tries slow: they stop after this long.
_RETRY_SECONDS = 2.0


class QueueFullError(RuntimeError):
    """More rows wait to be written than the collector may hold."""


class WriteFailedError(RuntimeError):
    """The store did not take the rows; they may be sent again."""


@dataclass(slots=True)
class _Submission:
    write: Write
    rows: Sequence[Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[list[WriteOutcome]]"
    result: "list[WriteOutcome] | WriteFailedError | None" = field(default=None)


class GroupCommit:
    """The queue and the thread that empties it.

    ``queued_rows`` is how many rows may wait, ``commit_rows`` how many one transaction takes (a single request is
    never split). ``commit`` is called from any event loop, between ``start`` and ``stop``.
    """

    def __init__(self, *, queued_rows: int, commit_rows: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit = queued_rows
        self._commit_rows = commit_rows
        self._monotonic = monotonic
        self._queue: deque[_Submission] = deque()
        self._queued_rows = 0
        self._stopping = True
        self._wake = Condition()
        self._thread: Thread | None = None

    @property
    def running(self) -> bool:
        """Whether the writer is alive and takes rows."""
        return not self._stopping and self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        self._stopping = False
        self._thread = Thread(target=self._run, name="group-commit", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end. Rows that come later are refused."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    async def commit(self, write: Write, rows: Sequence[Any]) -> list[WriteOutcome]:
        """What became of each row, once the transaction that ``write`` put them in is durable.

        Rows of several calls with the same ``write`` may share a transaction. Raises QueueFullError when too many
        rows wait already, WriteFailedError when the store refused them.
        """
        if not rows:
            return []
        loop = asyncio.get_running_loop()
        submission = _Submission(write, rows, loop, loop.create_future())
        with self._wake:
            if self._stopping:
                raise WriteFailedError("the collector is shutting down")
            if self._queued_rows and self._queued_rows + len(rows) > self._limit:
                raise QueueFullError(f"{self._queued_rows:,} rows wait to be written")
            self._queue.append(submission)
            self._queued_rows += len(rows)
            self._wake.notify()
        return await submission.future

    def _run(self) -> None:
        while group := self._next_group():
            for write, submissions in groupby(sorted(group, key=_order), key=lambda each: each.write):
                self._write_together(write, list(submissions))
            _answer(group)

    def _next_group(self) -> list[_Submission]:
        with self._wake:
            while not self._queue and not self._stopping:
                self._wake.wait()
            group: list[_Submission] = []
            size = 0
            while self._queue and (not group or size + len(self._queue[0].rows) <= self._commit_rows):
                group.append(self._queue.popleft())
                size += len(group[-1].rows)
            self._queued_rows -= size
            return group

    def _write_together(self, write: Write, submissions: list[_Submission]) -> None:
        rows = submissions[0].rows if len(submissions) == 1 else [row for each in submissions for row in each.rows]
        outcomes = _attempt(write, rows)
        if isinstance(outcomes, WriteFailedError):
            self._write_apart(write, submissions, outcomes)
            return
        start = 0
        for each in submissions:
            each.result = outcomes[start : start + len(each.rows)]
            start += len(each.rows)

    def _write_apart(self, write: Write, submissions: list[_Submission], failure: WriteFailedError) -> None:
        deadline = self._monotonic() + _RETRY_SECONDS
        for each in submissions:
            if len(submissions) == 1 or self._monotonic() > deadline:
                each.result = failure
            else:
                each.result = _attempt(write, each.rows)


def _order(submission: _Submission) -> int:
    return hash(submission.write)


def _attempt(write: Write, rows: Sequence[Any]) -> "list[WriteOutcome] | WriteFailedError":
    try:
        return write(rows)
    except Exception as error:
        logger.exception("%d rows could not be written", len(rows))
        return WriteFailedError(str(error))


def _answer(group: list[_Submission]) -> None:
    """Hand every result to the loop that waits for it, one wake-up a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Submission]] = {}
    for each in group:
        by_loop.setdefault(each.loop, []).append(each)
    for loop, submissions in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, submissions)
        except RuntimeError:
            logger.warning("the event loop was closed before %d requests were answered", len(submissions))


def _resolve(submissions: list[_Submission]) -> None:
    for each in submissions:
        if each.future.done():
            continue
        if isinstance(each.result, WriteFailedError):
            each.future.set_exception(each.result)
        else:
            each.future.set_result(each.result or [])
