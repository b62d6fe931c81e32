"""Findings that say again what other alerts of their monitor say: they wait while one of those is told.

The running risk adds up the losses that the metrics of each window show, and the worst segment is a part of the rows
they are computed from. While a metric fires, whoever is on call knows that the model loses: another message about the
same losses is noise, and so is the one that it is over. What is bad by itself is told like everything else.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from msgspec.structs import replace

from alerts.lifecycle import Subject, is_firing, subject
from store.definitions import MonitorSpec, RiskMethod
from store.records import Alert, Result

# Slow drift is none of them: it names no field that the window reports by itself.
SECONDARY = frozenset(("worst_segment", *get_args(RiskMethod)))
_NEVER = 1 << 31


def metrics_first(results: Iterable[Result]) -> list[Result]:
    """The results of a window in the order in which their alerts step: what others wait for comes before them."""
    return sorted(results, key=lambda result: result.method in SECONDARY)


def rule_for(
    result: Result, of_window: Sequence[Result], states: Mapping[Subject, Alert], spec: MonitorSpec
) -> MonitorSpec:
    """``spec``, under which the alert of a result steps; for one that has to wait it never begins to fire.

    A secondary finding waits, in state pending, while an alert of a metric of its monitor fires (in whatever segment).
    If it is still bad in a window after which none does, it fires then. An alert that fires already goes on under the
    same rule as ever. ``of_window`` are all results of the run, ``states`` the alerts after those that step before.
    """
    if result.method not in SECONDARY:
        return spec
    metrics = (each for each in of_window if each.kind == "performance" and each.method not in SECONDARY)
    alerts = (states.get(subject(each)) for each in metrics)
    waits = any(alert is not None and is_firing(alert) for alert in alerts)
    return replace(spec, fire_after=_NEVER) if waits else spec
