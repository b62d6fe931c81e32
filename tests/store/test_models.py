from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, select, update

from store.definition_reading import definition_from
from store.definitions import DefinitionError, ModelDefinition
from store.engine import writing
from store.models import (
    apply_definition,
    channels,
    disable_channel,
    fields,
    get_model,
    list_models,
    monitors,
    plan_definition,
    replace_fields,
    version_id,
    versions,
)
from store.records import Field
from store.schema import metadata, model, monitor
from tests.store.conftest import NOW

LATER = NOW + timedelta(hours=1)
DOCUMENT: dict[str, Any] = {
    "model": "loan",
    "task": "binary",
    "owner": "risk-team",
    "fields": {"income": {"kind": "numeric"}, "region": {"kind": "categorical"}},
    "segments": ["region"],
    "prediction": {"labels": [0, 1], "positive": 1},
    "monitors": [{"kind": "drift", "window": "1d"}, {"kind": "performance", "metric": "roc_auc", "name": "auc"}],
    "channels": [{"kind": "webhook", "url": "https://hooks.example.org/T0/secret"}],
}
LOAN = definition_from(DOCUMENT)


def _loan(**changes: Any) -> ModelDefinition:
    return definition_from({**DOCUMENT, **changes})


def _contents(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def _plan(engine: Engine, definition: ModelDefinition) -> tuple[str, ...]:
    """The plan, having checked that planning changed nothing and that applying says and then needs the same."""
    before = _contents(engine)
    with engine.connect() as connection:
        planned = plan_definition(connection, definition)
    assert _contents(engine) == before
    with writing(engine) as connection:
        applied = apply_definition(connection, definition, LATER)
    assert applied.changes == planned
    assert applied.model.definition == definition
    with engine.connect() as connection:
        assert plan_definition(connection, definition) == ()
        assert get_model(connection, definition.model) == applied.model
    return planned


@pytest.fixture
def loan(engine: Engine) -> int:
    with writing(engine) as connection:
        return apply_definition(connection, LOAN, NOW).model.id


def test_a_new_model_is_made_with_all_its_parts(engine: Engine) -> None:
    assert _plan(engine, LOAN) == (
        "model loan: new, binary",
        "field income: new, numeric",
        "field region: new, categorical",
        "monitor drift: new, drift, window 1d",
        "monitor auc: new, performance, window 1d",
        "channel webhook: new, webhook, https://hooks.example.org/...",
    )
    with engine.connect() as connection:
        (made,) = list_models(connection)
        assert [each.name for each in monitors(connection, made.id)] == ["auc", "drift"]
        (hook,) = channels(connection, made.id)
    assert made.created_at == made.updated_at == LATER
    assert hook.spec.url == "https://hooks.example.org/T0/secret"
    assert hook.disabled_reason is None


def test_a_model_without_monitors_gets_the_usual_ones(engine: Engine) -> None:
    _plan(engine, definition_from({"model": "plain", "task": "regression"}))
    with engine.connect() as connection:
        made = get_model(connection, "plain")
        assert made is not None
        assert [each.name for each in monitors(connection, made.id)] == ["drift", "performance", "quality"]


def test_applying_the_same_again_changes_nothing(engine: Engine, loan: int) -> None:
    before = _contents(engine)
    assert _plan(engine, LOAN) == ()
    assert _contents(engine) == before


def test_a_changed_monitor_keeps_its_id_and_its_plan(engine: Engine, loan: int) -> None:
    with writing(engine) as connection:
        connection.execute(update(monitor).where(monitor.c.name == "drift").values(planned_to=NOW))
        before = {each.name: each for each in monitors(connection, loan)}
    changed = _loan(monitors=[{"kind": "drift", "window": "7d", "threshold": 0.2}, {"kind": "quality"}])
    assert _plan(engine, changed) == (
        "monitor auc: removed",
        "monitor drift: window 1d -> 7d, threshold none -> 0.2",
        "monitor quality: new, quality, window 1d",
    )
    with engine.connect() as connection:
        after = {each.name: each for each in monitors(connection, loan)}
        everything = {each.name: each for each in monitors(connection, loan, active_only=False)}
    assert set(after) == {"drift", "quality"}
    assert after["drift"].spec.window == "7d"
    assert after["drift"].planned_to == NOW
    assert after["drift"].id == before["drift"].id
    assert not everything["auc"].active
    assert _plan(engine, LOAN)[0] == "monitor drift: window 7d -> 1d, threshold 0.2 -> none"
    with engine.connect() as connection:
        assert {each.name: each.id for each in monitors(connection, loan)} == {
            name: each.id for name, each in before.items()
        }


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"owner": ""}, ("owner: risk-team -> none",)),
        ({"segments": []}, ("segments: [region] -> none",)),
        ({"time_zone": "Europe/Berlin"}, ("time_zone: UTC -> Europe/Berlin",)),
        ({"prediction": {"labels": [0, 1], "positive": 0}}, ("prediction: positive 1 -> 0",)),
        ({"columns": {"timestamp": "when", "ignore": ["part"]}},
         ("columns: timestamp timestamp -> when, ignore none -> [part]",)),
        ({"fields": {"income": {"kind": "categorical"}, "age": {"kind": "numeric"}}},
         ("field income: kind numeric -> categorical", "field region: no longer declared",
          "field age: declared numeric")),
        ({"channels": []}, ("channel webhook: removed",)),
        ({"channels": [{"kind": "webhook", "url": "https://hooks.example.org/T1/other"}]},
         ("channel webhook: url changed, still at https://hooks.example.org/...",)),
        ({"channels": [{"kind": "webhook", "url": "http://u:p@10.0.0.7:8080/x", "secret_env": "LOAN"}]},
         ("channel webhook: url https://hooks.example.org/... -> http://10.0.0.7:8080/..., secret_env none -> LOAN",)),
    ],
)  # fmt: skip
def test_each_change_is_said_in_a_line(
    engine: Engine, loan: int, changes: dict[str, Any], lines: tuple[str, ...]
) -> None:
    assert _plan(engine, _loan(**changes)) == lines
    with engine.connect() as connection:
        known = get_model(connection, "loan")
    assert known is not None
    assert known.id == loan


def test_the_usual_monitors_written_out_are_stored_though_nothing_changes(engine: Engine) -> None:
    plain = definition_from({"model": "plain", "task": "regression"})
    _plan(engine, plain)
    written_out = msgspec.structs.replace(
        plain, monitors=definition_from({**DOCUMENT, "monitors": [
            {"kind": "drift"}, {"kind": "quality"}, {"kind": "performance"}]}).monitors
    )  # fmt: skip
    assert _plan(engine, written_out) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": "regression", "prediction": {}, "monitors": None}, "loan is binary and cannot become regression"),
        ({"grain": "15m"}, "loan is counted by 1h and cannot change to 15m"),
    ],
)
def test_the_task_and_the_grain_of_a_model_cannot_change(
    engine: Engine, loan: int, changes: dict[str, Any], words: str
) -> None:
    other = _loan(**changes)
    for act in (plan_definition, lambda connection, definition: apply_definition(connection, definition, LATER)):
        with (
            pytest.raises(DefinitionError, match=words),
            writing(engine) as connection,
        ):
            act(connection, other)
    with engine.connect() as connection:
        known = get_model(connection, "loan")
    assert known is not None
    assert known.definition == LOAN


def test_a_disabled_channel_is_used_again_once_the_file_is_applied(engine: Engine, loan: int) -> None:
    with writing(engine) as connection:
        (hook,) = channels(connection, loan)
        disable_channel(connection, hook.id, "it answered 410 Gone")
    with engine.connect() as connection:
        (disabled,) = channels(connection, loan)
    assert disabled.disabled_reason == "it answered 410 Gone"
    assert _plan(engine, LOAN) == ("channel webhook: enabled again (it was off: it answered 410 Gone)",)
    with engine.connect() as connection:
        assert channels(connection, loan) == [hook]


def test_models_do_not_touch_each_other(engine: Engine, loan: int) -> None:
    _plan(engine, msgspec.structs.replace(LOAN, model="another"))
    _plan(engine, definition_from({"model": "loan", "task": "binary"}))
    with engine.connect() as connection:
        another, changed = list_models(connection)
        assert [each.name for each in monitors(connection, another.id)] == ["auc", "drift"]
        assert len(channels(connection, another.id)) == 1
        assert channels(connection, changed.id) == []


def test_a_model_that_is_not_there_is_none(engine: Engine) -> None:
    with engine.connect() as connection:
        assert get_model(connection, "nobody") is None
        assert list_models(connection) == []


def test_all_who_ask_for_a_version_at_once_get_the_same_id(engine: Engine, model_id: int) -> None:
    together = Barrier(4)

    def ask(name: str) -> int:
        together.wait(timeout=30)
        with writing(engine) as connection:
            return version_id(connection, model_id, name, NOW)

    with ThreadPoolExecutor(4) as threads:
        for name in ("1", "2", "3"):
            assert len(set(threads.map(ask, [name] * 4))) == 1
    with engine.connect() as connection:
        assert [each.name for each in versions(connection, model_id)] == ["1", "2", "3"]


def test_all_who_apply_a_new_model_at_once_make_one(engine: Engine) -> None:
    together = Barrier(3)

    def apply(_: int) -> tuple[str, ...]:
        together.wait(timeout=30)
        with writing(engine) as connection:
            return apply_definition(connection, LOAN, NOW).changes

    with ThreadPoolExecutor(3) as threads:
        changes = list(threads.map(apply, range(3)))
    assert sorted(map(len, changes)) == [0, 0, 6]
    with engine.connect() as connection:
        assert len(connection.execute(select(model.c.id)).all()) == 1
        assert len(connection.execute(select(monitor.c.id)).all()) == 2


def test_fields_keep_their_order_and_are_replaced_whole(engine: Engine, model_id: int) -> None:
    first = [
        Field("zip", "feature", "categorical"),
        Field("age", "feature", "numeric"),
        Field("score[gold]", "score", "numeric"),
    ]
    with writing(engine) as connection:
        assert fields(connection, model_id) == []
        replace_fields(connection, model_id, first)
        assert fields(connection, model_id) == first
        replace_fields(connection, model_id, first[::-1][:2])
        assert fields(connection, model_id) == first[::-1][:2]
        replace_fields(connection, model_id, [])
        assert fields(connection, model_id) == []
