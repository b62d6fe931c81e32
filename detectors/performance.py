"""Did the model get worse on the rows that have labels? One finding for each metric of a window."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from detectors.estimates import Estimate
from detectors.findings import FROM_BASELINE, GIVEN, WIDENED, Finding, Status, unjudged
from detectors.metric_intervals import metric_interval
from detectors.metrics import Metric, Values, default_metrics, metric_of_layout, metric_value
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile
from detectors.wording import count, number, percent

MIN_ROWS = 50
# What may be lost without a word: a point of a share, a twentieth of a loss.
TOLERANCE_SHARE = 0.01
TOLERANCE_LOSS = 0.05
# A change within three standard errors is chance: one window in 700 is worse than that, and one in 300,000 is worse
# than 4.5 of them. Nobody is called for less than that, nor for less than twice what may be lost.
STANDARD_ERRORS = 3.0
_CRITICAL_ERRORS = 1.5 * STANDARD_ERRORS
_CRITICAL_TOLERANCES = 2.0

_AS_BEFORE = ", as at the baseline"
NO_BASELINE_LABELS = "the baseline has no labels to compare with"


@dataclass(frozen=True, slots=True)
class Limit:
    """The value from which on a metric is too bad, and the one from which on it is critical."""

    value: float
    critical: float
    source: str
    low_confidence: bool = False


def performance_findings(
    layout: Layout,
    baseline: PerformanceProfile | None,
    current: PerformanceProfile,
    n_rows: int,
    *,
    metrics: Sequence[str] | None = None,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
    completeness: float = 0.0,
    business_value: Values | None = None,
) -> list[Finding]:
    """A finding for each of ``metrics``, or for those of the task (``default_metrics``) where none are named.

    ``n_rows`` are all rows of the window, with and without a label. The limit is the baseline's value less (for
    losses: plus) the larger of a tolerance, .01 for shares and 5 % for losses, and three standard errors of the
    difference between baseline and window. Beyond it is a warning; critical is beyond the larger of twice the tolerance
    and 4.5 standard errors. A ``threshold`` is an absolute limit instead; critical is then twice as far from perfect.

    The effect is the current value less the baseline's, in the units of the metric. Under ``min_rows`` labelled rows,
    where a smaller share of the rows has labels than ``completeness``, or where there is nothing to compare with, the
    finding is insufficient and carries the value, and its interval, all the same.
    ``business_value`` is what the metric of that name needs, see ``metric_value``. ValueError names a metric that is
    unknown or not for the task.
    """
    names = default_metrics(layout) if metrics is None else metrics
    known = [metric_of_layout(name, layout) for name in names]
    few = too_few_labelled(current.n_labelled, n_rows, max(min_rows, 1), completeness)
    found = []
    for metric in known:
        values = _comparable(metric, layout, baseline, current, business_value)
        finding = _finding(metric, values, baseline, current, n_rows, threshold, few)
        interval = metric_interval(metric, values[1])
        found.append(replace(finding, interval_low=interval.low, interval_high=interval.high))
    return found


def too_few_labelled(labelled: int, n_rows: int, least: int, completeness: float) -> str:
    """Why so many labelled rows of ``n_rows`` are too few to judge by; empty where they are enough."""
    coverage = coverage_of(labelled, n_rows)
    if labelled < least:
        return f"{coverage}, at least {least:,} labelled rows are needed"
    if labelled < completeness * n_rows:
        return f"{coverage} ({percent(labelled / n_rows)}), at least {percent(completeness)} must be labelled"
    return ""


def coverage_of(labelled: int, n_rows: int) -> str:
    """How many rows have a label so far, in words."""
    return f"{labelled:,} labelled of {count(n_rows, 'row', 'rows')}"


def _finding(
    metric: Metric,
    values: tuple[Estimate, Estimate],
    baseline: PerformanceProfile | None,
    current: PerformanceProfile,
    n_rows: int,
    threshold: float | None,
    too_few: str,
) -> Finding:
    before, now = values
    n_baseline, labelled = (baseline.n_labelled if baseline else 0), current.n_labelled
    coverage = coverage_of(labelled, n_rows)
    if not n_rows and not labelled:
        return unjudged("performance", metric.name, None, n_baseline, 0, "nodata", "no rows in this window")
    reason = too_few or _cannot_judge(metric, before, now, coverage, threshold)
    limit = limit_of(metric, before, now, threshold)
    if reason or limit is None or now.value is None:
        return unjudged(
            "performance", metric.name, None, n_baseline, labelled, "insufficient", reason or now.reason, now.value
        )
    return Finding(
        kind="performance",
        method=metric.name,
        field=None,
        value=now.value,
        threshold=limit.value,
        threshold_source=limit.source,
        p_value=None,
        effect=None if before.value is None else now.value - before.value,
        n_baseline=n_baseline,
        n_current=labelled,
        status=status_of(metric, now.value, limit),
        reason=_reason(metric, before, now, coverage),
        confidence="low" if limit.low_confidence else "normal",
    )


def _comparable(
    metric: Metric,
    layout: Layout,
    baseline: PerformanceProfile | None,
    current: PerformanceProfile,
    worth: Values | None,
) -> tuple[Estimate, Estimate]:
    """The metric at the baseline and now; averages over classes are over the same classes on both sides."""
    now = metric_value(current, layout, metric.name, business_value=worth)
    if baseline is None or not baseline.n_labelled:
        return Estimate(None, None, 0, NO_BASELINE_LABELS), now
    before = metric_value(baseline, layout, metric.name, now.left_out, worth)
    if before.value is not None and set(before.left_out) != set(now.left_out):
        now = metric_value(current, layout, metric.name, before.left_out, worth)
    return before, now


def _cannot_judge(metric: Metric, before: Estimate, now: Estimate, coverage: str, threshold: float | None) -> str:
    if now.value is None:
        return f"{metric.title} is undefined: {now.reason} ({coverage})"
    if before.value is None and threshold is None:
        here = f"{metric.title} is {shown(metric, now.value)} on {coverage}"
        if before.reason == NO_BASELINE_LABELS:
            return f"{NO_BASELINE_LABELS}: {here}; give a baseline with labels, or a threshold"
        return f"{here}, and undefined at the baseline: {before.reason}"
    return ""


def limit_of(metric: Metric, before: Estimate, now: Estimate, threshold: float | None) -> Limit | None:
    """The limit that a metric is held against now, given its value at the baseline; None where there is none."""
    worse = -1.0 if metric.higher_is_better else 1.0
    if threshold is not None:
        return Limit(threshold, _twice_as_far(metric, threshold), GIVEN)
    if before.value is None:
        return None
    tolerance = TOLERANCE_SHARE if metric.unit == "share" else TOLERANCE_LOSS * abs(before.value)
    error = math.hypot(before.standard_error or 0.0, now.standard_error or 0.0)
    chance = STANDARD_ERRORS * error
    critical = max(_CRITICAL_TOLERANCES * tolerance, _CRITICAL_ERRORS * error)
    return Limit(
        before.value + worse * max(tolerance, chance),
        before.value + worse * critical,
        WIDENED if chance > tolerance else FROM_BASELINE,
        low_confidence=chance > 2 * tolerance,
    )


def _twice_as_far(metric: Metric, threshold: float) -> float:
    """From perfect; a value in money has no such point, and is critical where it is worse by the threshold again."""
    if metric.unit == "value":
        return threshold - abs(threshold)
    perfect = 1.0 if metric.higher_is_better else 0.0
    return perfect + 2 * (threshold - perfect)


def status_of(metric: Metric, value: float, limit: Limit) -> Status:
    """How a metric stands to its limit."""
    worse = -1.0 if metric.higher_is_better else 1.0
    if worse * (value - limit.value) <= 0:
        return "ok"
    return "critical" if worse * (value - limit.critical) > 0 else "warning"


def _reason(metric: Metric, before: Estimate, now: Estimate, coverage: str) -> str:
    interval = interval_in_words(metric, now)
    if now.value is None or before.value is None:
        certain = f" ({interval})" if interval else ""
        return f"{metric.title} is {shown(metric, now.value or 0.0)}{certain} on {coverage}"
    sentence = change_of(metric, before.value, now.value)
    if interval:
        sentence += f", 95 % interval {interval},"
    elif sentence.endswith(_AS_BEFORE):
        sentence += ","
    left_out = f", without {', '.join(now.left_out)} (not among the labels)" if now.left_out else ""
    return f"{sentence} on {coverage}{left_out}"


def change_of(metric: Metric, before: float, now: float) -> str:
    """What became of a metric since the baseline, and for losses, of the error."""
    here, there = shown(metric, now), shown(metric, before)
    if here == there:
        return f"{metric.title} is {here}{_AS_BEFORE}"
    if metric.unit == "loss":
        word = "worsened" if now > before else "improved"
        relative = f" ({100 * (now - before) / before:+.1f} %)" if before else ""
        return f"error {word}: {metric.title} {here} against {there} at the baseline{relative}"
    word = "rose" if now > before else "fell"
    change = f" ({100 * (now - before):+.1f} points)" if metric.unit == "share" else ""
    return f"{metric.title} {word} from {there} to {here}{change}"


def interval_in_words(metric: Metric, found: Estimate) -> str:
    """The 95 % interval of a metric, like 0.81 to 0.84; empty where there is none."""
    interval = metric_interval(metric, found)
    if interval.low is None or interval.high is None:
        return ""
    return f"{shown(metric, interval.low)} to {shown(metric, interval.high)}"


def shown(metric: Metric, value: float) -> str:
    """A value of the metric for people."""
    return f"{value:.3f}" if metric.unit == "share" else number(value)
