"""The life of an alert, counted in windows: inactive, pending, firing, recovering.

One alert is carried for each (monitor, method, field, segment). Every judged window takes one step:

    inactive --bad--> pending --bad, fire_after in a row--> firing
    firing --good--> recovering --good, resolve_after in a row--> inactive

A good window ends a pending alert and a bad one ends a recovery, both without a word to anybody. Only the step
into firing from inactive or pending, and the step from firing or recovering to inactive, are announced.

Time is never read: a service that was down for a week and then catches up goes through the same states as one
that was never down.

**What is not judged.** ``insufficient``, ``nodata`` and ``error`` leave the alert as it was: what could not be
computed neither raises nor resolves. (No rows at all is reported by the volume check as a critical result of its
own.) A window that ends before the last judged one came too late to count.

**Recomputation.** Late rows and labels make a window be computed again (``revision`` above 1). If it is the last
judged window and its verdict turned, the step is taken again from the state before that window. What was announced
stays announced: an alert that fired in that window is not unsaid, the window counts as its first good one; and an
alert that was resolved in that window does not fire again in it, the window counts as the first bad one of a
possible next episode. So one window announces at most one firing and one resolution, however often it is computed.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, NamedTuple

from store.definitions import MonitorSpec
from store.records import Alert, AlertState, Result

Announcement = Literal["firing", "resolved"]
Subject = tuple[str, str | None, str | None]

_BAD = ("warning", "critical")
_JUDGED = (*_BAD, "ok")
_LAST_WAS_BAD = ("pending", "firing")
_ANNOUNCED = ("firing", "recovering")


class Change(NamedTuple):
    """An alert's state before and after a step."""

    before: AlertState
    after: AlertState


class Step(NamedTuple):
    """An alert after a result, and its change of state, if it changed.

    ``alert`` is the very object that was passed in when there is nothing new to keep, and None when there was
    none and the result was not judged.
    """

    alert: Alert | None
    change: Change | None


class _Position(NamedTuple):
    """Where an alert stands, without the names of what it is about."""

    state: AlertState
    streak: int


def step(alert: Alert | None, result: Result, spec: MonitorSpec, *, model_id: int, monitor_id: int) -> Step:
    """The alert after one more result of its monitor, method, field and segment.

    ``alert`` is None before the first result. ``result.id`` must be the one the store gave, which rises from revision
    to revision: by it a revision that was already judged is known and passed over. Raises ValueError when alert and
    result are not about the same thing.
    """
    if alert is not None and subject(alert) != subject(result):
        raise ValueError(f"the alert is about {subject(alert)}, the result about {subject(result)}")
    if result.status not in _JUDGED:
        return Step(alert, None)
    bad = result.status in _BAD
    if alert is None:
        first = _first(result, model_id, monitor_id)
        return _moved(first, _forward(_Position("inactive", 0), bad, spec), result)
    if result.window_end > alert.window_end:
        return _moved(alert, _forward(_Position(alert.state, _running_streak(alert)), bad, spec), result)
    if result.window_end == alert.window_end and result.revision > 1 and _is_newer(result, alert):
        return _judged_again(alert, result, bad, spec)
    return Step(alert, None)


def subject(of: Alert | Result) -> Subject:
    """What an alert of a monitor is about, and which results step it: method, field and segment."""
    return of.method, of.field, of.segment


def announcement(change: Change | None) -> Announcement | None:
    """What a change tells the people on call; None for a change that is nobody's business yet."""
    if change is None:
        return None
    if change.after == "firing" and change.before != "recovering":
        return "firing"
    if change.after == "inactive" and change.before != "pending":
        return "resolved"
    return None


def is_firing(alert: Alert) -> bool:
    """Whether the alert was announced and is not yet resolved: firing, or on its way to recover."""
    return alert.state in _ANNOUNCED


def n_firing(alerts: Iterable[Alert]) -> int:
    """How many of the alerts are announced and not yet resolved."""
    return sum(is_firing(alert) for alert in alerts)


def _first(result: Result, model_id: int, monitor_id: int) -> Alert:
    return Alert(
        id=None,
        model_id=model_id,
        monitor_id=monitor_id,
        method=result.method,
        field=result.field,
        segment=result.segment,
        state="inactive",
        streak=0,
        since=None,
        window_end=result.window_end,
        result_id=None,
    )


def _running_streak(alert: Alert) -> int:
    # In a settled state the streak is that of a row of windows that the last one broke off: see _judged_again.
    return alert.streak if alert.state in ("pending", "recovering") else 0


def _forward(before: _Position, bad: bool, spec: MonitorSpec) -> _Position:
    """One window further.

    ``streak`` counts up in pending and recovering. A window that breaks such a row off leaves the row's count in
    the settled state that follows, so that the step can be taken back.
    """
    streak = before.streak + 1
    if before.state not in _ANNOUNCED:
        if not bad:
            return _Position("inactive", before.streak)
        return _Position("firing", 0) if streak >= spec.fire_after else _Position("pending", streak)
    if bad:
        return _Position("firing", before.streak)
    return _Position("inactive", 0) if streak >= spec.resolve_after else _Position("recovering", streak)


def _moved(alert: Alert, to: _Position, result: Result) -> Step:
    after = replace(alert, state=to.state, streak=to.streak, window_end=result.window_end, result_id=result.id)
    if not is_firing(alert):
        # An alert that resolves keeps its ``since`` until the next window: the message and _judged_again read it.
        after = replace(after, since=result.window_end if is_firing(after) else None)
    return Step(after, _change(alert, after))


def _change(before: Alert, after: Alert) -> Change | None:
    return None if before.state == after.state else Change(before.state, after.state)


def _is_newer(result: Result, alert: Alert) -> bool:
    return result.id is None or alert.result_id is None or result.id > alert.result_id


def _judged_again(alert: Alert, result: Result, bad: bool, spec: MonitorSpec) -> Step:
    """The last judged window has a new revision: where its verdict turned, the step is taken back and taken anew."""
    if bad == (alert.state in _LAST_WAS_BAD):
        return Step(alert if alert.result_id == result.id else replace(alert, result_id=result.id), None)
    if alert.since is not None and not is_firing(alert):
        return _after_resolution(alert, result, bad)
    return _moved(alert, _forward(_before_last_window(alert), bad, spec), result)


def _before_last_window(alert: Alert) -> _Position:
    taken_back = 1 if alert.state in ("pending", "recovering") else 0
    return _Position(alert.state, alert.streak - taken_back)


def _after_resolution(alert: Alert, result: Result, bad: bool) -> Step:
    """A turn in the very window that resolved the alert (it still holds its ``since``): the next window decides."""
    waiting = _Position("pending", 1) if bad else _Position("inactive", 0)
    after = replace(alert, state=waiting.state, streak=waiting.streak, result_id=result.id)
    return Step(after, _change(alert, after))
