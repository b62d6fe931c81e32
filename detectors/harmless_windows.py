"""Which earlier windows did their labels show to be harmless? What such windows were like is known not to hurt."""

from collections.abc import Sequence

from detectors.findings import Finding
from detectors.performance import TOLERANCE_LOSS, TOLERANCE_SHARE, performance_findings
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile, total_performance

# So many are looked at together: one alone rarely has labels enough to tell.
MOST_WINDOWS = 4
# Of fewer rows than this share nobody knows whether those with labels are like the others.
LEAST_LABELLED = 0.5
# Labels that would not show a loss of so many tolerances show nothing: five points of accuracy.
_MOST_TOLERANCES = 5.0


def harmless_windows(
    layout: Layout, baseline: PerformanceProfile | None, windows: Sequence[PerformanceProfile], rows: Sequence[int]
) -> tuple[int, ...]:
    """Positions of the newest windows, four at most, whose labels show no loss; none where too few would show one.

    ``windows`` are in order, the newest last, and ``rows`` are all their rows, with and without a label. Half of a
    window's rows need a label, and none of the default metrics may be beyond its limit (see ``performance_findings``).
    Over the windows together accuracy (of regression MAE) must be within its limit, and the limit no further from the
    baseline's value than five tolerances: five points, or a quarter of the error.
    """
    if baseline is None:
        return ()
    found = [
        position
        for position, (window, n_rows) in enumerate(zip(windows, rows, strict=True))
        if n_rows and window.n_labelled >= LEAST_LABELLED * n_rows and _no_loss(layout, baseline, window, n_rows)
    ][-MOST_WINDOWS:]
    together = total_performance(layout, [windows[position] for position in found])
    finding = _main(layout, baseline, together)
    return tuple(found) if finding.status == "ok" and _would_show(layout, finding) else ()


def _no_loss(layout: Layout, baseline: PerformanceProfile, window: PerformanceProfile, n_rows: int) -> bool:
    worse = any(
        finding.status in ("warning", "critical") for finding in performance_findings(layout, baseline, window, n_rows)
    )
    return not worse and _main(layout, baseline, window).status == "ok"


def _main(layout: Layout, baseline: PerformanceProfile, window: PerformanceProfile) -> Finding:
    metric = "mae" if layout.task == "regression" else "accuracy"
    return performance_findings(layout, baseline, window, window.n_labelled, metrics=[metric])[0]


def _would_show(layout: Layout, finding: Finding) -> bool:
    """Whether the limit is near enough to the baseline's value."""
    if finding.value is None or finding.effect is None or finding.threshold is None:
        return False
    before = finding.value - finding.effect
    tolerance = TOLERANCE_LOSS * abs(before) if layout.task == "regression" else TOLERANCE_SHARE
    return abs(finding.threshold - before) <= _MOST_TOLERANCES * tolerance
