"""In which segment did a window drift most? One finding over the segments of a window, from their own."""

from collections.abc import Mapping
from typing import Literal

from detectors.findings import Finding, unjudged
from detectors.wording import count, percent
from detectors.worst_segment import METHOD

_JUDGED = ("ok", "warning", "critical")


def worst_drift_finding(segments: Mapping[str, Finding], n_rows: int) -> Finding:
    """The segment whose largest distance is highest above its limit; of a window of ``n_rows`` rows.

    ``segments`` are the findings over all fields of each segment (``stream_drift``). Their limits share one budget of
    false alarms, so that the search over segments is paid for already. Value: the largest ratio of a distance to its
    limit, so the threshold is 1. Status and severity are those of the segment, the effect is its share of the rows.
    Insufficient where no segment could be judged.
    """
    judged = {name: finding for name, finding in segments.items() if finding.status in _JUDGED}
    if not judged:
        status: Literal["insufficient", "nodata"] = "insufficient" if n_rows else "nodata"
        reason = f"none of {count(len(segments), 'segment', 'segments')} could be judged"
        return unjudged("drift", METHOD, None, 0, n_rows, status, reason if n_rows else "no rows in this window")
    name, worst = max(judged.items(), key=lambda each: (each[1].value or 0.0, each[0]))
    changed = sum(finding.status != "ok" for finding in judged.values())
    of_all = f"of {count(len(judged), 'segment', 'segments')} drifted"
    told = f"{changed} {of_all}, most" if changed else f"none {of_all}; the nearest is"
    share = worst.n_current / max(n_rows, 1)
    return Finding(
        kind="drift",
        method=METHOD,
        field=None,
        value=worst.value,
        threshold=1.0,
        threshold_source=worst.threshold_source,
        p_value=None,
        effect=share,
        n_baseline=worst.n_baseline,
        n_current=worst.n_current,
        status=worst.status,
        reason=f"{told} {name} ({percent(share)} of the rows): {worst.reason}",
        confidence=worst.confidence,
        severity_score=worst.severity_score,
    )
