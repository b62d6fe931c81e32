"""All verdicts as one table, a row each, and the choices of rows that the measures work on."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.quality.arena import Judged, Outcome
from benchmarks.quality.harm import Harm
from benchmarks.quality.scenarios import Scenario


def verdict_table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """A row for each verdict, with what is known of its scenario: family, field, nature, harm.

    ``cluster`` are windows that share their luck: those of a stream and seed, or of a scenario.
    """
    scenarios = {scenario.name: scenario for outcome in outcomes for scenario in outcome.harms}
    harms = {scenario.name: harm for outcome in outcomes for scenario, harm in outcome.harms.items()}
    rows = [_row(one, scenarios, harms) for outcome in outcomes for one in outcome.judged]
    return pd.DataFrame(rows)


def _row(one: Judged, scenarios: Mapping[str, Scenario], harms: Mapping[str, Harm]) -> dict[str, object]:
    scenario, harm = scenarios.get(one.of), harms.get(one.of)
    verdict = one.verdict
    return {
        "stream": one.stream,
        "contender": one.contender,
        "part": one.part,
        "size": one.size,
        "seed": one.seed,
        "of": one.of,
        "position": one.position,
        "loss": one.loss,
        "alarm": verdict.alarm,
        "statistic": verdict.statistic,
        "severity": verdict.severity,
        "pages": verdict.pages,
        "by_labels": one.by_labels,
        "fields": verdict.fields,
        "estimate": np.nan if verdict.estimate is None else verdict.estimate,
        "trusted": verdict.trusted,
        "missed_before": one.missed_before,
        "parted": verdict.parted,
        "hurts": one.hurts,
        "family": scenario.family if scenario else "",
        "effect_size": scenario.size if scenario else np.nan,
        "nature": scenario.nature if scenario else "none",
        "reportable": bool(scenario and scenario.reportable),
        "harm": harm.verdict if harm else "",
        "cluster": f"{one.stream}/{one.of}" if one.part == "scenario" else f"{one.stream}/{one.seed}",
    }


def of_part(table: pd.DataFrame, *parts: str) -> pd.DataFrame:
    """The rows of these parts."""
    return table[table["part"].isin(parts)]


def at_binding_size(table: pd.DataFrame) -> pd.DataFrame:
    """Permuted windows of the size that scenarios have, stream by stream; all other rows."""
    binding = table[table["part"] == "scenario"].groupby("stream")["size"].first()
    permuted = table["part"].isin(("tune", "null"))
    return table[~permuted | (table["size"] == table["stream"].map(binding))]


def visible_harm(table: pd.DataFrame) -> pd.DataFrame:
    """Windows of scenarios that are clearly harmful or harmless and that can be seen without labels."""
    scenario = of_part(table, "scenario")
    return scenario[scenario["harm"].isin(("harmful", "harmless")) & (scenario["nature"] != "concept")]


def in_order(names: Iterable[str]) -> list[str]:
    """Each name once, in order of first appearance."""
    return list(dict.fromkeys(names))
