"""One result in words: what was compared, what the number means, where its limit is from, what may be behind it."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from detectors.drift_methods import NUMERIC_METHODS
from detectors.findings import GIVEN
from detectors.method_words import PAGES, MethodWords, method_words
from detectors.root_cause import RootCause
from detectors.scene import LABEL_METHODS
from detectors.slow_drift_finding import METHOD as SLOW_DRIFT
from detectors.stream_drift import METHOD as STREAM_DRIFT
from detectors.wording import count, number
from detectors.worst_segment import METHOD as WORST_SEGMENT
from modelwatch.cycle.references import importances
from modelwatch.cycle.risk_judging import RISK_METHODS
from modelwatch.cycle.suspects import suspects_behind, times_limit
from modelwatch.explanation import Explanation
from modelwatch.failures import CommandError
from modelwatch.scheme import Scheme
from modelwatch.threshold_story import threshold_story
from store.baselines import baselines, get_binning
from store.models import get_model
from store.monitors import monitors
from store.records import BAD, Baseline, Model, Monitor, Result
from store.results import get_result, results, revisions_of

_EFFECTS = {
    "drift": "the size of the change",
    "quality": "the change against the baseline",
    "performance": "the difference from the baseline",
    "estimate": "the difference from the baseline",
}
_FIELD_EFFECT = (
    "for numbers how far values moved in standard deviations of the baseline, for categories the share of rows that "
    "changed"
)


class UnknownResultError(CommandError):
    """There is no result of that id."""


class _Around(NamedTuple):
    """What the store knows of where a result is from; a monitor or baseline that is gone is None."""

    model: Model
    monitor: Monitor | None
    baseline: Baseline | None
    zone: ZoneInfo


def explain(conn: Connection, result_id: int) -> Explanation:
    """What is to be said of the result with that id. UnknownResultError where there is none."""
    result = get_result(conn, result_id)
    model = None if result is None else get_model(conn, result.model)
    if result is None or model is None:
        raise UnknownResultError(
            f"there is no result {result_id}: ids stand in modelwatch results MODEL --json and in alert messages"
        )
    known = {monitor.name: monitor for monitor in monitors(conn, model.id, active_only=False)}
    around = _Around(
        model, known.get(result.monitor), _baseline(conn, model, result), ZoneInfo(model.definition.time_zone)
    )
    words = method_words(result.method)
    spec = None if around.monitor is None else around.monitor.spec
    cause = _cause(conn, around, result)
    return Explanation(
        result=result,
        headline=_headline(result),
        compared=_compared(around, result),
        statistic=_statistic(words, result),
        threshold=tuple(threshold_story(conn, model, spec, around.baseline, result)),
        severity=_severity(conn, around, result),
        cautions=() if words is None else (f"What moves it: {words.moves}.", f"What fools it: {words.fools}."),
        known=_known(conn, around, result),
        cause=None if cause is None else cause.sentence,
        suspects=() if cause is None else cause.suspects,
        look_next=_look_next(around, result),
        page=None if words is None else f"{PAGES}/{words.page}.md",
    )


def _baseline(conn: Connection, model: Model, result: Result) -> Baseline | None:
    """The baseline that a result names by its number."""
    number_of = (result.baseline or "").partition(":")[0]
    return next((each for each in baselines(conn, model.id) if str(each.id) == number_of), None)


def _cause(conn: Connection, around: _Around, result: Result) -> RootCause | None:
    if result.status not in BAD or around.baseline is None:
        return None
    return suspects_behind(conn, around.model, around.baseline, [result])


def _headline(result: Result) -> str:
    where = f" in segment {result.segment!r}" if result.segment else ""
    what = (
        f"{_called(result.method)} of {result.field!r}{where}" if result.field else f"{_called(result.method)}{where}"
    )
    verdict = {
        "ok": "is within its limit",
        "warning": "is beyond its limit",
        "critical": "is beyond its limit, and it probably hurts"
        if result.kind == "drift"
        else "is far beyond its limit",
        "insufficient": "could not be judged",
        "nodata": "had no rows to be judged by",
        "error": "could not be computed",
    }[result.status]
    return f"Model {result.model}, monitor {result.monitor}: {what} {verdict} ({result.status})."


def _called(method: str) -> str:
    return method.replace("_", " ")


def _compared(around: _Around, result: Result) -> tuple[str, ...]:
    start, end = (at.astimezone(around.zone) for at in (result.window_start, result.window_end))
    version = f", most of them served by version {result.version}" if result.version else ""
    kind = "labelled row" if result.kind == "performance" else "row"
    where = "of the window and those before it" if result.method in RISK_METHODS else "of the window"
    rows = f"{count(result.n_current, kind, f'{kind}s')} {where}{version}"
    segment = f" Only rows of the segment {result.segment!r}." if result.segment else ""
    told = [f"Window: {_at(start)} to {_at(end)} ({around.zone.key}), {rows}.{segment}"]
    baseline = around.baseline
    if baseline is None:
        return (*told, f"Baseline: {result.baseline or 'none'}, of which the store knows no more.")
    span = ""
    if baseline.start is not None and baseline.end is not None:
        first, last = (at.astimezone(around.zone) for at in (baseline.start, baseline.end))
        span = f", rows from {_at(first)} to {_at(last)}"
    told.append(
        f"Baseline: {baseline.id} (hash {baseline.content_hash[:12]}), {baseline.origin}, version {baseline.version}, "
        f"{baseline.n_rows:,} rows, of which {result.n_baseline:,} count here{span}; set on "
        f"{_at(baseline.created_at.astimezone(around.zone))}{'' if baseline.active else ', no longer in force'}."
    )
    lineage = (result.baseline or "").partition(" ")[2]
    if lineage:
        told.append(f"The window was compared with {lineage}; the baseline's own rows say how much chance moves it.")
    return tuple(told)


def _at(local: datetime) -> str:
    return f"{local:%Y-%m-%d %H:%M}"


def _statistic(words: MethodWords | None, result: Result) -> tuple[str, ...]:
    told = [] if words is None else [f"{_called(result.method)}: {words.meaning}."]
    if result.value is not None:
        told.append(f"Its value is {number(result.value)}{_against(result)}.")
    if result.interval_low is not None and result.interval_high is not None:
        told.append(f"95 % interval: {number(result.interval_low)} to {number(result.interval_high)}.")
    if result.reason:
        told.append(f"In detail: {result.reason}.")
    if result.effect is not None:
        told.append(f"Effect {number(result.effect)}: {_effect_words(result)}.")
    if result.p_value is not None:
        p_value = number(result.p_value) if result.p_value else "too small for a number"
        told.append(f"p-value {p_value}: the chance of so much without change, rows taken as independent.")
    return tuple(told)


def _effect_words(result: Result) -> str:
    if result.method == STREAM_DRIFT:
        return "the share of the judged fields that changed"
    if result.method == WORST_SEGMENT:
        return "the segment's share of the rows" if result.kind == "drift" else "what this part adds to the mean loss"
    if result.method == SLOW_DRIFT:
        return "how far values moved on average, in standard deviations of the baseline"
    return _FIELD_EFFECT if result.method in NUMERIC_METHODS else _EFFECTS[result.kind]


def _against(result: Result) -> str:
    if result.threshold is None:
        return ", without a limit"
    limit = number(result.threshold)
    times = number(times_limit(result))
    if result.kind in ("performance", "estimate") and result.method != WORST_SEGMENT:
        if result.effect is None:
            return f", the limit {limit}"
        return f", the limit {limit}: the difference from the baseline is {times} times the one that is allowed"
    return f", the limit {limit}: it is {times} times the limit"


def _severity(conn: Connection, around: _Around, result: Result) -> tuple[str, ...]:
    """How bad it is, and by what rule."""
    if result.status not in BAD:
        return (f"Severity {result.severity}.",)
    told = [f"Severity {result.severity}: {_rule(result)}"]
    if result.kind == "drift" and result.method != STREAM_DRIFT:
        of_window = results(conn, model=result.model, since=result.window_start, until=result.window_end)
        same = (result.monitor, result.segment, result.window_start)
        told += [
            f"Of the window as a whole: {each.reason}."
            for each in of_window
            if each.method == STREAM_DRIFT
            and each.field is None
            and (each.monitor, each.segment, each.window_start) == same
        ]
    if result.field is not None and around.baseline is not None:
        scheme = Scheme.from_bytes(get_binning(conn, around.baseline.binning_id).payload)
        known = importances(conn, around.model, around.baseline, scheme)
        if result.field in known.shares:
            share, source = number(known.shares[result.field]), known.sources[result.field]
            told.append(f"The importance of {result.field!r} is {share} of 1, by {source}.")
    return tuple(told)


def _rule(result: Result) -> str:
    if result.kind == "drift":
        return "drift beyond a calibrated limit is a warning, and critical where the change probably hurts."
    if result.kind == "quality":
        if result.severity_score is not None:
            return "a break is critical where its severity is 1 or more, which is half of what other changes must cost."
        return "critical from twice the allowed change on."
    if result.kind == "estimate":
        return "an estimate is a warning at most."
    if result.method in RISK_METHODS:
        return "critical where the lower bound is twice as far from the baseline's risk as the limit."
    if result.method in (WORST_SEGMENT, *LABEL_METHODS):
        return "critical from twice the limit on."
    if result.threshold_source == GIVEN:
        return "critical where it is twice as far from perfect as the limit."
    return "critical where the loss is more than twice the tolerance and more than 4.5 standard errors."


def _known(conn: Connection, around: _Around, result: Result) -> tuple[str, ...]:
    """What was said of the same window at other times."""
    revisions = revisions_of(conn, result)
    at = _at(result.computed_at.astimezone(around.zone))
    if len(revisions) < 2:
        return (f"Computed on {at}, once: nothing that came later has changed it.",)
    told = [f"Computed on {at} as revision {result.revision} of {len(revisions)}: rows or labels came later."]
    for each in revisions:
        value = "no value" if each.value is None else number(each.value)
        this = " (this one)" if each.id == result.id else ""
        told.append(
            f"Revision {each.revision}, result {each.id}{this}: {value} over {count(each.n_current, 'row', 'rows')}, "
            f"{each.status}, on {_at(each.computed_at.astimezone(around.zone))}."
        )
    return tuple(told)


def _look_next(around: _Around, result: Result) -> tuple[str, ...]:
    """What a person would do now."""
    definition = around.model.definition
    window = f"{_zulu(result.window_start)}/{_zulu(result.window_end)}"
    segment = f" --segment {result.segment}" if result.segment else ""
    told = []
    if result.status == "error":
        told.append("Look at the log of the scheduler, and at modelwatch doctor.")
    elif result.status in ("insufficient", "nodata"):
        told.append(_unjudged_next(result))
    else:
        told.append(f"Compare the rows: modelwatch report {result.model} --window {window}{segment} --out report.html")
    told.append(
        f"See what else was found: modelwatch results {result.model} --since {_zulu(result.window_start)} "
        f"--until {_zulu(result.window_end)}"
    )
    if definition.runbook:
        told.append(f"Runbook: {definition.runbook}")
    if definition.owner:
        told.append(f"Owner: {definition.owner}")
    return tuple(told)


def _unjudged_next(result: Result) -> str:
    if result.value is not None and result.kind == "estimate":
        return "Do not rely on this estimate: see what else changed in this window, or wait for labels."
    if result.value is not None and result.method == SLOW_DRIFT:
        return "Look at the fields that this window reports by itself: slow drift has nothing to add."
    return "Wait for more rows or labels, or choose longer windows in the model file."


def _zulu(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
