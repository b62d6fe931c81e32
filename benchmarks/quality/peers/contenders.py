"""Evidently and NannyML as contenders. Like the plain ones they know no harm: what alarms pages."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.quality.contenders import Verdict
from benchmarks.quality.peers.environment import nannyml_python
from benchmarks.quality.peers.process import PeerProcess
from benchmarks.quality.sources import FieldKind, Task

# NannyML reports its use over the network unless told otherwise; both libraries shall leave the cores to the others.
QUIET = {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}


@dataclass(slots=True)
class Peer:
    """A reading of a peer's answers."""

    name: str
    process: PeerProcess
    read: Callable[[dict[str, Any]], Verdict]

    def fit(
        self,
        baseline: pd.DataFrame,
        kinds: Mapping[str, FieldKind],
        importance: Mapping[str, float],
        rng: np.random.Generator,
    ) -> None:
        self.process.fit(baseline, kinds)

    def judge(self, window: pd.DataFrame) -> Verdict:
        return self.read(self.process.judge(window))


def any_field(answer: dict[str, Any]) -> Verdict:
    """Any field at its threshold alarms."""
    ratios = answer["ratios"]
    alerts = answer.get("alerts")
    fields = tuple(alerts if alerts is not None else (name for name, ratio in ratios.items() if ratio >= 1))
    largest = max(ratios.values())
    return Verdict(bool(fields), largest, largest, bool(fields), fields)


def whole_set(answer: dict[str, Any]) -> Verdict:
    """Evidently's verdict on the whole: half of the fields drifted. The statistic is the ratio that half reach."""
    ranked = sorted(answer["ratios"].values(), reverse=True)
    half = ranked[(len(ranked) + 1) // 2 - 1]
    fields = tuple(name for name, ratio in answer["ratios"].items() if ratio >= 1)
    return Verdict(answer["dataset"], half, half, answer["dataset"], fields)


def estimated(answer: dict[str, Any]) -> Verdict:
    """CBPE: the estimated accuracy leaves its usual range; the fall, in widths of half that range, is the severity."""
    return Verdict(answer["alert"], answer["left"], answer["fallen"], answer["alert"], (), answer["estimate"])


def peer_contenders(task: Task) -> tuple[list[Peer], list[PeerProcess], list[str]]:
    """The peers that can take part in a stream, their processes, and a sentence about each that cannot."""
    os.environ.update(QUIET)
    evidently = PeerProcess(Path(sys.executable), "evidently_peer.py")
    peers = [
        Peer("Evidently, any field", evidently, any_field),
        Peer("Evidently, half the fields", evidently, whole_set),
    ]
    try:
        nannyml = PeerProcess(nannyml_python(), "nannyml_peer.py")
    except OSError as error:
        return peers, [evidently], [str(error)]
    peers.append(Peer("NannyML drift", nannyml, any_field))
    if task == "binary":
        peers.append(Peer("NannyML CBPE", nannyml, estimated))
    return peers, [evidently, nannyml], []
