from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from store.alerts import add_transitions, alert_rows, alert_states, save_alerts, transitions
from store.engine import writing
from store.records import Alert, AlertRow, AlertState, Transition, TransitionRow
from store.results import add_results
from tests.store.conftest import NOW
from tests.store.recorded import DAY, a_result, add_model, add_run, monitors_by_name


@dataclass(frozen=True)
class _Place:
    """A monitor, and a run of it with one result."""

    model_id: int
    monitor_id: int
    run_id: int
    result_id: int

    def alert(self, field: str | None = "income", state: AlertState = "firing", segment: str | None = None) -> Alert:
        return Alert(
            id=None,
            model_id=self.model_id,
            monitor_id=self.monitor_id,
            method="ks",
            field=field,
            segment=segment,
            state=state,
            streak=0,
            since=None if state in ("inactive", "pending") else NOW,
            window_end=NOW,
            result_id=self.result_id,
        )

    def transition(self, alert_id: int, before: AlertState, after: AlertState, day: int = 0) -> Transition:
        at = NOW + timedelta(minutes=5)
        return Transition(alert_id, self.run_id, before, after, window_end=NOW + day * DAY, at=at)


def _place(engine: Engine, model: str) -> _Place:
    model_id = add_model(engine, model, "drift")
    monitor_id = monitors_by_name(engine, model_id)["drift"].id
    run_id = add_run(engine, monitor_id, NOW)
    with writing(engine) as connection:
        (result_id,) = add_results(connection, model_id, monitor_id, run_id, [a_result(NOW, model=model)])
    return _Place(model_id, monitor_id, run_id, result_id)


@pytest.fixture
def credit(engine: Engine) -> _Place:
    return _place(engine, "credit")


def _save(engine: Engine, *alerts: Alert) -> list[int]:
    with writing(engine) as connection:
        return save_alerts(connection, alerts)


def _states(engine: Engine, monitor_id: int) -> list[Alert]:
    with engine.connect() as connection:
        return alert_states(connection, monitor_id)


def test_new_and_changed_alerts_are_kept_and_their_ids_come_in_order(engine: Engine, credit: _Place) -> None:
    whole, income = credit.alert(None, "inactive"), credit.alert("income", "pending")
    whole_id, income_id = _save(engine, whole, income)
    whole, income = replace(whole, id=whole_id), replace(income, id=income_id)
    assert _states(engine, credit.monitor_id) == [whole, income]

    north = credit.alert("income", "recovering", "region=north")
    fired = replace(income, state="firing", streak=0, since=NOW + DAY, window_end=NOW + DAY)
    ids = _save(engine, north, fired)
    assert ids[1] == income_id
    assert _states(engine, credit.monitor_id) == [whole, fired, replace(north, id=ids[0])]


def test_an_alert_given_without_its_id_takes_the_place_of_its_own(engine: Engine, credit: _Place) -> None:
    (first,) = _save(engine, credit.alert("age", "pending"))
    again = credit.alert("age", "firing")
    other, second = _save(engine, credit.alert("income"), again)
    assert second == first != other
    assert _states(engine, credit.monitor_id)[0] == replace(again, id=first)


def test_alerts_of_other_monitors_are_left_alone(engine: Engine, credit: _Place) -> None:
    churn = _place(engine, "churn")
    first, second = _save(engine, credit.alert(), churn.alert())
    assert [each.id for each in _states(engine, credit.monitor_id)] == [first]
    assert [each.id for each in _states(engine, churn.monitor_id)] == [second]
    assert _save(engine) == []


def test_alerts_are_listed_with_names_and_the_result_they_rest_on(engine: Engine, credit: _Place) -> None:
    churn = _place(engine, "churn")
    unjudged = replace(credit.alert(None, "pending", "region=north"), result_id=None)
    _save(engine, credit.alert("income"), unjudged, credit.alert("age", "inactive"), churn.alert("income"))
    expected = AlertRow(
        model="credit",
        monitor="drift",
        kind="drift",
        method="ks",
        field="income",
        segment=None,
        state="firing",
        since=NOW,
        window_start=NOW - DAY,
        window_end=NOW,
        value=0.31,
        threshold=0.1,
        effect=1.7,
        status="critical",
        reason="median 51,230, was 42,000",
        n_current=480,
        result_id=credit.result_id,
    )
    with engine.connect() as connection:
        assert alert_rows(connection, "credit", {"firing"}) == [expected]
        assert alert_rows(connection, states=["firing"]) == [
            replace(expected, model="churn", result_id=churn.result_id),
            expected,
        ]
        (waiting,) = alert_rows(connection, states=["pending"])
        listed = [(row.model, row.field, row.segment, row.state) for row in alert_rows(connection)]
        assert alert_rows(connection, "nobody") == alert_rows(connection, states=()) == []
    assert (waiting.window_start, waiting.value, waiting.status, waiting.reason) == (None, None, None, "")
    assert listed == [
        ("churn", "income", None, "firing"),
        ("credit", None, "region=north", "pending"),
        ("credit", "age", None, "inactive"),
        ("credit", "income", None, "firing"),
    ]


def test_alerts_of_a_monitor_that_was_dropped_are_not_listed(engine: Engine, credit: _Place) -> None:
    _save(engine, credit.alert())
    add_model(engine, "credit", "another")
    with engine.connect() as connection:
        assert alert_rows(connection) == []
    assert len(_states(engine, credit.monitor_id)) == 1


def test_transitions_are_listed_with_names_in_the_order_of_their_windows(engine: Engine, credit: _Place) -> None:
    churn = _place(engine, "churn")
    whole, north, other = _save(
        engine, credit.alert(None), credit.alert("income", segment="region=north"), churn.alert("age")
    )
    with writing(engine) as connection:
        add_transitions(connection, [credit.transition(whole, "firing", "recovering", day=1)])
        add_transitions(
            connection,
            [
                credit.transition(whole, "pending", "firing"),
                credit.transition(north, "inactive", "firing"),
                churn.transition(other, "inactive", "pending"),
            ],
        )
        add_transitions(connection, [])
    with engine.connect() as connection:
        everything = transitions(connection)
        of_credit = transitions(connection, "credit")
        later = transitions(connection, since=NOW)
    assert of_credit[1] == TransitionRow(
        model="credit",
        monitor="drift",
        method="ks",
        field="income",
        segment="region=north",
        from_state="inactive",
        to_state="firing",
        window_end=NOW,
        at=NOW + timedelta(minutes=5),
    )
    assert [(row.field, row.to_state) for row in of_credit] == [
        (None, "firing"),
        ("income", "firing"),
        (None, "recovering"),
    ]
    assert later == of_credit[2:]
    assert sorted(everything, key=lambda row: row.model) == [everything[2], *of_credit]


def test_a_change_to_the_same_state_is_refused(engine: Engine, credit: _Place) -> None:
    (alert_id,) = _save(engine, credit.alert())
    with pytest.raises(IntegrityError), writing(engine) as connection:
        add_transitions(connection, [credit.transition(alert_id, "firing", "firing")])
