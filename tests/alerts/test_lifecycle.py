"""The life of an alert, against a second reading of the same rules that looks at the whole history each time."""

from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.lifecycle import Announcement, Change, Step, announcement, is_firing, n_firing, step
from store.definitions import MonitorSpec
from store.records import Alert, AlertState, Result, Status
from tests.alerts.examples import DAY, START, result

UNJUDGED: tuple[Status, ...] = ("insufficient", "nodata", "error")
patience = st.integers(1, 4)
verdicts = st.lists(st.booleans(), max_size=25)
statuses = st.lists(st.sampled_from(get_args(Status)), max_size=25)
Announced = tuple[int, Announcement]


def rule(fire_after: int = 1, resolve_after: int = 1) -> MonitorSpec:
    return MonitorSpec(kind="drift", name="drift", fire_after=fire_after, resolve_after=resolve_after)


def one(alert: Alert | None, of: Result, spec: MonitorSpec) -> Step:
    return step(alert, of, spec, model_id=1, monitor_id=3)


def play(
    results: Iterable[Result], spec: MonitorSpec, alert: Alert | None = None
) -> tuple[Alert | None, list[Announced]]:
    """The alert after all results, and what was announced in the window of which day."""
    announced: list[Announced] = []
    for each in results:
        alert, change = one(alert, each, spec)
        word = announcement(change)
        if word is not None:
            announced.append(((each.window_end - START) // DAY - 1, word))
    return alert, announced


def days(bad: Sequence[bool]) -> list[Result]:
    return [result(day, "critical" if each else "ok") for day, each in enumerate(bad)]


def trailing(bad: Sequence[bool]) -> int:
    return len(list(takewhile(lambda each: each == bad[-1], reversed(bad))))


def by_history(bad: Sequence[bool], fire_after: int, resolve_after: int) -> tuple[AlertState, list[Announced]]:
    """State and announcements read off the whole history, without carrying a state machine along."""
    announced: list[Announced] = []
    for day in range(len(bad)):
        until = bad[: day + 1]
        firing = bool(announced) and announced[-1][1] == "firing"
        if not firing and bad[day] and trailing(until) >= fire_after:
            announced.append((day, "firing"))
        elif firing and not bad[day] and trailing(until) >= resolve_after:
            announced.append((day, "resolved"))
    firing = bool(announced) and announced[-1][1] == "firing"
    last = bool(bad) and bad[-1]
    state: dict[tuple[bool, bool], AlertState] = {
        (False, False): "inactive",
        (False, True): "pending",
        (True, True): "firing",
        (True, False): "recovering",
    }
    return state[firing, last], announced


@given(verdicts, patience, patience)
def test_states_and_announcements_are_those_read_off_the_history(
    bad: list[bool], fire_after: int, resolve_after: int
) -> None:
    alert, announced = play(days(bad), rule(fire_after, resolve_after))
    state, expected = by_history(bad, fire_after, resolve_after)
    assert announced == expected
    assert (alert.state if alert else "inactive") == state
    if alert and alert.state in ("pending", "recovering"):
        assert alert.streak == trailing(bad)


@given(verdicts, patience, patience)
def test_firing_and_resolved_alternate_and_each_is_earned(bad: list[bool], fire_after: int, resolve_after: int) -> None:
    _, announced = play(days(bad), rule(fire_after, resolve_after))
    words = [word for _, word in announced]
    assert words[:1] in ([], ["firing"])
    assert all(first != second for first, second in pairwise(words))
    for day, word in announced:
        needed = fire_after if word == "firing" else resolve_after
        assert bad[day + 1 - needed : day + 1] == [word == "firing"] * needed


@given(verdicts, patience, patience)
def test_since_is_the_end_of_the_window_that_fired(bad: list[bool], fire_after: int, resolve_after: int) -> None:
    alert, announced = play(days(bad), rule(fire_after, resolve_after))
    if alert is not None and is_firing(alert):
        assert alert.since == START + (announced[-1][0] + 1) * DAY
    elif alert is not None:
        just_resolved = announced[-1:] == [(len(bad) - 1, "resolved")]
        assert (alert.since is not None) == just_resolved


@given(statuses, patience, patience)
def test_what_is_not_judged_leaves_the_alert_alone(all_days: list[Status], fire_after: int, resolve_after: int) -> None:
    spec = rule(fire_after, resolve_after)
    results = [result(day, status) for day, status in enumerate(all_days)]
    judged = [each for each in results if each.status not in UNJUDGED]
    assert play(results, spec) == play(judged, spec)


@given(verdicts.filter(len), patience, patience, st.data())
def test_the_same_and_older_results_again_change_nothing(
    bad: list[bool], fire_after: int, resolve_after: int, data: st.DataObject
) -> None:
    spec, results = rule(fire_after, resolve_after), days(bad)
    alert, _ = play(results, spec)
    again = data.draw(st.lists(st.sampled_from(results + [result(day, "critical") for day in range(len(bad))])))
    for each in again:
        assert one(alert, each, spec) == Step(alert, None)


@given(verdicts, st.booleans(), st.booleans(), patience, patience)
def test_a_recomputation_before_anything_was_announced_leaves_no_trace(
    earlier: list[bool], first: bool, second: bool, fire_after: int, resolve_after: int
) -> None:
    spec, day = rule(fire_after, resolve_after), len(earlier)
    before, _ = play(days(earlier), spec)
    status: dict[bool, Status] = {True: "warning", False: "ok"}
    once = one(before, result(day, status[first]), spec)
    if announcement(once.change) is not None:
        return
    twice = one(once.alert, result(day, status[second], revision=2), spec)
    direct = one(before, result(day, status[second]), spec)
    assert twice.alert == direct.alert
    assert announcement(twice.change) == announcement(direct.change)


@settings(deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=5), max_size=10), patience, patience, st.data())
def test_however_often_a_window_is_computed_it_fires_once_and_resolves_once(
    windows: list[list[bool]], fire_after: int, resolve_after: int, data: st.DataObject
) -> None:
    results = [
        result(day, "critical" if bad else "ok", revision=revision, id=10 * day + revision)
        for day, revisions in enumerate(windows)
        for revision, bad in enumerate(revisions, 1)
    ]
    spec = rule(fire_after, resolve_after)
    alert, announced = play(results, spec)
    assert len(set(announced)) == len(announced)
    words = [word for _, word in announced]
    assert words[:1] in ([], ["firing"])
    assert all(first != second for first, second in pairwise(words))
    assert (alert is not None and is_firing(alert)) == (words[-1:] == ["firing"])
    # Everything again, all revisions, in any order: nothing moves.
    for each in data.draw(st.permutations(results)):
        assert one(alert, each, spec) == Step(alert, None)


def test_flapping_with_for_3_and_keep_3_sends_nothing() -> None:
    spec = rule(fire_after=3, resolve_after=3)
    for pattern in ([True, False], [True, True, False], [False, True, True, False, False]):
        alert, announced = play(days(pattern * 30), spec)
        assert announced == []
        assert alert is not None
        assert not is_firing(alert)


def test_flapping_after_it_fired_is_one_firing_and_no_resolution() -> None:
    bad = [True] * 3 + [False, True, False, False, True] * 20
    alert, announced = play(days(bad), rule(fire_after=3, resolve_after=3))
    assert announced == [(2, "firing")]
    assert alert is not None
    assert n_firing([alert]) == 1


@pytest.mark.parametrize("status", UNJUDGED)
def test_a_firing_alert_never_resolves_for_lack_of_data(status: Status) -> None:
    fired, _ = play(days([True]), rule())
    assert play([result(day, status) for day in range(1, 50)], rule(), fired) == (fired, [])


def test_an_alert_comes_into_being_with_the_first_judged_result() -> None:
    assert one(None, result(0, "insufficient"), rule()) == Step(None, None)
    alert = one(None, result(0, "ok", id=8), rule()).alert
    assert alert == Alert(None, 1, 3, "ks", "income", None, "inactive", 0, None, START + DAY, 8)


def test_labels_that_come_late_judge_the_window_when_they_come() -> None:
    late = [
        result(0, "insufficient"),
        result(1, "insufficient"),
        result(0, "critical", revision=2),
        result(1, "insufficient", revision=2),
        result(1, "ok", revision=3),
    ]
    assert play(late, rule())[1] == [(0, "firing"), (1, "resolved")]


def test_a_window_that_ended_before_the_last_judged_one_is_history() -> None:
    alert, _ = play(days([False, False]), rule())
    assert one(alert, result(0, "critical", revision=2), rule()) == Step(alert, None)


def test_a_false_alarm_that_late_rows_correct_is_resolved_once_and_does_not_come_back_in_that_window() -> None:
    turns: list[Status] = ["critical", "ok", "critical", "ok", "critical"]
    alert, announced = play([result(0, status, revision=n) for n, status in enumerate(turns, 1)], rule())
    assert announced == [(0, "firing"), (0, "resolved")]
    assert play([result(1, "critical")], rule(), alert)[1] == [(1, "firing")]
    assert play([result(1, "ok")], rule(), alert)[1] == []


def test_a_recomputation_with_the_same_verdict_only_moves_the_alert_to_the_newer_result() -> None:
    alert, _ = play([result(0, "critical", id=1)], rule())
    assert alert is not None
    again = one(alert, result(0, "warning", revision=2, id=2), rule())
    assert again.change is None
    assert again.alert is not None
    assert (alert.result_id, again.alert.result_id) == (1, 2)


def test_a_result_about_something_else_is_refused() -> None:
    alert, _ = play([result(0)], rule())
    with pytest.raises(ValueError, match=r"income.*age"):
        one(alert, result(1, field="age"), rule())


@pytest.mark.parametrize(
    ("before", "after"),
    [("inactive", "pending"), ("pending", "inactive"), ("firing", "recovering"), ("recovering", "firing")],
)
def test_steps_on_the_way_are_nobodys_business(before: AlertState, after: AlertState) -> None:
    assert announcement(Change(before, after)) is None
    assert announcement(None) is None
