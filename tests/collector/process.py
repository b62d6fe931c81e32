"""A collector in a process of its own, which can be killed."""

import signal
import subprocess
import sys
from dataclasses import dataclass

PROGRAM = """
import sys
from collector.server import serve
from collector.settings import CollectorSettings
serve(CollectorSettings(sys.argv[1], port=int(sys.argv[2])), lambda address: print(address, flush=True))
"""


@dataclass
class CollectorProcess:
    """A collector process and its address."""

    process: "subprocess.Popen[str]"
    address: str

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.communicate(timeout=30)

    def stop(self) -> tuple[int, str]:
        """Ask it to end; its exit status and what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


def start(url: str, port: int = 0) -> CollectorProcess:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, url, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return CollectorProcess(process, process.stdout.readline().strip())
