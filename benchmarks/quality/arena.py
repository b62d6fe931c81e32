"""The windows of a stream that are judged: permuted ones without change, ones with a scenario, and natural ones.

Permuted: baseline and watched rows before the first known change are shuffled (the clock stays in place), so that
nothing can have changed between any two parts. One part is the baseline, windows are drawn from the other without
putting rows back. A new seed shuffles anew, and everybody learns anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.quality.contenders import Contender, LooksBack, ReadsLabels, Verdict
from benchmarks.quality.harm import Harm, harm_between, judged_harm
from benchmarks.quality.models import row_losses
from benchmarks.quality.scenarios import Scenario, scenarios_of
from benchmarks.quality.streams import Stream, baseline_windows, natural_windows

# Windows to tune a threshold on, others to hold it against, ones with a scenario, and those in their own order.
Part = Literal["tune", "null", "scenario", "natural"]

# Windows before a judged one that are remembered.
KEPT_WINDOWS = 14


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is judged. Counts are per stream and seed; a scenario gets ``run`` windows in a row.

    Windows without change come from ``shuffles`` seeds, and scenarios from the first ``seeds`` of them: windows of one
    shuffled baseline share its luck, so many baselines tell more than many windows.

    Slow contenders judge of each part, and of each change in natural order, the first so many windows, and so many
    scenarios drawn at random.
    """

    seeds: int
    shuffles: int
    tune: int
    null: int
    run: int
    all_sizes: bool
    slow_tune: int
    slow_null: int
    slow_natural: int
    slow_scenarios: int
    slow_run: int

    def slow_windows(self, part: Part) -> int:
        """How many windows of a part slow contenders judge."""
        return {
            "tune": self.slow_tune,
            "null": self.slow_null,
            "scenario": self.slow_run,
            "natural": self.slow_natural,
        }[part]


SHORT = Plan(
    seeds=3,
    shuffles=10,
    tune=12,
    null=12,
    run=3,
    all_sizes=False,
    slow_tune=12,
    slow_null=3,
    slow_natural=10,
    slow_scenarios=30,
    slow_run=1,
)
LONG = Plan(
    seeds=10,
    shuffles=10,
    tune=60,
    null=60,
    run=4,
    all_sizes=True,
    slow_tune=60,
    slow_null=30,
    slow_natural=20,
    slow_scenarios=100,
    slow_run=2,
)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Rows to judge. ``of`` names the scenario, or the change in force; ``position`` counts within it."""

    part: Part
    size: int
    seed: int
    of: str
    position: int
    rows: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Judged:
    """A contender's verdict on a window; ``loss`` is what really happened there (share wrong, or MAE).

    ``by_labels``: whether it would page for what the labels show; never so for one that reads none. ``missed_before``:
    whether it knew that its estimates of earlier windows of the run had missed. ``hurts``: whether the labels of a
    natural window show harm (see ``harm``).
    """

    stream: str
    contender: str
    part: Part
    size: int
    seed: int
    of: str
    position: int
    loss: float
    verdict: Verdict
    by_labels: bool = False
    missed_before: bool = False
    hurts: bool = False


@dataclass(frozen=True, slots=True)
class Entrant:
    """A contender, and whether it is so slow that it judges fewer windows."""

    contender: Contender
    slow: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """All verdicts on a stream, the harm of its scenarios, and sentences about who had to leave and why."""

    stream: str
    judged: list[Judged]
    harms: Mapping[Scenario, Harm]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Shuffled:
    """Rows between which nothing changed: a baseline, and others held out."""

    baseline: pd.DataFrame
    held_out: pd.DataFrame


def shuffled(stream: Stream, rng: np.random.Generator) -> Shuffled:
    """The rows before any known change in random order; at most half of them are the baseline."""
    rows = stream.unchanged()
    mixed = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
    if "timestamp" in rows.columns:
        mixed = mixed.assign(timestamp=rows["timestamp"])
    n = min(len(stream.baseline), len(rows) // 2)
    return Shuffled(mixed[:n].reset_index(drop=True), mixed[n:].reset_index(drop=True))


def contested(stream: Stream, plan: Plan, entrants: Sequence[Entrant]) -> Outcome:
    """Everybody judges every window of the stream; the same numbers every time."""
    scenarios = scenarios_of(stream)
    held_out = shuffled(stream, np.random.default_rng(0)).held_out
    harms = {
        scenario: judged_harm(stream, scenario, held_out, np.random.default_rng(place))
        for place, scenario in enumerate(scenarios)
    }
    chosen = np.random.default_rng(5).permutation(len(scenarios))[: plan.slow_scenarios]
    contest = _Contest(stream, list(entrants), plan, {scenarios[place].name for place in chosen.tolist()})
    for seed in range(max(plan.seeds, plan.shuffles)):
        parts = shuffled(stream, np.random.default_rng([seed, 1]))
        contest.learn(parts.baseline, seed)
        if seed < plan.shuffles:
            contest.judge(permuted_windows(stream, parts.held_out, plan, seed))
        if seed < plan.seeds:
            contest.judge(scenario_windows(stream, scenarios, parts.held_out, plan, seed))
    contest.learn(stream.baseline, 0)
    contest.learn_windows()
    contest.judge(_in_their_order(stream))
    return Outcome(stream.name, contest.judged, harms, tuple(contest.left))


class _Contest:
    """Who is still in, and what was judged so far."""

    def __init__(self, stream: Stream, entrants: list[Entrant], plan: Plan, few: set[str]) -> None:
        self._stream = stream
        self._entrants = entrants
        self._plan = plan
        self._few = few
        self.judged: list[Judged] = []
        self.left: list[str] = []

    def learn(self, baseline: pd.DataFrame, seed: int) -> None:
        for entrant in list(self._entrants):
            try:
                rng = np.random.default_rng([seed, 2])
                entrant.contender.fit(baseline, self._stream.kinds, self._stream.importance, rng)
            except OSError as error:
                self._leave(entrant, error)

    def learn_windows(self) -> None:
        for entrant in self._entrants:
            if isinstance(entrant.contender, LooksBack):
                entrant.contender.learn_windows(self._stream.baseline, baseline_windows(self._stream))

    def judge(self, windows: Iterator[Window]) -> None:
        earlier: list[pd.DataFrame] = []
        for window in windows:
            if window.part != "natural" and window.position == 0:
                earlier = []
            for entrant in list(self._entrants):
                if not entrant.slow or self._for_the_slow(window):
                    self._judge(entrant, window, earlier)
            earlier = [*earlier[1 - KEPT_WINDOWS :], window.rows]

    def _for_the_slow(self, window: Window) -> bool:
        if window.part == "scenario" and window.of not in self._few:
            return False
        return window.position < self._plan.slow_windows(window.part)

    def _judge(self, entrant: Entrant, window: Window, earlier: Sequence[pd.DataFrame]) -> None:
        contender, rows = entrant.contender, window.rows
        # Without labels is how they must do.
        seen = rows.drop(columns="label")
        try:
            if isinstance(contender, LooksBack) and window.part == "natural":
                verdict = contender.judge_in_order(seen, earlier)
            else:
                verdict = contender.judge(seen)
            by_labels = isinstance(contender, ReadsLabels) and contender.pages_by_labels(rows)
            in_a_run = window.part in ("scenario", "natural")
            missed_before = in_a_run and isinstance(contender, LooksBack) and contender.has_missed(earlier)
        except OSError as error:
            self._leave(entrant, error)
            return
        place = (window.part, window.size, window.seed, window.of, window.position)
        loss = float(row_losses(rows, self._stream.task).mean())
        outcome = (loss, verdict, by_labels, missed_before, window.part == "natural" and self._hurts(rows))
        self.judged.append(Judged(self._stream.name, contender.name, *place, *outcome))

    def _hurts(self, rows: pd.DataFrame) -> bool:
        """Whether more is lost than at the baseline."""
        return harm_between(self._stream.baseline, rows, self._stream.task, paired=False).verdict == "harmful"

    def _leave(self, entrant: Entrant, error: OSError) -> None:
        self._entrants.remove(entrant)
        self.left.append(f"{entrant.contender.name} left at {self._stream.name}: {error}")


def permuted_windows(stream: Stream, held_out: pd.DataFrame, plan: Plan, seed: int) -> Iterator[Window]:
    """Windows without any change: of the binding size, or of all sizes."""
    rng = np.random.default_rng([seed, 3])
    for size in stream.sizes if plan.all_sizes else stream.sizes[:1]:
        counts: tuple[tuple[Part, int], ...] = (("tune", plan.tune), ("null", plan.null))
        for part, count in counts:
            for position in range(count):
                yield Window(part, size, seed, "", position, drawn(held_out, size, rng))


def scenario_windows(
    stream: Stream, scenarios: Sequence[Scenario], held_out: pd.DataFrame, plan: Plan, seed: int
) -> Iterator[Window]:
    """A run of windows of the binding size for every scenario, scored anew."""
    rng = np.random.default_rng([seed, 4])
    size = stream.sizes[0]
    for scenario in scenarios:
        for position in range(plan.run):
            # A population shift leaves rows out, so it is handed more than it must return.
            more = scenario.nature == "population"
            rows = drawn(held_out, len(held_out) if more else size, rng)
            changed = scenario.inject(rows, rng)[:size].reset_index(drop=True)
            yield Window("scenario", size, seed, scenario.name, position, stream.predict(changed))


def drawn(rows: pd.DataFrame, size: int, rng: np.random.Generator) -> pd.DataFrame:
    """So many rows at random, none twice; in order of the clock where there is one."""
    chosen = rng.permutation(len(rows))[:size]
    if "timestamp" in rows.columns and size < len(rows):
        chosen = np.sort(chosen)
    return rows.iloc[chosen].reset_index(drop=True)


def _in_their_order(stream: Stream) -> Iterator[Window]:
    positions: dict[str, int] = {}
    for window in natural_windows(stream):
        position = positions.get(window.change, 0)
        positions[window.change] = position + 1
        yield Window("natural", len(window.rows), 0, window.change, position, window.rows)
