"""A peer's process: frames go to it as Parquet files, requests and answers as a line of JSON each."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.quality.contenders import output_of
from benchmarks.quality.sources import FieldKind

HERE = Path(__file__).resolve().parent


@dataclass(slots=True, eq=False)
class PeerProcess:
    """Started when first asked. Several contenders may share one: an answer about the same frame is kept."""

    python: Path
    script: str
    _process: "subprocess.Popen[str] | None" = None
    _folder: "tempfile.TemporaryDirectory[str] | None" = None
    _last: pd.DataFrame | None = None
    _answer: dict[str, Any] = field(default_factory=dict)

    def fit(self, baseline: pd.DataFrame, kinds: Mapping[str, FieldKind]) -> None:
        """OSError where the process cannot be started or ends."""
        output = output_of(baseline)
        fields = {
            "numeric": [*(name for name, kind in kinds.items() if kind == "numeric"), output],
            "categorical": [name for name, kind in kinds.items() if kind == "categorical"],
        }
        self._ask("fit", baseline, fields)

    def judge(self, window: pd.DataFrame) -> dict[str, Any]:
        """The peer's answer about a window; OSError where the process ended."""
        return self._ask("judge", window, {})

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            with suppress(BrokenPipeError):
                # Closes both pipes, at which the peer ends, and waits for it.
                self._process.communicate(timeout=60)
        if self._folder is not None:
            self._folder.cleanup()
        self._process = self._folder = None

    def _ask(self, what: str, frame: pd.DataFrame, more: dict[str, Any]) -> dict[str, Any]:
        if frame is self._last:
            return self._answer
        process, folder = self._running()
        path = folder / f"{what}.parquet"
        _plain(frame).to_parquet(path, index=False)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({what: str(path), **more}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            log = (folder / "log").read_text().strip().splitlines()
            raise ConnectionError(log[-1] if log else f"{self.script} ended without a word")
        self._last, self._answer = frame, json.loads(line)
        return self._answer

    def _running(self) -> "tuple[subprocess.Popen[str], Path]":
        if self._process is None or self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="benchmark-peer-")
            with (Path(self._folder.name) / "log").open("w") as log:
                self._process = subprocess.Popen(
                    [str(self.python), "-E", str(HERE / self.script)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    cwd=self._folder.name,
                )
        return self._process, Path(self._folder.name)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Categories as texts, which every release of pandas reads alike."""
    texts = {
        name: frame[name].astype(object) for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    return frame.assign(**texts)
