"""What tests of the commands share: what a command answers, a model file, and the rows of a day."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

MODEL_FILE = """
model: credit
task: binary
columns: {prediction_id: id, timestamp: ts, prediction: y, score: p, label: repaid}
monitors:
  - {kind: drift, window: 1d}
  - {kind: performance, window: 1d}
"""


class Answer:
    """What a command said and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Answer]


def rows(n: int, first: str, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """A day of a classifier whose score is calibrated; ``shift`` moves its one feature."""
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1.0, n)
    p = 1 / (1 + np.exp(-x))
    return pd.DataFrame(
        {
            "id": [f"{first}-{row}" for row in range(n)],
            "ts": pd.date_range(first, periods=n, freq="60s", tz="UTC"),
            "x": x,
            "region": rng.choice(["north", "south"], n),
            "y": (p >= 0.5).astype(int),
            "p": p,
            "repaid": (rng.random(n) < p).astype(int),
        }
    )
