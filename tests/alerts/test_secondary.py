"""What says again what a metric says waits for it, and is told when it is bad by itself."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from alerts.lifecycle import Announcement, Subject, announcement, is_firing, step, subject
from alerts.secondary import SECONDARY, metrics_first, rule_for
from store.definitions import MonitorSpec
from store.records import Alert, Result, ResultKind, Status
from tests.alerts.examples import result

SPEC = MonitorSpec(kind="performance", name="performance")
Announced = tuple[int, str, Announcement]


def found(day: int, method: str, status: Status, kind: ResultKind = "performance") -> Result:
    return replace(result(day, status, field=None, method=method), kind=kind, monitor="performance")


def window(day: int, metric_bad: bool, part_bad: bool) -> list[Result]:
    """A window with the finding that waits named first, as nothing promises an order."""
    of = {"worst_segment": part_bad, "recall": metric_bad}
    return [found(day, method, "warning" if bad else "ok") for method, bad in of.items()]


def play(windows: list[list[Result]], spec: MonitorSpec = SPEC) -> tuple[dict[Subject, Alert], list[Announced]]:
    """The alerts after all windows, and what was announced on which day of which method."""
    states: dict[Subject, Alert] = {}
    announced: list[Announced] = []
    for day, results in enumerate(windows):
        for each in metrics_first(results):
            rule = rule_for(each, results, states, spec)
            alert, change = step(states.get(subject(each)), each, rule, model_id=1, monitor_id=3)
            if alert is not None:
                states[subject(each)] = alert
            word = announcement(change)
            if word is not None:
                announced.append((day, each.method, word))
    return states, announced


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=20))
def test_the_metric_is_told_as_if_alone_and_the_rest_only_where_it_does_not_fire(days: list[tuple[bool, bool]]) -> None:
    windows = [window(day, metric, part) for day, (metric, part) in enumerate(days)]
    _, announced = play(windows)
    _, alone = play([[each for each in results if each.method == "recall"] for results in windows])
    assert [each for each in announced if each[1] == "recall"] == alone
    told, expected = False, []
    for day, (metric_bad, part_bad) in enumerate(days):
        if told and not part_bad:
            told = False
            expected.append((day, "worst_segment", "resolved"))
        elif not told and part_bad and not metric_bad:
            told = True
            expected.append((day, "worst_segment", "firing"))
    assert [each for each in announced if each[1] == "worst_segment"] == expected


def test_it_waits_as_pending_and_is_not_counted_as_firing() -> None:
    states, announced = play([window(0, True, True)])
    waiting = states["worst_segment", None, None]
    assert waiting.state == "pending"
    assert not is_firing(waiting)
    assert announced == [(0, "recall", "firing")]


def test_it_waits_until_the_metric_is_told_to_be_resolved() -> None:
    spec = MonitorSpec(kind="performance", name="performance", resolve_after=2)
    _, announced = play([window(0, True, True), window(1, False, True), window(2, False, True)], spec)
    assert announced == [(0, "recall", "firing"), (2, "recall", "resolved"), (2, "worst_segment", "firing")]


def test_one_waits_for_no_other_and_none_for_what_is_no_metric() -> None:
    others = [found(0, method, "warning") for method in sorted(SECONDARY)]
    labels = [found(0, "label_drift", "warning", "drift"), found(0, "unknown_labels", "warning", "quality")]
    _, announced = play([[*others, *labels]])
    assert {method for _, method, _ in announced} == {*SECONDARY, "label_drift", "unknown_labels"}


def test_a_window_that_cannot_be_judged_leaves_it_waiting() -> None:
    windows = [window(0, True, True), [found(1, method, "insufficient") for method in ("worst_segment", "recall")]]
    states, announced = play(windows)
    assert announced == [(0, "recall", "firing")]
    assert states["worst_segment", None, None].state == "pending"
