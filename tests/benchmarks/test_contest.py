"""A whole contest on a small stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from benchmarks.quality.arena import KEPT_WINDOWS, SHORT, Entrant, Outcome, contested, shuffled
from benchmarks.quality.classical import ScoreTest, StabilityIndex
from benchmarks.quality.contenders import Verdict
from benchmarks.quality.ours import Modelwatch
from benchmarks.quality.pictures import power_curves, worth_and_noise
from benchmarks.quality.report import report, summaries
from benchmarks.quality.sources import FieldKind
from benchmarks.quality.streams import baseline_windows
from tests.benchmarks.streams import small_stream

pytestmark = pytest.mark.slow

TINY = replace(
    SHORT, seeds=1, shuffles=1, tune=100, null=2, run=1, slow_tune=100, slow_null=1, slow_natural=1, slow_scenarios=2
)


@dataclass
class Witness:
    """Remembers what it is shown."""

    name: str = "witness"
    windows: list[pd.DataFrame] = field(default_factory=list)
    baselines: list[pd.DataFrame] = field(default_factory=list)

    def fit(
        self,
        baseline: pd.DataFrame,
        kinds: Mapping[str, FieldKind],
        importance: Mapping[str, float],
        rng: np.random.Generator,
    ) -> None:
        self.baselines.append(baseline)

    def judge(self, window: pd.DataFrame) -> Verdict:
        self.windows.append(window)
        return Verdict(False, 0.0, 0.0, False)


@dataclass
class Rememberer(Witness):
    """Remembers also how many windows came before each in natural order, and of how many it was told otherwise."""

    before: list[int] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)

    def learn_windows(self, baseline: pd.DataFrame, windows: NDArray[np.int64]) -> None:
        assert len(windows) == len(baseline)

    def judge_in_order(self, window: pd.DataFrame, earlier: Sequence[pd.DataFrame]) -> Verdict:
        assert "label" not in window.columns
        assert all("label" in rows.columns for rows in earlier)
        self.before.append(len(earlier))
        return self.judge(window)

    def has_missed(self, earlier: Sequence[pd.DataFrame]) -> bool:
        self.runs.append(len(earlier))
        return len(earlier) == 2


class Leaver(Witness):
    """Ends at its third window."""

    def judge(self, window: pd.DataFrame) -> Verdict:
        if len(self.windows) == 2:
            raise ConnectionError("gone")
        return super().judge(window)


def played() -> Outcome:
    slow = Entrant(StabilityIndex("slow PSI"), slow=True)
    contenders = Modelwatch(), StabilityIndex(), ScoreTest()
    return contested(small_stream(), TINY, [*(Entrant(one) for one in contenders), slow])


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return played()


def test_the_same_seeds_give_the_same_numbers(outcome: Outcome) -> None:
    again = played()
    assert again.judged == outcome.judged
    assert again.harms == outcome.harms


def test_nobody_sees_labels_and_the_slow_see_less() -> None:
    quick, slow = Witness("quick"), Witness("slow")
    plan = replace(TINY, seeds=2, shuffles=2, tune=3, slow_tune=0)
    outcome = contested(small_stream(), plan, [Entrant(quick), Entrant(slow, slow=True)])
    assert all("label" not in window.columns for window in quick.windows)
    # Each seed: no window to tune on, one without change, two scenarios with one each; then one in natural order.
    assert [len(window) for window in slow.windows] == [300] * 7
    # Two seeds, and the natural order.
    assert len(quick.baselines) == 3
    natural = len(small_stream().watched) // 300
    assert len(quick.windows) == 2 * (5 + len(outcome.harms)) + natural


def test_windows_in_a_row_are_judged_with_those_before_them() -> None:
    one = Rememberer()
    outcome = contested(small_stream(), replace(TINY, tune=3, run=3), [Entrant(one)])
    natural = [judged for judged in outcome.judged if judged.part == "natural"]
    assert one.before == [min(place, KEPT_WINDOWS) for place in range(len(natural))]
    scenario = [judged for judged in outcome.judged if judged.part == "scenario"]
    assert one.runs[: len(scenario)] == [0, 1, 2] * (len(scenario) // 3)
    assert [judged.missed_before for judged in scenario] == [False, False, True] * (len(scenario) // 3)
    assert not any(judged.hurts for judged in outcome.judged)


def test_a_lasting_change_without_harm_is_told_once_its_labels_are_there() -> None:
    stream = small_stream()
    contender = Modelwatch()
    contender.fit(stream.baseline, stream.kinds, stream.importance, np.random.default_rng(7))
    contender.learn_windows(stream.baseline, baseline_windows(stream))
    # The model does not look at it.
    rows = stream.watched.assign(second=stream.watched["second"] + 3)
    windows = [rows[start : start + 600].reset_index(drop=True) for start in (0, 600, 1_200)]
    assert "second" in contender.judge_in_order(windows[2].drop(columns="label"), []).fields
    assert "second" not in contender.judge_in_order(windows[2].drop(columns="label"), windows[:2]).fields
    flipped = [window.assign(label=1 - window["label"]) for window in windows[:2]]
    assert "second" in contender.judge_in_order(windows[2].drop(columns="label"), flipped).fields


def test_who_ends_leaves_the_others_alone() -> None:
    stays = Witness()
    outcome = contested(small_stream(), replace(TINY, tune=3), [Entrant(Leaver("leaver")), Entrant(stays)])
    assert outcome.left == ("leaver left at small: gone",)
    assert sum(one.contender == "leaver" for one in outcome.judged) == 2
    assert sum(one.contender == "witness" for one in outcome.judged) == len(stays.windows)


def test_shuffled_rows_are_the_unchanged_ones_each_once() -> None:
    stream = small_stream()
    parts = shuffled(stream, np.random.default_rng(1))
    assert (len(parts.baseline), len(parts.held_out)) == (2_000, 3_000)
    together = np.sort(pd.concat([parts.baseline, parts.held_out])["second"].to_numpy())
    assert (together == np.sort(stream.unchanged()["second"].to_numpy())).all()


def test_the_report_names_every_contender_and_every_scenario_missed(outcome: Outcome) -> None:
    found = summaries([outcome])
    text = report([outcome], found, "A test.")
    assert all(f"| {name} |" in text for name in ("modelwatch", "PSI .2", "slow PSI"))
    assert "small: label flip 0.3" in found[0].missed
    assert "small: label flip 0.3" in text
    for picture in (worth_and_noise(found), power_curves(found)):
        assert picture.startswith("<svg")
        assert "score KS .05" in picture


def test_labels_that_contradict_the_model_page() -> None:
    stream = small_stream()
    parts = shuffled(stream, np.random.default_rng(6))
    contender = Modelwatch()
    contender.fit(parts.baseline, stream.kinds, stream.importance, np.random.default_rng(7))
    window = parts.held_out[:300]
    assert not contender.pages_by_labels(window)
    assert contender.pages_by_labels(window.assign(label=1 - window["label"]))
