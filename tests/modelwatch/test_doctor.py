"""The doctor finds what is wrong, and says so in sentences."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from modelwatch.doctor import Check, examine, report
from modelwatch.settings import Settings
from store.column_types import to_micros
from store.definition_reading import definition_from
from store.engine import open_engine, writing
from store.keys import create_key
from store.models import apply_definition, list_models, version_id
from store.monitors import channels, disable_channel
from store.outbox import enqueue
from store.prediction_log import write_predictions
from store.records import OutboxMessage, PredictionRow

NOW = datetime(2026, 5, 1, tzinfo=UTC)
CREDIT = definition_from(
    {
        "model": "credit",
        "task": "binary",
        "channels": [{"kind": "webhook", "url": "https://example.org/x", "secret_env": "CREDIT_SECRET"}],
    }
)


def problems(settings: Settings, environment: dict[str, str] | None = None) -> list[str]:
    return [check.sentence for check in examine(settings, environment or {}, NOW) if check.level == "problem"]


def notes(settings: Settings) -> list[str]:
    return [check.sentence for check in examine(settings, {}, NOW) if check.level == "note"]


@pytest.fixture
def settings(store_url: str) -> Settings:
    return Settings(database_url=store_url)


def test_an_empty_installation_is_in_order(settings: Settings, engine: Engine) -> None:
    assert problems(settings) == []
    assert notes(settings) == ["there is no model yet: modelwatch apply makes one of a model file"]
    with engine.connect() as conn:
        assert list_models(conn) == []


def test_a_store_that_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (told,) = problems(Settings(database_url=f"sqlite:///{tmp_path}/file/store.db"))
    assert "cannot be made" in told


def test_a_store_that_cannot_be_written(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    other = open_engine(sqlite_url)
    with other.begin() as conn:
        conn.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON model BEGIN SELECT RAISE(FAIL, 'disk is full'); END")
    other.dispose()
    assert path.exists()
    assert any("cannot be written" in told for told in problems(Settings(database_url=sqlite_url)))


def test_strangers_may_come_and_there_is_no_key(settings: Settings, engine: Engine) -> None:
    open_to_all = settings.model_copy(update={"collector_host": "0.0.0.0"})
    assert any("there is none: modelwatch keys create" in told for told in problems(open_to_all))
    with writing(engine) as conn:
        create_key(conn, name="ci", scopes=["write"], models=None, expires_at=None, now=NOW, pepper=b"x")
    assert problems(open_to_all) == []


def test_a_channel_without_its_secret_and_one_that_is_disabled(settings: Settings, engine: Engine) -> None:
    with writing(engine) as conn:
        model = apply_definition(conn, CREDIT, NOW).model
    assert any("CREDIT_SECRET, which is not set" in told for told in problems(settings))
    assert problems(settings, {"CREDIT_SECRET": "whsec_x"}) == []
    with writing(engine) as conn:
        disable_channel(conn, channels(conn, model.id)[0].id, "it answered 410")
    assert any("disabled: it answered 410" in told for told in problems(settings, {"CREDIT_SECRET": "whsec_x"}))


def test_a_model_without_events_or_without_a_baseline(settings: Settings, engine: Engine) -> None:
    with writing(engine) as conn:
        model = apply_definition(conn, CREDIT, NOW).model
        version = version_id(conn, model.id, "1", NOW)
    assert notes(settings) == ["model credit has no events yet"]
    instant = to_micros(NOW)
    write_predictions(engine, [PredictionRow(model.id, version, instant, instant, "a", "1", None, "{}", None)])
    (note,) = notes(settings)
    assert note.startswith("model credit has no baseline: it is made of the first 10,000 rows")


def test_messages_that_do_not_arrive(settings: Settings, engine: Engine) -> None:
    with writing(engine) as conn:
        model = apply_definition(conn, CREDIT, datetime(2026, 4, 1, tzinfo=UTC)).model
        (channel,) = channels(conn, model.id)
        late = OutboxMessage(
            id="msg_1",
            model_id=model.id,
            channel_id=channel.id,
            ordering_key="credit",
            type="alert.firing",
            body="{}",
            state="pending",
            attempts=0,
            created_at=datetime(2026, 4, 1, tzinfo=UTC),
            next_attempt_at=datetime(2026, 4, 1, tzinfo=UTC),
        )
        enqueue(conn, [late, replace(late, id="msg_2", state="dead")])
    told = problems(settings, {"CREDIT_SECRET": "whsec_x"})
    assert len(told) == 2
    assert told[0].startswith("messages given up")
    assert told[1].startswith("messages on their way for more than an hour: 1")


@pytest.mark.parametrize(("level", "fine"), [("ok", True), ("note", True), ("problem", False)])
def test_only_a_problem_is_one(level: str, fine: bool) -> None:
    lines: list[str] = []
    put: Callable[[str], None] = lines.append
    assert report(iter([Check("ok", "a"), Check(level, "b")]), put) is fine  # type: ignore[arg-type]
    assert [line.split()[-1] for line in lines] == ["a", "b"]
