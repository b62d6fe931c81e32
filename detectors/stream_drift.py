"""Drift of a window as a whole: one finding over all fields, with a guess whether the change hurts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from detectors.accord import GroupedRows, accord
from detectors.binning import Binning
from detectors.changed_fields import beside_in_words, changed_beside
from detectors.findings import ABOVE_HARMLESS, Confidence, Finding, Status, unjudged
from detectors.movement import movement
from detectors.profile import Profile
from detectors.severity import Severity, at_stake, severity
from detectors.stakes import Stakes
from detectors.turned_predictions import turned_predictions
from detectors.wording import count, name, number, severity_in_words

METHOD = "drift"
_JUDGED = ("ok", "warning", "critical")
_CHANGED = ("warning", "critical")
_NAMED_FIELDS = 3
# Outputs are blamed where turned predictions alone make half a page.
_BLAMED = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class KnownModel:
    """What is known of a model beside its fields' bins.

    ``importance`` is by field, from 0 to 1, and ``sources`` say where it comes from. ``outputs`` are the prediction and
    the scores, ``prediction`` the one whose turning costs (None where nothing is predicted). ``rows`` of the baseline
    tell what moves together; None where the baseline has none, or is not what a window is compared with.
    """

    importance: Mapping[str, float]
    sources: Mapping[str, str]
    outputs: Collection[str]
    prediction: str | None
    stakes: Stakes
    rows: GroupedRows | None


def stream_drift(
    findings: Sequence[Finding], binning: Binning, baseline: Profile, current: Profile, model: KnownModel
) -> list[Finding]:
    """The findings on fields, preceded by one on the whole window (``field`` None, method ``drift``).

    Its value is the largest ratio of a field's distance to its limit, so the threshold is 1. Its ``severity_score``
    says how much the change may hurt (see ``severity``); where it pages, the window and the fields that make it page
    are critical.
    """
    judged = [finding for finding in findings if finding.status in _JUDGED]
    if not judged:
        return [_unjudged(findings, baseline, current), *findings]
    harm = _harm(judged, binning, baseline, current, model)
    marked = [_marked(finding, harm, model.outputs) for finding in findings]
    return [_whole(marked, harm, baseline, current), *marked]


def _harm(
    judged: Sequence[Finding], binning: Binning, baseline: Profile, current: Profile, model: KnownModel
) -> Severity | None:
    names = [finding.field for finding in judged if finding.field is not None and finding.field not in model.outputs]
    movements = {field: movement(baseline.field(binning, field), current.field(binning, field)) for field in names}
    turned = None
    if model.prediction is not None:
        sides = baseline.field(binning, model.prediction), current.field(binning, model.prediction)
        turned = turned_predictions(model.stakes, *sides)
    costs = at_stake(movements, model.importance)
    worst = max(costs, key=lambda field: costs[field], default=None)
    together = None
    if model.rows is not None and worst is not None and costs[worst] > 0:
        together = accord(model.rows, binning, current, worst, model.outputs)
    drifted = any(finding.field in model.outputs and finding.status in _CHANGED for finding in judged)
    return severity(movements, model.importance, model.stakes, turned, together, drifted, model.sources)


def _marked(finding: Finding, harm: Severity | None, outputs: Collection[str]) -> Finding:
    """A field that changed and makes the window page is critical itself."""
    if finding.status != "warning" or harm is None or not harm.pages:
        return finding
    blamed = finding.field == harm.field or (
        finding.field in outputs and harm.turned is not None and harm.turned >= _BLAMED
    )
    return replace(finding, status="critical") if blamed else finding


def _whole(findings: Sequence[Finding], harm: Severity | None, baseline: Profile, current: Profile) -> Finding:
    ratios = {
        finding.field: finding.value / finding.threshold
        for finding in findings
        if finding.status in _JUDGED and finding.value is not None and finding.threshold and finding.field is not None
    }
    changed = sorted(
        (finding.field for finding in findings if finding.status in _CHANGED and finding.field is not None),
        key=lambda field: -ratios.get(field, 0.0),
    )
    sources = [finding.threshold_source for finding in findings if finding.threshold_source is not None]
    return Finding(
        kind="drift",
        method=METHOD,
        field=None,
        value=max(ratios.values(), default=0.0),
        threshold=1.0,
        threshold_source=sources[0] if sources else None,
        p_value=None,
        effect=len(changed) / len(ratios) if ratios else None,
        n_baseline=baseline.n,
        n_current=current.n,
        status=_status(findings, harm),
        reason=_reason(_changes(changed, ratios, _lasting(findings)), changed_beside(findings, changed), harm),
        confidence=_confidence(findings),
        severity_score=None if harm is None else harm.score,
    )


def _confidence(findings: Sequence[Finding]) -> Confidence:
    return "low" if any(each.confidence == "low" for each in findings if each.status in _JUDGED) else "normal"


def _status(findings: Sequence[Finding], harm: Severity | None) -> Status:
    statuses = {finding.status for finding in findings}
    if "critical" in statuses:
        return "critical"
    if "warning" not in statuses:
        return "ok"
    return "critical" if harm is not None and harm.pages else "warning"


def _reason(changes: str, beside: Sequence[str], harm: Severity | None) -> str:
    sentence = f"{changes}{beside_in_words(beside)}"
    if harm is None:
        return sentence
    return f"{sentence}; severity {severity_in_words(harm.score)} (pages from 1 on): {harm.reason}"


def _lasting(findings: Sequence[Finding]) -> list[str]:
    """The fields that are no news: changed, but as in windows that did no harm."""
    within = (each for each in findings if each.status == "ok" and each.threshold_source == ABOVE_HARMLESS)
    return [each.field for each in within if each.field is not None]


def _changes(changed: Sequence[str], ratios: Mapping[str, float], lasting: Sequence[str]) -> str:
    judged = count(len(ratios), "field", "fields")
    known = f", but {_listed([name(field) for field in lasting])} as in harmless windows before" if lasting else ""
    if not changed:
        return f"none of {judged} changed{' anew' if lasting else ''}{known}"
    return f"{len(changed)} of {judged} changed: {_listed([_times(field, ratios) for field in changed])}{known}"


def _times(field: str, ratios: Mapping[str, float]) -> str:
    return f"{name(field)} ({number(ratios[field])} times its limit)"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED_FIELDS} more" if len(names) > _NAMED_FIELDS else ""
    return f"{', '.join(names[:_NAMED_FIELDS])}{more}"


def _unjudged(findings: Sequence[Finding], baseline: Profile, current: Profile) -> Finding:
    reason = findings[0].reason if findings else "no field is watched"
    status: Literal["nodata", "insufficient"] = "insufficient" if current.n else "nodata"
    return unjudged("drift", METHOD, None, baseline.n, current.n, status, reason)
