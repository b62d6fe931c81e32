"""Are the labels of the classes that were declared? Others are left out of every metric, so many are a break."""

from detectors.findings import FIXED, RAISED, Finding, Status, unjudged
from detectors.label_drift import class_counts
from detectors.noise import share_noise
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile
from detectors.wording import count, percent

METHOD = "unknown_labels"
ALLOWED_RISE = 0.01
MIN_ROWS = 30


def unknown_labels_finding(
    layout: Layout, baseline: PerformanceProfile | None, current: PerformanceProfile, *, min_rows: int = MIN_ROWS
) -> Finding:
    """The share of the labels of a classifier that are of no declared class, of the whole model.

    It may exceed the baseline's share (0 where the baseline has no labels) by .01, and by what chance exceeds once in
    1,000 windows; at twice the rise it is critical. The effect is the rise. Insufficient under ``min_rows`` labels.
    ValueError for a regression model, which has no classes.
    """
    classes = layout.known_classes.labels
    n_baseline, n = (0 if baseline is None else baseline.n_labelled), current.n_labelled
    if n < max(min_rows, 1):
        reason = f"{count(n, 'label', 'labels')}, at least {max(min_rows, 1):,} are needed"
        return unjudged("quality", METHOD, None, n_baseline, n, "insufficient", reason)
    before = 0 if baseline is None else int(class_counts(layout, baseline)[-1])
    unknown = int(class_counts(layout, current)[-1])
    value, usual = unknown / n, before / n_baseline if n_baseline else 0.0
    fixed, by_chance = usual + ALLOWED_RISE, share_noise(before, n_baseline, n) if n_baseline else 0.0
    limit, source = (by_chance, RAISED) if by_chance > fixed else (fixed, FIXED)
    critical = usual + 2 * (limit - usual)
    status: Status = "ok" if value < limit else "critical" if value >= critical else "warning"
    words = f"{unknown:,} of {count(n, 'label', 'labels')} ({percent(value)}) are of none of the classes"
    shown = ", ".join(classes[:5]) + (f" and {len(classes) - 5} more" if len(classes) > 5 else "")
    return Finding(
        kind="quality",
        method=METHOD,
        field=None,
        value=value,
        threshold=limit,
        threshold_source=source,
        p_value=None,
        effect=value - usual,
        n_baseline=n_baseline,
        n_current=n,
        status=status,
        reason=f"{words} {shown}" if unknown else "every label is of a declared class",
        confidence="low" if source == RAISED else "normal",
    )
