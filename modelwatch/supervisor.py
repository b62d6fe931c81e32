"""Running the roles as child processes: all ready before anything is announced, none left behind at the end."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import httpx

from dashboard.server import command as dashboard_command
from dashboard.server import environment as dashboard_environment
from modelwatch.program import PROGRAM
from modelwatch.settings import Settings

Role = Literal["collector", "scheduler", "dashboard"]
ROLES: tuple[Role, ...] = ("collector", "scheduler", "dashboard")

READY_SECONDS = 60.0
_POLL_SECONDS = 0.1
_STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1


class SupervisorError(RuntimeError):
    """A role did not come up, or ended by itself; the message says which."""


@dataclass(frozen=True, slots=True)
class Child:
    """A role that runs. ``health`` is the address that answers once it is ready, None for a role without one."""

    role: Role
    process: subprocess.Popen[bytes]
    health: str | None


@contextmanager
def running(settings: Settings, roles: Sequence[Role]) -> Iterator[list[Child]]:
    """The roles, ready, while the block lasts; all are stopped when it ends, however it ends.

    They log at the level of the settings.

    Raises SupervisorError when one ends before it is ready or is not ready within a minute.
    """
    children: list[Child] = []
    try:
        for role in roles:
            children.append(_start(settings, role))  # noqa: PERF401 - those that started must be known
        _wait_until_ready(children)
        yield children
    finally:
        _stop(children)


def up(settings: Settings, announce: Callable[[str], None]) -> None:
    """Run every role until interrupted. Raises SupervisorError when one of them ends by itself."""
    stopping: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: stopping.append(received))
    with running(settings, ROLES) as children:
        announce(f"collector  http://{_address(settings, 'collector')}")
        announce(f"dashboard  http://{_address(settings, 'dashboard')}")
        announce(f"scheduler  looks what is due every {settings.tick_seconds:g} s")
        while not stopping:
            ended = _first_ended(children)
            if ended is not None:
                raise SupervisorError(f"the {ended.role} ended by itself with status {ended.process.returncode}")
            time.sleep(_POLL_SECONDS)


def environment(settings: Settings, outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a child: the outer one, with what flags and files have set here."""
    return {
        **outer,
        "MODELWATCH_DATABASE_URL": settings.store_url,
        "MODELWATCH_COLLECTOR_HOST": settings.collector_host,
        "MODELWATCH_COLLECTOR_PORT": str(settings.collector_port),
        "MODELWATCH_DASHBOARD_HOST": settings.dashboard_host,
        "MODELWATCH_DASHBOARD_PORT": str(settings.dashboard_port),
        "MODELWATCH_TICK_SECONDS": str(settings.tick_seconds),
        "MODELWATCH_LOG_LEVEL": settings.log_level,
    }


def _start(settings: Settings, role: Role) -> Child:
    health: str | None = None
    own = environment(settings)
    if role == "dashboard":
        own = dashboard_environment(settings.store_url, own, PROGRAM)
        arguments = dashboard_command(settings.dashboard_port, settings.dashboard_host)
        health = f"http://{_address(settings, role)}/_stcore/health"
    else:
        arguments = [*PROGRAM, role]
        if role == "collector":
            health = f"http://{_address(settings, role)}/readyz"
    process = subprocess.Popen(  # noqa: S603 - our own commands
        arguments,
        env=own,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )
    return Child(role, process, health)


def _end_with_parent() -> None:
    # A parent that is killed outright cannot stop its children; the kernel does it.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _address(settings: Settings, role: Role) -> str:
    host, port = (
        (settings.dashboard_host, settings.dashboard_port)
        if role == "dashboard"
        else (settings.collector_host, settings.collector_port)
    )
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not listened on here
    return f"[{reachable}]:{port}" if ":" in reachable else f"{reachable}:{port}"


def _wait_until_ready(children: Sequence[Child]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    waiting = [child for child in children if child.health is not None]
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        while waiting:
            ended = _first_ended(children)
            if ended is not None:
                raise SupervisorError(f"the {ended.role} ended with status {ended.process.returncode} at its start")
            if time.monotonic() > deadline:
                raise SupervisorError(f"the {waiting[0].role} was not ready within {READY_SECONDS:g} s")
            waiting = [child for child in waiting if not _is_ready(client, str(child.health))]
            time.sleep(_POLL_SECONDS if waiting else 0)


def _is_ready(client: httpx.Client, health: str) -> bool:
    try:
        return client.get(health).is_success
    except httpx.TransportError:
        return False


def _first_ended(children: Sequence[Child]) -> Child | None:
    return next((child for child in children if child.process.poll() is not None), None)


def _stop(children: Sequence[Child]) -> None:
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + _STOP_SECONDS
    for child in children:
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
