"""How long a user waits: for ``--help``, and for a collector that is started and answers ``/readyz``.

    python -m benchmarks.startup [--rounds 5]

Beside each stands the bare interpreter, started in the same run, for the machine's own speed.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

PYTHON = [sys.executable, "-c", "pass"]
HELP = [sys.executable, "-m", "modelwatch", "--help"]
LIMITS = {"modelwatch --help": 0.5, "collector ready": 1.5}


def seconds_of(command: list[str]) -> float:
    """Wall seconds of a whole process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def seconds_until_ready(folder: Path) -> float:
    """Wall seconds from the start of a collector's process to its first answer that it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "modelwatch", "collector", "--port", str(port)]
    environment = os.environ | {"MODELWATCH_DATA_DIR": str(folder), "MODELWATCH_LOG_LEVEL": "error"}
    with httpx.Client(trust_env=False) as client:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            while True:
                try:
                    if client.get(f"http://127.0.0.1:{port}/readyz").is_success:
                        return time.perf_counter() - started
                except httpx.TransportError:
                    time.sleep(0.005)  # leaves the processor to the collector
                    if process.poll() is not None:
                        raise RuntimeError("the collector did not start") from None
        finally:
            process.terminate()
            process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        seconds_until_ready(Path(folder))  # makes the store
        measures: dict[str, Callable[[], float]] = {
            "bare interpreter": lambda: seconds_of(PYTHON),
            "modelwatch --help": lambda: seconds_of(HELP),
            "collector ready": lambda: seconds_until_ready(Path(folder)),
        }
        found: dict[str, list[float]] = {name: [] for name in measures}
        for _ in range(rounds):
            for name, measure in measures.items():
                found[name].append(measure())
    for name, seconds in found.items():
        limit = f"  limit {LIMITS[name]:.1f} s" if name in LIMITS else ""
        print(f"{name:20} median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s{limit}")


if __name__ == "__main__":
    main()
