"""Is the model expected to have got worse, before labels tell? One finding for each metric of a window.

An estimate warns and never is critical by itself: it rests on what scores meant at the baseline. Where something
speaks against it, the finding is insufficient, says so, and carries the value all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detectors.calibration_map import Calibration
from detectors.estimates import Estimate, undefined
from detectors.estimation import estimable_metrics, estimated_metric
from detectors.findings import Finding, unjudged
from detectors.metric_intervals import metric_interval
from detectors.metrics import Metric, Values, default_metrics, metric_of_layout
from detectors.performance import MIN_ROWS, change_of, interval_in_words, limit_of, shown, status_of
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile
from detectors.trust import Trust
from detectors.wording import count

CBPE = "cbpe"
RELIED_ON = Trust(trusted=True)


@dataclass(frozen=True, slots=True)
class Estimated:
    """A metric's estimate at the baseline and in the window, made the same way."""

    metric: Metric
    before: Estimate
    now: Estimate


def estimate_findings(
    layout: Layout,
    calibration: Calibration,
    baseline: PerformanceProfile,
    current: PerformanceProfile,
    n_rows: int,
    *,
    metrics: Sequence[str] | None = None,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
    relied_on: Trust = RELIED_ON,
    business_value: Values | None = None,
) -> list[Finding]:
    """A finding of kind ``estimate`` and method ``cbpe_<metric>`` for each of ``metrics``, labels or no labels.

    Without ``metrics`` those of the task that can be estimated. ``calibration`` is learnt from the labels of
    ``baseline``; ``n_rows`` are all rows of the window. Limits are those of ``performance_findings``, held against the
    estimate at the baseline, so that what both have in common does not count; a breach is a warning at most. The
    effect is the estimate less that of the baseline, ``n_baseline`` the labelled rows the calibration was learnt from,
    ``n_current`` the rows of the window with a score, at least ``min_rows``. ``relied_on`` is the verdict of
    ``trust``. ValueError names a metric that is unknown or not for the task.
    """
    names = default_metrics(layout) if metrics is None else metrics
    known = [metric_of_layout(name, layout) for name in names]
    estimated = [_estimated(layout, calibration, baseline, current, metric, business_value) for metric in known]
    n_baseline = calibration.maps[0].n if calibration.maps else 0
    return [
        judged_estimate(each, CBPE, n_baseline, n_rows, threshold=threshold, min_rows=min_rows, relied_on=relied_on)
        for each in estimated
    ]


def judged_estimate(
    estimated: Estimated,
    method: str,
    n_baseline: int,
    n_rows: int,
    *,
    threshold: float | None,
    min_rows: int,
    relied_on: Trust,
) -> Finding:
    """The finding on one estimate, whatever it was made by; ``method`` is how the name of its method begins."""
    finding = _judged(estimated, method, n_baseline, n_rows, threshold, min_rows, relied_on)
    interval = metric_interval(estimated.metric, estimated.now)
    return replace(finding, interval_low=interval.low, interval_high=interval.high)


def _judged(
    estimated: Estimated,
    method: str,
    n_baseline: int,
    n_rows: int,
    threshold: float | None,
    min_rows: int,
    relied_on: Trust,
) -> Finding:
    metric, before, now = estimated.metric, estimated.before, estimated.now
    name = f"{method}_{metric.name}"
    if not n_rows:
        return unjudged("estimate", name, None, n_baseline, 0, "nodata", "no rows in this window")
    coverage = f"{now.n:,} of {count(n_rows, 'row', 'rows')}"
    reason = _cannot_judge(estimated, coverage, threshold, max(min_rows, 1), relied_on)
    limit = limit_of(metric, before, now, threshold)
    if reason or limit is None or now.value is None:
        return unjudged("estimate", name, None, n_baseline, now.n, "insufficient", reason, now.value)
    return Finding(
        kind="estimate",
        method=name,
        field=None,
        value=now.value,
        threshold=limit.value,
        threshold_source=limit.source,
        p_value=None,
        effect=None if before.value is None else now.value - before.value,
        n_baseline=n_baseline,
        n_current=now.n,
        status="ok" if status_of(metric, now.value, limit) == "ok" else "warning",
        reason=_reason(estimated, coverage),
        confidence="low" if limit.low_confidence else "normal",
    )


def _estimated(
    layout: Layout,
    calibration: Calibration,
    baseline: PerformanceProfile,
    current: PerformanceProfile,
    metric: Metric,
    worth: Values | None,
) -> Estimated:
    """Averages over classes are over the same classes on both sides."""
    if metric.over != "class" and metric.name not in estimable_metrics(layout):
        nothing = undefined(0, f"{metric.title} cannot be estimated without labels")
        return Estimated(metric, nothing, nothing)
    now = estimated_metric(layout, calibration, current, metric.name, (), worth)
    before = estimated_metric(layout, calibration, baseline, metric.name, now.left_out, worth)
    if before.value is not None and set(before.left_out) != set(now.left_out):
        now = estimated_metric(layout, calibration, current, metric.name, before.left_out, worth)
    return Estimated(metric, before, now)


def _cannot_judge(estimated: Estimated, coverage: str, threshold: float | None, least: int, relied_on: Trust) -> str:
    metric, before, now = estimated.metric, estimated.before, estimated.now
    if now.value is None:
        return f"no estimate of {metric.title}: {now.reason}"
    here = f"estimated {metric.title} is {_with_interval(metric, now)} on {coverage}"
    if now.n < least:
        return f"{here}, at least {least:,} are needed"
    if not relied_on.trusted:
        return f"{relied_on.reason}: {here}"
    if before.value is None and threshold is None:
        return f"{here}, and there is no estimate at the baseline: {before.reason}"
    return ""


def _reason(estimated: Estimated, coverage: str) -> str:
    metric, before, now = estimated.metric, estimated.before, estimated.now
    if before.value is None or now.value is None:
        return f"estimated {metric.title} is {_with_interval(metric, now)} on {coverage}"
    interval = interval_in_words(metric, now)
    certain = f", 95 % interval {interval}," if interval else ""
    return f"estimated {change_of(metric, before.value, now.value)}{certain} on {coverage}"


def _with_interval(metric: Metric, found: Estimate) -> str:
    interval = interval_in_words(metric, found)
    return shown(metric, found.value or 0.0) + (f" ({interval})" if interval else "")
