"""Did about as many rows come as usual?"""

import statistics
from collections.abc import Sequence

from detectors.findings import FIXED, GIVEN, Finding, Status, unjudged
from detectors.wording import count, number

VOLUME_LOW, VOLUME_HIGH = 0.25, 4.0
VOLUME_WINDOWS = 7
VOLUME_LEAST_WINDOWS = 3
# With fewer rows in the usual window, a quarter of them is chance.
VOLUME_LEAST_ROWS = 20


def volume_finding(n: int, earlier_counts: Sequence[int], threshold: float | None = None) -> Finding:
    """The rows of a window over the median of up to the last seven of ``earlier_counts`` (oldest first).

    Weekends and holidays halve the traffic of healthy models, so it is a warning at a quarter or less and at four
    times or more, and critical at an eighth, at eight times, and without any row. A ``threshold`` stands for the
    quarter, and its inverse for the four times. Under three earlier windows, or where they hold fewer than 20 rows
    each, the finding is insufficient. The effect is the ratio less one.
    """
    recent = list(earlier_counts)[-VOLUME_WINDOWS:]
    usual = statistics.median(recent) if recent else 0.0
    if len(recent) < VOLUME_LEAST_WINDOWS:
        held = f"{count(n, 'row', 'rows')}; {count(len(recent), 'earlier window', 'earlier windows')} to compare with"
        return _no_volume(n, 0, f"{held}, at least {VOLUME_LEAST_WINDOWS} are needed")
    if usual < VOLUME_LEAST_ROWS:
        reason = f"{count(n, 'row', 'rows')}; the earlier windows hold {number(usual)} each, too few to judge"
        return _no_volume(n, round(usual), reason)
    ratio = n / usual
    low, high = (VOLUME_LOW, VOLUME_HIGH) if threshold is None else _both_ways(threshold)
    limit = low if ratio < 1 else high
    return Finding(
        kind="quality",
        method="volume",
        field=None,
        value=ratio,
        threshold=limit,
        threshold_source=FIXED if threshold is None else GIVEN,
        p_value=None,
        effect=ratio - 1,
        n_baseline=round(usual),
        n_current=n,
        status=_volume_status(ratio, low, high),
        reason=f"{count(n, 'row', 'rows')}, {number(ratio)} times the usual {number(usual)} "
        f"(median of {len(recent)} earlier windows)",
        confidence="normal",
    )


def _no_volume(n: int, usual: int, reason: str) -> Finding:
    return unjudged("quality", "volume", None, usual, n, "insufficient", reason)


def _both_ways(threshold: float) -> tuple[float, float]:
    if threshold <= 0:
        raise ValueError(f"threshold {threshold} for volume: give a ratio above 0, like 0.25")
    return min(threshold, 1 / threshold), max(threshold, 1 / threshold)


def _volume_status(ratio: float, low: float, high: float) -> Status:
    if ratio <= low / 2 or ratio >= 2 * high:
        return "critical"
    return "warning" if ratio <= low or ratio >= high else "ok"
