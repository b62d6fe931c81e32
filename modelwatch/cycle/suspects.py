"""The suspects behind a window's bad results, from what the store knows of the window and of those before it."""

import math
import statistics
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from detectors.root_cause import RootCause, root_cause
from detectors.scene import LabelShare, Observation, Rollout, Scene
from detectors.worst_segment import METHOD as WORST_SEGMENT
from modelwatch.cycle.references import importances, outputs_of
from modelwatch.scheme import Scheme
from store.baselines import get_binning
from store.definitions import duration
from store.deploys import deploys
from store.monitors import monitors
from store.profiles import row_counts
from store.records import BAD, Baseline, Deploy, Model, Result, RowCount
from store.results import results

# Windows before the alert's that are looked at: what was bad all that time is no news.
EARLIER_WINDOWS = 7
# A deploy of so many windows ago is hardly behind it.
_DEPLOY_WINDOWS = 14
_JUDGED = ("ok", *BAD)
_LESS_IS_WORSE = ("performance", "estimate")
# A value against a limit of nothing.
_MOST_TIMES = 1000.0

_Subject = tuple[str, str, str | None, str | None]


def suspects_behind(conn: Connection, model: Model, baseline: Baseline, bad: Sequence[Result]) -> RootCause:
    """The suspects behind bad results, at least one, of one window of one monitor.

    What other monitors found in the same window counts as far as it is stored by now.
    """
    first = bad[0]
    length = first.window_end - first.window_start
    horizon = first.window_start - EARLIER_WINDOWS * length
    now = results(conn, model=model.name, since=first.window_start, until=first.window_end)
    before = results(conn, model=model.name, since=horizon, until=first.window_start, statuses=BAD)
    onsets = _onsets(now, before)
    began = min((onsets[subject] for each in bad if (subject := _subject(each)) in onsets), default=first.window_start)
    scheme = Scheme.from_bytes(get_binning(conn, baseline.binning_id).payload)
    return root_cause(
        Scene(
            kind=first.kind,
            subjects=frozenset((each.method, each.field) for each in bad),
            observations=_observations(now, onsets, began, length),
            importance=importances(conn, model, baseline, scheme).shares,
            outputs=frozenset(outputs_of(scheme)),
            rollouts=_rollouts(conn, model, first, began, length),
            labels=_label_share(
                row_counts(conn, baseline.binning_id, since=horizon, until=first.window_end), first, length
            ),
            waiting=_waiting(conn, model, now, length),
        )
    )


def _subject(of: Result) -> _Subject:
    return of.monitor, of.method, of.field, of.segment


def _onsets(now: Iterable[Result], before: Iterable[Result]) -> Mapping[_Subject, datetime]:
    """The start of the first of the bad windows in a row that end with the last bad one of each subject."""
    windows: dict[_Subject, set[tuple[datetime, datetime]]] = {}
    for each in (*before, *now):
        if each.status in BAD:
            windows.setdefault(_subject(each), set()).add((each.window_start, each.window_end))
    onsets = {}
    for subject, spans in windows.items():
        ordered = sorted(spans, reverse=True)
        start = ordered[0][0]
        for earlier_start, earlier_end in ordered[1:]:
            if earlier_end < start:
                break
            start = earlier_start
        onsets[subject] = start
    return onsets


def _observations(
    now: Iterable[Result], onsets: Mapping[_Subject, datetime], began: datetime, length: timedelta
) -> list[Observation]:
    """One of each subject; of several windows within that of the alert the worst."""
    worst: dict[_Subject, Observation] = {}
    for each in now:
        subject = _subject(each)
        lead = (began - onsets[subject]) / length if each.status in BAD else 0.0
        found = Observation(
            kind=each.kind,
            method=each.method,
            field=each.field,
            segment=each.segment,
            judged=each.status in _JUDGED,
            changed=each.status in BAD,
            times_limit=times_limit(each),
            lead=lead,
            words=each.reason,
        )
        known = worst.get(subject)
        if known is None or _badness(found) > _badness(known):
            worst[subject] = found
    return list(worst.values())


def _badness(of: Observation) -> tuple[bool, bool, float]:
    return of.changed, of.judged, of.times_limit


def times_limit(of: Result) -> float:
    """How many times its limit a value is, whichever side is the bad one: 1 at the limit; 0 where there is none.

    For performance it is the loss against the baseline over the loss that is allowed; the value of the worst segment is
    such a loss itself.
    """
    if of.value is None or of.threshold is None:
        return 1.0 if of.status in BAD else 0.0
    if of.kind in _LESS_IS_WORSE and of.method != WORST_SEGMENT and of.effect is not None:
        return _ratio(abs(of.effect), abs(of.threshold - (of.value - of.effect)))
    higher_is_worse = of.value >= of.threshold if of.status in BAD else of.value <= of.threshold
    return _ratio(of.value, of.threshold) if higher_is_worse else _ratio(of.threshold, of.value)


def _ratio(above: float, below: float) -> float:
    if not above:
        return 0.0
    return min(above / below, _MOST_TIMES) if below > 0 and math.isfinite(above) else _MOST_TIMES


def _rollouts(conn: Connection, model: Model, of: Result, began: datetime, length: timedelta) -> list[Rollout]:
    """Deploys before the trouble, or within its first window; and another version than before, if none says so."""
    marked = deploys(conn, model.id, since=began - _DEPLOY_WINDOWS * length, until=of.window_end)
    found = [Rollout(each.version, (began - each.at) / length, _went_live(each, began)) for each in marked]
    if any(-1 <= each.lead <= 1 for each in found):
        return found
    earlier = results(conn, model=model.name, since=began - length, until=began, limit=1)
    before = earlier[0].version if earlier else None
    if of.version is not None and before is not None and before != of.version:
        words = f"version {of.version} serves most rows of the window, {before} did in the one before the trouble"
        found.append(Rollout(of.version, 0.0, words))
    return found


def _went_live(deploy: Deploy, began: datetime) -> str:
    what = f"version {deploy.version}" + (f" ({deploy.note})" if deploy.note else "")
    if deploy.at == began:
        return f"{what} went live as the first bad window began"
    distance = abs(began - deploy.at)
    side = "before the first bad window" if deploy.at < began else "into the first bad window"
    return f"{what} went live {_length(distance)} {side}"


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _label_share(counts: Sequence[RowCount], of: Result, length: timedelta) -> LabelShare | None:
    """How complete the labels of the window are, and those of the windows before; None where that is not known."""
    starts = [count.start for count in counts]

    def share(start: datetime, end: datetime) -> float | None:
        inside = counts[bisect_left(starts, start) : bisect_left(starts, end)]
        rows = sum(count.n_rows for count in inside)
        return sum(count.n_labelled for count in inside) / rows if rows > 0 else None

    now = share(of.window_start, of.window_end)
    earlier = [
        known
        for step in range(1, EARLIER_WINDOWS + 1)
        if (known := share(of.window_start - step * length, of.window_end - step * length)) is not None
    ]
    return None if now is None or not earlier else LabelShare(now, statistics.median(earlier))


def _waiting(conn: Connection, model: Model, now: Iterable[Result], length: timedelta) -> list[str]:
    """Monitors of inputs that judge windows of this length or shorter, and have not judged this one yet."""
    heard = {each.monitor for each in now}
    return [
        each.name
        for each in monitors(conn, model.id)
        if each.spec.kind != "performance"
        and duration(each.spec.every or each.spec.window) <= length
        and each.name not in heard
    ]
