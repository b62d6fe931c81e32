import math
from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import Engine

from store.engine import writing
from store.records import Result
from store.results import add_results, get_result, latest_window_results, results, revisions_of
from tests.store.conftest import NOW
from tests.store.recorded import DAY, a_result, add_model, add_run, monitors_by_name


class _Recorder:
    """Adds results of models and monitors by their names."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.monitor_ids: dict[tuple[str, str], tuple[int, int]] = {}

    def model(self, name: str, *monitor_names: str) -> None:
        model_id = add_model(self.engine, name, *monitor_names)
        for monitor_name, monitor in monitors_by_name(self.engine, model_id).items():
            self.monitor_ids[name, monitor_name] = (model_id, monitor.id)

    def run(self, given: list[Result]) -> int:
        """The id of a new run whose results these are."""
        run_id = add_run(self.engine, self.monitor_ids[given[0].model, given[0].monitor][1], given[0].window_end)
        self.add(run_id, given)
        return run_id

    def add(self, run_id: int, given: list[Result]) -> list[int]:
        model_id, monitor_id = self.monitor_ids[given[0].model, given[0].monitor]
        with writing(self.engine) as connection:
            return add_results(connection, model_id, monitor_id, run_id, given)


@pytest.fixture
def recorder(engine: Engine) -> _Recorder:
    recorder = _Recorder(engine)
    recorder.model("credit", "drift", "weekly")
    recorder.model("churn", "drift")
    return recorder


def _read(engine: Engine, **choice: object) -> list[Result]:
    with engine.connect() as connection:
        return results(connection, **choice)  # type: ignore[arg-type]


def _without_id(given: list[Result]) -> list[Result]:
    return [replace(each, id=None) for each in given]


def test_results_are_read_as_they_were_given_with_their_ids(engine: Engine, recorder: _Recorder) -> None:
    given = [
        a_result(NOW),
        a_result(NOW, field=None, method="volume", kind="quality", segment="region=north", severity_score=0.4),
        a_result(NOW, kind="performance", method="accuracy", value=0.9, interval_low=0.88, interval_high=0.92),
        a_result(
            NOW,
            field="Größe 'x' \N{PILE OF POO}",
            version=None,
            value=None,
            threshold=None,
            threshold_source=None,
            p_value=None,
            effect=None,
            severity="none",
            confidence="low",
            status="insufficient",
            reason="12 rows, 30 are needed",
            baseline=None,
        ),
    ]
    run_id = add_run(engine, recorder.monitor_ids["credit", "drift"][1], NOW)
    ids = recorder.add(run_id, given)
    assert ids == sorted(set(ids))
    assert {each.id: each for each in _read(engine)} == {
        result_id: replace(each, id=result_id) for result_id, each in zip(ids, given, strict=True)
    }


def test_ids_of_thousands_of_results_are_in_the_order_given(engine: Engine, recorder: _Recorder) -> None:
    fields = [f"f{(number * 7919) % 3001}" for number in range(3001)]
    run_id = add_run(engine, recorder.monitor_ids["credit", "drift"][1], NOW)
    ids = recorder.add(run_id, [a_result(NOW, field=field) for field in fields])
    assert ids == sorted(set(ids))
    by_id = {each.id: each.field for each in _read(engine)}
    assert [by_id[result_id] for result_id in ids] == fields


def test_results_come_in_one_order_from_every_database(engine: Engine, recorder: _Recorder) -> None:
    fields, segments = ["Zeta", "alpha", "ähnlich", None], [None, "b=1", "B=1"]
    expected = [
        a_result(NOW + day * DAY, monitor=monitor, method=method, field=field, segment=segment)
        for day in range(2)
        for monitor in ("drift", "weekly")
        for method in ("PSI", "ks")
        for field in sorted(fields, key=lambda field: field or "")
        for segment in sorted(segments, key=lambda segment: segment or "")
    ]
    for monitor, day in product(("weekly", "drift"), (1, 0)):
        recorder.run([r for r in reversed(expected) if (r.monitor, r.window_end) == (monitor, NOW + day * DAY)])
    assert _without_id(_read(engine)) == expected


def test_results_are_chosen_by_model_kind_and_the_end_of_their_window(engine: Engine, recorder: _Recorder) -> None:
    days = [[a_result(NOW + day * DAY), a_result(NOW + day * DAY, kind="quality")] for day in range(4)]
    days = [[drift, replace(quality, method="missing")] for drift, quality in days]
    for day in days:
        recorder.run(day)
    other = [a_result(NOW + DAY, model="churn")]
    recorder.run(other)
    drift = [day[0] for day in days]
    assert _without_id(_read(engine, model="credit", kind="drift")) == drift
    assert _without_id(_read(engine, model="credit", kind="drift", since=NOW)) == drift[1:]
    assert _without_id(_read(engine, model="credit", kind="drift", until=NOW + DAY)) == drift[:2]
    assert _without_id(_read(engine, model="credit", kind="drift", since=NOW, until=NOW + DAY)) == drift[1:2]
    assert _without_id(_read(engine, kind="drift", since=NOW, until=NOW + DAY)) == [*other, drift[1]]
    assert _read(engine, model="nobody") == []
    assert _without_id(_read(engine, limit=3)) == [days[2][1], *days[3]]
    assert _read(engine, limit=0) == []


def test_a_new_revision_hides_the_one_before_which_stays(engine: Engine, recorder: _Recorder) -> None:
    first = [a_result(NOW), a_result(NOW, field="age")]
    second = [a_result(NOW, revision=2, value=0.01, status="ok")]
    another = [a_result(NOW + DAY)]
    run_id = recorder.run(first)
    recorder.run(another)
    recorder.add(run_id, second)
    assert _without_id(_read(engine)) == [*second, *another]
    assert _without_id(_read(engine, latest_only=False)) == [first[1], first[0], *second, *another]


def test_what_was_known_at_an_instant_can_be_read(engine: Engine, recorder: _Recorder) -> None:
    run_id = add_run(engine, recorder.monitor_ids["credit", "drift"][1], NOW)
    other = add_run(engine, recorder.monitor_ids["credit", "drift"][1], NOW + DAY)
    first = [a_result(NOW, value=0.1, computed_at=NOW + DAY), a_result(NOW, field="age", computed_at=NOW + DAY)]
    recorder.add(run_id, first)
    for revision in (2, 3):
        # A field that a later revision has no result for is not known any more.
        found = a_result(NOW, revision=revision, value=revision / 10, computed_at=NOW + revision * DAY)
        recorder.add(run_id, [found])
    recorder.add(other, [a_result(NOW + DAY, value=0.9, computed_at=NOW + 2 * DAY)])

    def known(days: float) -> list[float | None]:
        return [each.value for each in _read(engine, as_of=NOW + days * DAY, model="credit")]

    assert known(0.9) == []
    assert known(1) == [0.31, 0.1]
    assert known(2.5) == [0.2, 0.9]
    assert known(9) == [0.3, 0.9]


def test_one_run_is_kept_one_revision_at_a_time(engine: Engine, recorder: _Recorder) -> None:
    run_id = add_run(engine, recorder.monitor_ids["credit", "drift"][1], NOW)
    with pytest.raises(ValueError, match=r"revision: .* not \[1, 2\]"):
        recorder.add(run_id, [a_result(NOW), a_result(NOW, field="age", revision=2)])
    with writing(engine) as connection:
        assert add_results(connection, *recorder.monitor_ids["credit", "drift"], run_id, []) == []
    assert _read(engine, latest_only=False) == []


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_finite_number_becomes_none_with_a_reason(
    engine: Engine, recorder: _Recorder, number: float
) -> None:
    recorder.run([a_result(NOW, value=number, effect=number, reason="mean was 3")])
    recorder.run([a_result(NOW + DAY, p_value=number, reason="")])
    first, second = _read(engine)
    assert (first.value, first.effect, first.p_value, first.threshold) == (None, None, 0.0004, 0.1)
    assert first.reason == "mean was 3; not a finite number: value, effect"
    assert (second.p_value, second.reason) == (None, "not a finite number: p_value")


def test_a_reason_with_text_that_no_database_takes_does_not_stop_a_run(engine: Engine, recorder: _Recorder) -> None:
    recorder.run([a_result(NOW, reason="category a\0b and \ud800")])
    assert [each.reason for each in _read(engine)] == ["category a\N{REPLACEMENT CHARACTER}b and ?"]


def test_the_last_window_of_each_monitor_in_force(engine: Engine, recorder: _Recorder) -> None:
    def judged(monitor: str, day: int, model: str = "credit") -> Result:
        return a_result(NOW + day * DAY, model=model, monitor=monitor)

    run_ids = {
        (monitor, day): recorder.run([judged(monitor, day)])
        for monitor, day in (("drift", 0), ("drift", 3), ("drift", 2), ("weekly", 1))
    }
    recorder.run([judged("drift", 9, "churn")])
    again = replace(judged("drift", 3), revision=2, status="ok")
    recorder.add(run_ids["drift", 3], [again])
    # Planned, and not yet computed.
    add_run(engine, recorder.monitor_ids["credit", "drift"][1], NOW + 4 * DAY)

    def last(model: str | None) -> list[Result]:
        with engine.connect() as connection:
            return _without_id(latest_window_results(connection, model))

    assert last("credit") == [judged("weekly", 1), again]
    assert last(None) == [judged("weekly", 1), again, judged("drift", 9, "churn")]
    add_model(engine, "credit", "drift")
    assert last("credit") == [again]
    assert len(_read(engine, model="credit")) == 4


def test_one_result_is_read_by_its_id_whatever_its_revision(engine: Engine, recorder: _Recorder) -> None:
    run_id = add_run(engine, recorder.monitor_ids["credit", "drift"][1], NOW)
    (first,) = recorder.add(run_id, [a_result(NOW, n_current=480)])
    second, _ = recorder.add(run_id, [a_result(NOW, n_current=500, revision=2), a_result(NOW, field="age", revision=2)])
    with engine.connect() as connection:
        early, late = get_result(connection, first), get_result(connection, second)
        assert early is not None
        assert late is not None
        assert (early.n_current, late.n_current) == (480, 500)
        assert revisions_of(connection, late) == [early, late]
        assert get_result(connection, second + 100) is None


def test_results_are_chosen_by_their_status(engine: Engine, recorder: _Recorder) -> None:
    recorder.run([a_result(NOW, status="ok"), a_result(NOW, field="age"), a_result(NOW, field="job", status="nodata")])
    assert [each.field for each in _read(engine, statuses=["ok", "nodata"])] == ["income", "job"]
    assert _read(engine, statuses=[]) == []


def test_results_are_chosen_by_their_monitors_and_fields(engine: Engine, recorder: _Recorder) -> None:
    whole = a_result(NOW, field=None, method="volume", kind="quality")
    drift = [whole, a_result(NOW, field="age"), a_result(NOW, field="income")]
    weekly = [a_result(NOW, monitor="weekly", field="age")]
    for given in (drift, weekly):
        recorder.run(given)
    assert _without_id(_read(engine, monitors=["weekly"])) == weekly
    assert _without_id(_read(engine, fields=["age"])) == [drift[1], *weekly]
    assert _without_id(_read(engine, monitors=["drift", "nobody"], fields=["", "income"])) == [drift[2], whole]
    assert _read(engine, monitors=[]) == []


def test_what_no_database_can_hold_is_the_name_of_nothing(engine: Engine, recorder: _Recorder) -> None:
    recorder.run([a_result(NOW)])
    assert _read(engine, fields=["a\0b", "\ud800"], monitors=["\0"]) == []
