"""Slow drift as a finding on a window: one over all fields, which names those that drift."""

import math
from collections.abc import Collection, Sequence

import numpy as np

from detectors.drift_directions import Directions
from detectors.findings import CALIBRATED, Confidence, Finding, unjudged
from detectors.slow_drift import SlowDrift, accumulate
from detectors.window_scores import Numbers
from detectors.wording import count, name

METHOD = "slow_drift"
_NAMED_FIELDS = 3


def slow_drift_finding(
    of: Directions,
    deviates: Numbers,
    reported: Collection[str],
    run_length: float,
    n_baseline: int,
    n_current: int,
    confidence: Confidence,
) -> Finding:
    """Whether the last of the windows that added ``deviates`` (float64[W, 2, n]) ends a stretch of slow drift.

    ``field`` is None. With e the evidence of all fields the value is log10(1 + e), and so is the threshold with
    e = ``run_length``; the effect is the mean shift of the leading score over the windows for which it lasted, less the
    baseline's own error, in standard deviations of the score. A warning at most. Insufficient where the last window
    has nothing to add, and where all fields that drift are ``reported`` by this window itself: then slow drift is no
    news, and not over either.
    """
    if not n_current:
        return unjudged("drift", METHOD, None, n_baseline, 0, "nodata", "no rows in this window")
    if np.isnan(deviates[-1]).all():
        reason = "no field has enough values in this window" if of.n else "every field is constant at the baseline"
        return unjudged("drift", METHOD, None, n_baseline, n_current, "insufficient", reason)
    found = accumulate(of, deviates, run_length)
    drifting = _drifting(found, math.log(run_length))
    value = float(np.logaddexp(0.0, found.total)) / math.log(10)
    if drifting and {of.scale.fields[field] for field in drifting} <= set(reported):
        reason = f"no news: {_named(of, drifting)} reported by this window itself"
        return unjudged("drift", METHOD, None, n_baseline, n_current, "insufficient", reason, value)
    return Finding(
        kind="drift",
        method=METHOD,
        field=None,
        value=value,
        threshold=math.log10(1 + run_length),
        threshold_source=CALIBRATED,
        p_value=None,
        effect=_effect(found, deviates.reshape(len(deviates), 2 * of.n), n_current),
        n_baseline=n_baseline,
        n_current=n_current,
        status="warning" if drifting else "ok",
        reason=_reason(of, found, drifting),
        confidence=confidence,
    )


def _drifting(found: SlowDrift, limit: float) -> list[int]:
    """The fields that drift where there is an alarm, those with the most evidence first."""
    if not found.alarm:
        return []
    ranked = [int(field) for field in np.argsort(-found.log_evidence, kind="stable")]
    # The total is a mean, so where it passed the limit some field did; while an alarm ends none may be left.
    return [field for field in ranked if found.log_evidence[field] >= limit] or ranked[:1]


def _effect(found: SlowDrift, bets: Numbers, n_current: int) -> float:
    first = int(np.argmax(found.log_evidence))
    lasting = bets[-found.since[first] :, found.leading[first]]
    defined = lasting[~np.isnan(lasting)]
    return float(defined.mean()) / math.sqrt(n_current) if len(defined) else 0.0


def _reason(of: Directions, found: SlowDrift, drifting: Sequence[int]) -> str:
    fields = count(sum(bool(field.names) for field in of.fields), "field", "fields")
    if not drifting:
        return f"no slow drift of {fields} over {count(len(found.alarms), 'window', 'windows')}"
    named = ", ".join(_moved(of, found, field) for field in drifting[:_NAMED_FIELDS])
    return f"{len(drifting)} of {fields} drifting slowly: {named}{_more(drifting)}"


def _named(of: Directions, drifting: Sequence[int]) -> str:
    named = ", ".join(name(of.scale.fields[field]) for field in drifting[:_NAMED_FIELDS])
    return f"{named}{_more(drifting)} {'is' if len(drifting) == 1 else 'are'}"


def _more(drifting: Sequence[int]) -> str:
    return f" and {len(drifting) - _NAMED_FIELDS} more" if len(drifting) > _NAMED_FIELDS else ""


def _moved(of: Directions, found: SlowDrift, field: int) -> str:
    bet = int(found.leading[field])
    score = bet % of.n - int(np.flatnonzero(of.field_of == field)[0])
    way = "rising" if bet < of.n else "falling"
    lasted = count(int(found.since[field]), "window", "windows")
    return f"{name(of.scale.fields[field])} ({of.fields[field].names[score]} {way} for about {lasted})"
