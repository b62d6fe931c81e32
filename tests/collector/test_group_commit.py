"""Requests share a transaction, and each is answered for its own rows alone."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Any

import pytest

from collector.group_commit import GroupCommit, QueueFullError, WriteFailedError
from store.records import WriteOutcome


class Log:
    """A log that keeps what it was given, batch by batch, and can be held up or made to fail."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.entered, self.open = Event(), Event()
        self.open.set()
        self.fail: Callable[[Sequence[int]], bool] = lambda rows: False

    def write(self, rows: Sequence[int]) -> list[WriteOutcome]:
        self.entered.set()
        assert self.open.wait(10)
        if self.fail(rows):
            raise RuntimeError("disk full")
        self.batches.append(list(rows))
        return ["accepted" if row >= 0 else "duplicate" for row in rows]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def commits() -> Iterator[GroupCommit]:
    started = GroupCommit(queued_rows=10, commit_rows=6)
    started.start()
    yield started
    started.stop()


async def hold(log: Log, commits: GroupCommit) -> "asyncio.Task[Any]":
    """A commit that does not end before the log is opened."""
    log.entered.clear()
    log.open.clear()
    task = asyncio.create_task(commits.commit(log.write, [0]))
    assert await asyncio.to_thread(log.entered.wait, 10)
    return task


def test_what_waits_together_is_written_together(log: Log, commits: GroupCommit) -> None:
    async def run() -> list[Any]:
        first = await hold(log, commits)
        others = [asyncio.create_task(commits.commit(log.write, rows)) for rows in ([1, -2], [3], [-4, 5, 6], [7])]
        await asyncio.sleep(0)
        log.open.set()
        return await asyncio.gather(first, *others)

    outcomes = asyncio.run(run())
    assert log.batches == [[0], [1, -2, 3, -4, 5, 6], [7]]
    assert outcomes == [
        ["accepted"],
        ["accepted", "duplicate"],
        ["accepted"],
        ["duplicate", "accepted", "accepted"],
        ["accepted"],
    ]


def test_a_request_is_never_split(log: Log, commits: GroupCommit) -> None:
    rows = list(range(50))
    assert asyncio.run(commits.commit(log.write, rows)) == ["accepted"] * 50
    assert log.batches == [rows]


def test_two_logs_are_written_apart(log: Log, commits: GroupCommit) -> None:
    other = Log()

    async def run() -> None:
        first = await hold(log, commits)
        tasks = [
            asyncio.create_task(commits.commit(each.write, [number]))
            for number, each in enumerate([log, other, log, other], start=1)
        ]
        await asyncio.sleep(0)
        log.open.set()
        await asyncio.gather(first, *tasks)

    asyncio.run(run())
    assert log.batches == [[0], [1, 3]]
    assert other.batches == [[2, 4]]


def test_too_many_rows_are_refused_and_room_comes_back(log: Log, commits: GroupCommit) -> None:
    async def run() -> None:
        first = await hold(log, commits)
        waiting = asyncio.create_task(commits.commit(log.write, list(range(10))))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError, match="10 rows wait"):
            await commits.commit(log.write, [1])
        log.open.set()
        await asyncio.gather(first, waiting)
        assert await commits.commit(log.write, [1]) == ["accepted"]

    asyncio.run(run())


def test_one_that_cannot_be_stored_takes_nobody_along(
    log: Log, commits: GroupCommit, caplog: pytest.LogCaptureFixture
) -> None:
    log.fail = lambda rows: 13 in rows

    async def run() -> list[Any]:
        first = await hold(log, commits)
        others = [asyncio.create_task(commits.commit(log.write, [row])) for row in (1, 13, 2)]
        await asyncio.sleep(0)
        log.open.set()
        return await asyncio.gather(first, *others, return_exceptions=True)

    with caplog.at_level(logging.CRITICAL):
        outcomes = asyncio.run(run())
    assert [outcomes[1], outcomes[3]] == [["accepted"], ["accepted"]]
    assert isinstance(outcomes[2], WriteFailedError)
    assert log.batches == [[0], [1], [2]]


def test_while_the_store_is_away_nothing_is_acknowledged(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    # Each failing try takes three seconds of this clock, so the tries one by one are given up.
    ticks = iter(range(0, 1000, 3))
    commits = GroupCommit(queued_rows=100, commit_rows=100, monotonic=lambda: float(next(ticks)))
    commits.start()
    tries: list[int] = []

    def away(rows: Sequence[int]) -> bool:
        tries.append(len(rows))
        return True

    async def run() -> list[Any]:
        first = await hold(log, commits)
        log.fail = away
        others = [asyncio.create_task(commits.commit(log.write, [row])) for row in range(5)]
        await asyncio.sleep(0)
        log.open.set()
        failed = await asyncio.gather(first, *others, return_exceptions=True)
        log.fail = lambda rows: False
        assert await commits.commit(log.write, [7]) == ["accepted"]
        return failed

    with caplog.at_level(logging.CRITICAL):
        outcomes = asyncio.run(run())
    commits.stop()
    assert all(isinstance(outcome, WriteFailedError) for outcome in outcomes)
    assert tries == [1, 5]
    assert log.batches == [[7]]


def test_what_waits_is_written_before_the_end(log: Log) -> None:
    commits = GroupCommit(queued_rows=100, commit_rows=2)
    commits.start()

    async def run() -> list[Any]:
        first = await hold(log, commits)
        others = [asyncio.create_task(commits.commit(log.write, [row])) for row in (1, 2, 3)]
        await asyncio.sleep(0)
        stopping = asyncio.create_task(asyncio.to_thread(commits.stop))
        while commits.running:
            await asyncio.sleep(0)
        with pytest.raises(WriteFailedError, match="shutting down"):
            await commits.commit(log.write, [4])
        log.open.set()
        await stopping
        return await asyncio.gather(first, *others)

    assert asyncio.run(run()) == [["accepted"]] * 4
    assert log.batches == [[0], [1, 2], [3]]


def test_a_client_that_went_away_disturbs_nobody(log: Log, commits: GroupCommit) -> None:
    async def run() -> list[Any]:
        first = await hold(log, commits)
        gone, stays = (asyncio.create_task(commits.commit(log.write, [row])) for row in (1, 2))
        await asyncio.sleep(0)
        gone.cancel()
        log.open.set()
        return [await first, await stays]

    assert asyncio.run(run()) == [["accepted"], ["accepted"]]
    assert log.batches == [[0], [1, 2]]


def test_no_rows_need_no_transaction(log: Log, commits: GroupCommit) -> None:
    assert asyncio.run(commits.commit(log.write, [])) == []
    assert log.batches == []
