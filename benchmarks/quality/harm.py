"""Does a scenario hurt? The same rows are scored with and without it, and their losses compared in pairs.

Harm belongs to the scenario, not to a window: it is judged on all rows held out (up to ``MAX_ROWS``), where noise is
small, and every window of the scenario inherits the verdict.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.quality.models import row_losses
from benchmarks.quality.scenarios import Scenario
from benchmarks.quality.sources import Task
from benchmarks.quality.streams import Stream

MAX_ROWS = 20_000
# Points of accuracy; of a regression the rise of the mean absolute error as a share of it.
HARMFUL = {"binary": 0.02, "regression": 0.05}
HARMLESS = {"binary": 0.005, "regression": 0.01}
# Of this many standard errors must a harmful loss be at least.
SURE = 3.0

HarmVerdict = Literal["harmful", "harmless", "between"]


@dataclass(frozen=True, slots=True)
class Harm:
    """``loss`` is the accuracy lost (a share) or the relative rise of MAE; below 0 things got better."""

    loss: float
    standard_error: float
    verdict: HarmVerdict


def judged_harm(stream: Stream, scenario: Scenario, rows: pd.DataFrame, rng: np.random.Generator) -> Harm:
    """The harm of a scenario on these rows."""
    clean = rows[:MAX_ROWS]
    shifted = stream.predict(scenario.inject(clean, rng))
    return harm_between(clean, shifted, stream.task, paired=scenario.nature != "population")


def harm_between(clean: pd.DataFrame, shifted: pd.DataFrame, task: Task, *, paired: bool) -> Harm:
    """Harm from rows scored without and with a scenario; ``paired`` where row i is the same row in both."""
    before, after = row_losses(clean, task), row_losses(shifted, task)
    unit = float(before.mean()) if task == "regression" else 1.0
    loss = float(after.mean() - before.mean()) / unit
    if paired:
        variance = float((after - before).var()) / len(before)
    else:
        variance = float(before.var()) / len(before) + float(after.var()) / len(after)
    standard_error = math.sqrt(variance) / unit
    return Harm(loss, standard_error, _verdict(loss, standard_error, task))


def _verdict(loss: float, standard_error: float, task: Task) -> HarmVerdict:
    if loss > HARMFUL[task] and loss > SURE * standard_error:
        return "harmful"
    return "harmless" if loss <= HARMLESS[task] else "between"
