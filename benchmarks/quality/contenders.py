"""What a contender is: something that learns a baseline and then judges windows, without labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.quality.sources import FieldKind


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a contender says about a window.

    ``alarm`` is at the contender's own default. ``statistic`` is one number, larger for more drift, that is held
    against a threshold re-tuned to an equal false-alarm rate. ``severity`` is its best guess of harm, in any unit.
    ``pages`` says whether somebody should be woken. ``fields`` are those it names. ``estimate`` is the accuracy it
    believes the model has (a share), and ``trusted`` whether it stands by that; None where it makes no estimate.
    ``parted`` says whether it found that fields no longer go together; None where it does not ask.
    """

    alarm: bool
    statistic: float
    severity: float
    pages: bool
    fields: tuple[str, ...] = ()
    estimate: float | None = None
    trusted: bool | None = None
    parted: bool | None = None


class Contender(Protocol):
    """One monitor in the contest. It is fitted anew for every baseline.

    Frames hold the features, ``prediction``, ``score`` of binary models and ``timestamp`` where there is a clock;
    only the frame of ``fit`` holds ``label``. ``kinds`` names the features.
    """

    @property
    def name(self) -> str: ...

    def fit(
        self,
        baseline: pd.DataFrame,
        kinds: Mapping[str, FieldKind],
        importance: Mapping[str, float],
        rng: np.random.Generator,
    ) -> None: ...

    def judge(self, window: pd.DataFrame) -> Verdict: ...


@runtime_checkable
class ReadsLabels(Protocol):
    """A contender that also watches performance, once a window's labels have come."""

    def pages_by_labels(self, window: pd.DataFrame) -> bool: ...


@runtime_checkable
class LooksBack(Protocol):
    """A contender that knows the windows before, with their labels: these have come when the next window ends."""

    def learn_windows(self, baseline: pd.DataFrame, windows: NDArray[np.int64]) -> None:
        """How the baseline moves by itself, after ``fit``; ``windows`` is the window of every row, -1 for none."""

    def judge_in_order(self, window: pd.DataFrame, earlier: Sequence[pd.DataFrame]) -> Verdict:
        """The verdict on a window that follows the ``earlier`` ones, the oldest first."""

    def has_missed(self, earlier: Sequence[pd.DataFrame]) -> bool:
        """Whether the labels of the windows before show that their estimates missed."""


def with_output(frame: pd.DataFrame, kinds: Mapping[str, FieldKind]) -> dict[str, FieldKind]:
    """The fields to compare: the features and the model's output (score, or the prediction of a regression)."""
    return {**kinds, output_of(frame): "numeric"}


def output_of(frame: pd.DataFrame) -> str:
    """The column of the model's output."""
    return "score" if "score" in frame.columns else "prediction"
