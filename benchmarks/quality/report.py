"""The measures of all contenders as Markdown tables."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.quality import measures
from benchmarks.quality.arena import Outcome
from benchmarks.quality.intervals import NOTHING, Interval
from benchmarks.quality.scores import Paging
from benchmarks.quality.verdicts import in_order, of_part, verdict_table

NONE = "-"
_YES_OR_NO = {True: "yes", False: "no", None: NONE}


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """All measures of one contender. ``power`` by family and size, ``severity`` by stream."""

    contender: str
    windows: int
    cells: Mapping[str, str]
    false_alarms: Mapping[str, Interval]
    severity: Mapping[str, Interval]
    power: Mapping[tuple[str, float], Interval]
    estimate: measures.EstimateResult | None
    missed: Sequence[str]
    false_alarms_overall: Interval
    severity_overall: Interval


def summaries(outcomes: Sequence[Outcome]) -> list[Summary]:
    """One for each contender, in the order in which they entered."""
    table = verdict_table(outcomes)
    return [_summary(name, table[table["contender"] == name]) for name in in_order(table["contender"].tolist())]


def _summary(name: str, rows: pd.DataFrame) -> Summary:
    tuned = measures.retuned(rows)
    pages = measures.paging_result(rows)
    false_alarms, severity = measures.false_alarms(rows), measures.severity_macro(rows)
    cells = {
        "false alarms a month": shown(false_alarms, 1),
        "natural a month": shown(measures.natural_alarms(rows), 1),
        "of these without harm": shown(measures.natural_alarms_without_harm(rows), 1),
        "natural new alerts a month": shown(measures.natural_new_alerts(rows), 1),
        "severity AUROC": shown(severity, 2),
        "pages right": paging_cell(pages.own),
        "pages right, level from elsewhere": paging_cell(pages.elsewhere),
        "harmless alarms %": shown(measures.harmless_alarms(rows).times(100), 0),
        "harm paged, no labels %": shown(measures.harm_paged(rows).times(100), 0),
        "harm paged, with labels %": shown(measures.harm_paged_with_labels(rows).times(100), 0),
        "harmless pages %": shown(measures.harmless_pages(rows).times(100), 0),
        "of populations %": shown(measures.population_pages(rows).times(100), 0),
        "harmless pages by labels %": shown(measures.harmless_pages_by_labels(rows).times(100), 0),
        "breaks told %": shown(measures.breaks_reported(rows).times(100), 0),
        "power on harm %": shown(measures.power(tuned, harm="harmful").times(100), 0),
        "the same on harmless %": shown(measures.power(tuned, harm="harmless").times(100), 0),
        "delay": shown(measures.delay(tuned), 2),
        "equal rate really": shown(measures.equal_false_alarms(tuned), 1),
        "controls alarm / page %": " and ".join(_control(rows, change) for change in measures.CONTROLS),
        "swapped found by the joint test %": shown(measures.swaps_found(rows).times(100), 0),
        "concept alarms %": shown(measures.natural_share(rows, measures.CONCEPT, "alarm").times(100), 0),
        "concept pages by labels %": shown(measures.natural_share(rows, measures.CONCEPT, "by_labels").times(100), 0),
        "its first window does": _YES_OR_NO[measures.concept_paged_at_once(rows)],
        "its false alarms a month": shown(measures.joint_false_alarms(rows), 1),
    }
    by_stream = {str(stream.iloc[0]["stream"]): stream for _, stream in rows.groupby("stream", sort=False)}
    return Summary(
        contender=name,
        windows=len(rows),
        cells=cells,
        false_alarms={stream: measures.false_alarms(own) for stream, own in by_stream.items()},
        severity=measures.severity_by_stream(rows),
        power=measures.power_by_effect(tuned),
        estimate=measures.estimate_result(rows),
        missed=measures.missed(rows),
        false_alarms_overall=false_alarms,
        severity_overall=severity,
    )


def _control(rows: pd.DataFrame, change: tuple[str, str]) -> str:
    alarm, page = (measures.natural_share(rows, change, column).times(100) for column in ("alarm", "pages"))
    return f"{number(alarm.value, 0)} / {number(page.value, 0)}"


def number(value: float, digits: int) -> str:
    """A number, or a dash where it is not known."""
    return NONE if math.isnan(value) else f"{value:.{digits}f}"


def shown(interval: Interval, digits: int) -> str:
    """A value with its interval."""
    if math.isnan(interval.value):
        return NONE
    return f"{interval.value:.{digits}f} ({interval.low:.{digits}f}-{interval.high:.{digits}f})"


def paging_cell(result: Paging) -> str:
    """Precision and recall in percent."""
    return f"{number(100 * result.precision, 0)} of pages, {number(100 * result.recall, 0)} of harm"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def overview(found: Sequence[Summary]) -> str:
    """The table of everything, a contender a column."""
    names = list(found[0].cells)
    rows = [[name, *(one.cells[name] for one in found)] for name in names]
    return table(["", *(one.contender for one in found)], [*rows, ["windows", *(f"{one.windows:,}" for one in found)]])


def by_stream(found: Sequence[Summary], of: Callable[[Summary], Mapping[str, Interval]], digits: int) -> str:
    """A stream a row."""
    streams = in_order(stream for one in found for stream in of(one))
    rows = [
        [stream, *(shown(of(one)[stream], digits) if stream in of(one) else NONE for one in found)]
        for stream in streams
    ]
    return table(["stream", *(one.contender for one in found)], rows)


def by_effect(found: Sequence[Summary]) -> str:
    """A family and size a row, percent of windows that alarm at the equal rate; contenders that were tuned."""
    tuned = [one for one in found if one.power]
    effects = in_order_of(tuned)
    rows = [
        [family, f"{size:g}", *(number(100 * one.power.get((family, size), NOTHING).value, 0) for one in tuned)]
        for family, size in effects
    ]
    return table(["injection", "size", *(one.contender for one in tuned)], rows)


def in_order_of(tuned: Sequence[Summary]) -> list[tuple[str, float]]:
    """Families in the order in which they appeared, sizes ascending."""
    families = in_order(family for one in tuned for family, _ in one.power)
    sizes = {effect for one in tuned for effect in one.power}
    return sorted(sizes, key=lambda effect: (families.index(effect[0]), effect[1]))


def estimates(found: Sequence[Summary]) -> str:
    """Contenders that estimate the accuracy."""
    rows = []
    for one in found:
        if one.estimate is None:
            continue
        told = one.estimate
        shares = (
            *(told.flagged, told.flagged_visible, told.flagged_later),
            *(told.flagged_right, told.flagged_right_later),
        )
        rows.append(
            [
                one.contender,
                shown(told.null, 1),
                shown(told.harmful, 1),
                str(told.off),
                *(number(100 * share, 0) for share in shares),
            ]
        )
    header = [
        *("", "error, no change", "error, harmful", "windows off"),
        *("of these flagged %", "without flipped labels %", "after labels %"),
        *("good ones flagged %", "after labels %"),
    ]
    return table(header, rows) if rows else "Nobody made an estimate.\n"


def harms(outcomes: Sequence[Outcome]) -> str:
    """How many scenarios of each stream are harmful, harmless or neither."""
    rows = []
    for outcome in outcomes:
        counts = [sum(harm.verdict == word for harm in outcome.harms.values()) for word in _VERDICTS]
        rows.append([outcome.stream, *map(str, counts)])
    return table(["stream", *_VERDICTS], rows)


_VERDICTS = ("harmful", "between", "harmless")


def missed(found: Sequence[Summary]) -> str:
    """The harmful scenarios that each contender misses."""
    return "\n".join(f"- **{one.contender}** ({len(one.missed)}): {'; '.join(one.missed) or 'none'}" for one in found)


def report(outcomes: Sequence[Outcome], found: Sequence[Summary], how: str) -> str:
    """The whole report; ``how`` says in a sentence what was run."""
    left = [sentence for outcome in outcomes for sentence in outcome.left]
    all_windows = verdict_table(outcomes)
    permuted = of_part(all_windows[all_windows["contender"] == found[0].contender], "tune", "null")
    said = (
        f"{how} Permuted windows: {len(permuted):,} ({int(np.sum(permuted['part'] == 'tune')):,} to tune on). "
        "Intervals are 95 % bootstrap intervals over seeds or scenarios. Columns: see docs/benchmarks.md.\n"
    )
    parts = [
        "# Detection quality\n",
        said,
        overview(found),
        "## False alarms in a model-month, permuted rows\n",
        by_stream(found, lambda one: one.false_alarms, 1),
        "## Severity: AUROC for harm\n",
        by_stream(found, lambda one: one.severity, 2),
        "## Windows that alarm at an equal false-alarm rate, percent\n",
        by_effect(found),
        "## Estimated accuracy, points\n",
        estimates(found),
        "## Scenarios\n",
        harms(outcomes),
        "## Harmful scenarios that alarm in fewer than half of their windows\n",
        missed(found),
    ]
    return "\n".join(parts) + "\n" + "".join(f"\n{sentence}\n" for sentence in dict.fromkeys(left))
