"""Drift of a window as a whole: one finding over all fields, with a guess whether the change hurts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from detectors.binning import Binning
from detectors.bins import NumericBins
from detectors.distances import ks, total_variation
from detectors.drift_methods import compared_counts
from detectors.field_profile import FieldProfile
from detectors.findings import Confidence, Finding, Status, unjudged
from detectors.profile import Profile
from detectors.severity import SHIFT_LEVEL, Severity, severity
from detectors.wording import count, name, number

METHOD = "drift"
_JUDGED = ("ok", "warning", "critical")
_CHANGED = ("warning", "critical")
_NAMED_FIELDS = 3


def stream_drift(
    findings: Sequence[Finding],
    binning: Binning,
    baseline: Profile,
    current: Profile,
    importance: Mapping[str, float],
    outputs: Collection[str],
) -> list[Finding]:
    """The findings on fields, preceded by one on the whole window (``field`` None, method ``drift``).

    Its value is the largest ratio of a field's distance to its limit, so the threshold is 1. Its ``severity_score``
    says how much the change may hurt (see ``severity``); where it pages, the window and the fields that make it page
    are critical. ``importance`` is by field, from 0 to 1; ``outputs`` are the prediction and the scores.
    """
    judged = [finding for finding in findings if finding.status in _JUDGED]
    if not judged:
        return [_unjudged(findings, baseline, current), *findings]
    effects = _effects(judged, binning, baseline, current)
    shifts = {field: effects.pop(field) for field in list(effects) if field in outputs}
    harm = severity(effects, importance, shifts)
    marked = [_marked(finding, harm, outputs) for finding in findings]
    return [_whole(marked, harm, baseline, current), *marked]


def _effects(judged: Sequence[Finding], binning: Binning, baseline: Profile, current: Profile) -> dict[str, float]:
    return {
        finding.field: moved_share(baseline.field(binning, finding.field), current.field(binning, finding.field))
        for finding in judged
        if finding.field is not None
    }


def moved_share(baseline: FieldProfile, current: FieldProfile) -> float:
    """How far a field moved, from 0 to 1.

    The largest of the distance of its values (KS for numbers, total variation for categories) and of the changes of
    the shares of rows that are missing, mistyped or NaN, and infinite.
    """
    distance = ks if isinstance(baseline.definition, NumericBins) else total_variation
    shares = [
        [each.missing / each.n, (each.mistyped + each.nan) / each.n, each.infinite / each.n] if each.n else [0.0] * 3
        for each in (baseline, current)
    ]
    moved = distance(*compared_counts(baseline, current)).value or 0.0
    changes = [abs(before - now) for before, now in zip(*shares, strict=True)]
    return float(max(moved, *changes))


def _marked(finding: Finding, harm: Severity | None, outputs: Collection[str]) -> Finding:
    """A field that changed and makes the window page is critical itself."""
    if finding.status != "warning" or harm is None or not harm.pages:
        return finding
    blamed = finding.field == harm.field or (
        finding.field in outputs and harm.shift is not None and harm.shift >= SHIFT_LEVEL
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
        reason=_reason(changed, ratios, harm),
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


def _reason(changed: Sequence[str], ratios: Mapping[str, float], harm: Severity | None) -> str:
    sentence = _changes(changed, ratios)
    return sentence if harm is None else f"{sentence}; severity {number(harm.score)} (1 pages): {harm.reason}"


def _changes(changed: Sequence[str], ratios: Mapping[str, float]) -> str:
    if not changed:
        return f"none of {count(len(ratios), 'field', 'fields')} changed"
    named = ", ".join(f"{name(field)} ({number(ratios[field])} times its limit)" for field in changed[:_NAMED_FIELDS])
    more = f" and {len(changed) - _NAMED_FIELDS} more" if len(changed) > _NAMED_FIELDS else ""
    return f"{len(changed)} of {count(len(ratios), 'field', 'fields')} changed: {named}{more}"


def _unjudged(findings: Sequence[Finding], baseline: Profile, current: Profile) -> Finding:
    reason = findings[0].reason if findings else "no field is watched"
    status: Literal["nodata", "insufficient"] = "insufficient" if current.n else "nodata"
    return unjudged("drift", METHOD, None, baseline.n, current.n, status, reason)
