import json
import random
import threading
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select

from store.append import UnstorableTextError
from store.engine import StoreError, writing
from store.prediction_log import (
    count_between,
    first_ts,
    last_received_at,
    last_ts,
    read_predictions,
    read_predictions_between,
    read_predictions_by_id,
    write_predictions,
)
from store.records import LoggedPredictions, PredictionRow
from store.schema import model, model_version, prediction_log
from tests.store.conftest import NOW
from tests.store.logged_rows import prediction_row

EVERYTHING = 2**62


def stored(engine: Engine, model_id: int) -> LoggedPredictions:
    with engine.connect() as connection:
        return read_predictions(connection, model_id, 0, EVERYTHING, EVERYTHING)


def test_a_new_row_is_stored_as_given(engine: Engine, model_id: int, version_id: int) -> None:
    row = PredictionRow(model_id, version_id, 5, 9, "a-ü", '"gold"', '{"gold":0.5}', '{"x":null}', '{"t":"é"}')
    assert write_predictions(engine, [row]) == ["accepted"]
    columns = [column for column in prediction_log.c if column.name != "id"]
    with engine.connect() as connection:
        assert PredictionRow(**connection.execute(select(*columns)).one()._asdict()) == row


def test_no_rows(engine: Engine, model_id: int) -> None:
    assert write_predictions(engine, []) == []
    assert stored(engine, model_id) == LoggedPredictions([], [], [], [], [], [], [])


def test_the_same_event_again_is_a_duplicate_whatever_its_spelling(
    engine: Engine, model_id: int, version_id: int
) -> None:
    row = prediction_row(model_id, version_id, "a", features='{"x":1,"y":[true,null]}', tags='{"k":"v"}')
    respelled = replace(row, features='{ "y": [true, null], "x": 1.0 }', received_at=row.received_at + 1)
    assert write_predictions(engine, [row]) == ["accepted"]
    assert write_predictions(engine, [row, respelled]) == ["duplicate", "duplicate"]
    assert stored(engine, model_id).features == ['{"x":1,"y":[true,null]}']


def test_another_event_under_the_same_id_is_a_conflict_and_the_first_is_kept(
    engine: Engine, model_id: int, version_id: int
) -> None:
    row = prediction_row(model_id, version_id, "a")
    others = [
        replace(row, ts=0),
        replace(row, prediction="0"),
        replace(row, prediction=None),
        replace(row, prediction="true"),
        replace(row, score=None),
        replace(row, score="0.84"),
        replace(row, features="{}"),
        replace(row, features='{"income":51000,"region":"south"}'),
        replace(row, features='{"income":"51000","region":"north"}'),
        replace(row, tags="{}"),
    ]
    write_predictions(engine, [row])
    assert write_predictions(engine, others) == ["conflict"] * len(others)
    kept = stored(engine, model_id)
    assert (kept.ts, kept.predictions, kept.scores, kept.features) == (
        [row.ts],
        [row.prediction],
        [row.score],
        [row.features],
    )


def test_another_version_under_the_same_id_is_a_conflict(engine: Engine, model_id: int, version_id: int) -> None:
    with writing(engine) as connection:
        connection.execute(insert(model_version).values(id=version_id + 1, model_id=model_id, name="2", created_at=NOW))
    row = prediction_row(model_id, version_id, "a")
    write_predictions(engine, [row])
    assert write_predictions(engine, [replace(row, version_id=version_id + 1)]) == ["conflict"]


def test_the_first_of_one_batch_wins(engine: Engine, model_id: int, version_id: int) -> None:
    row = prediction_row(model_id, version_id, "a")
    batch = [row, row, replace(row, score="0.1"), replace(row, prediction_id="b"), replace(row, score="0.830")]
    assert write_predictions(engine, batch) == ["accepted", "duplicate", "conflict", "accepted", "duplicate"]
    assert sorted(stored(engine, model_id).prediction_ids) == ["a", "b"]
    # The stored row is what a repetition is compared with, not the first of the batch.
    assert write_predictions(engine, [replace(row, score="0.1"), row]) == ["conflict", "duplicate"]


def test_the_same_id_of_two_models_is_two_events(engine: Engine, model_id: int, version_id: int) -> None:
    with writing(engine) as connection:
        connection.execute(
            insert(model).values(id=model_id + 1, name="fraud", definition="{}", created_at=NOW, updated_at=NOW)
        )
    rows = [prediction_row(model_id, version_id, "a"), prediction_row(model_id + 1, version_id, "a")]
    assert write_predictions(engine, rows) == ["accepted", "accepted"]
    assert write_predictions(engine, rows[::-1]) == ["duplicate", "duplicate"]
    assert len(stored(engine, model_id).ids) == 1


def test_a_text_that_no_database_holds_is_named_and_nothing_is_stored(
    engine: Engine, model_id: int, version_id: int
) -> None:
    rows = [prediction_row(model_id, version_id, str(i)) for i in range(3)]
    for column in ("prediction_id", "prediction", "score", "features", "tags"):
        for text, cause in (("a\0b", "NUL"), ("a\ud800b", "surrogate")):
            rows[1] = replace(prediction_row(model_id, version_id, "1"), **{column: text})  # type: ignore[arg-type]
            with pytest.raises(UnstorableTextError, match=f"row 1: {column} .*{cause}") as caught:
                write_predictions(engine, rows)
            assert (caught.value.index, caught.value.column) == (1, column)
    assert stored(engine, model_id).ids == []


def test_an_unknown_version_is_an_error_and_nothing_is_stored(engine: Engine, model_id: int, version_id: int) -> None:
    rows = [prediction_row(model_id, version_id, "a"), prediction_row(model_id, 999, "b")]
    with pytest.raises(StoreError, match="2 rows could not be added to prediction_log"):
        write_predictions(engine, rows)
    assert stored(engine, model_id).ids == []
    assert write_predictions(engine, rows[:1]) == ["accepted"]


def test_a_large_batch_is_one_batch(engine: Engine, model_id: int, version_id: int) -> None:
    rows = [prediction_row(model_id, version_id, str(i), features="{}") for i in range(20_500)]
    assert write_predictions(engine, rows[5_000:6_000]) == ["accepted"] * 1_000
    outcomes = write_predictions(engine, rows)
    assert outcomes == ["accepted"] * 5_000 + ["duplicate"] * 1_000 + ["accepted"] * 14_500
    assert sorted(stored(engine, model_id).prediction_ids) == sorted(row.prediction_id for row in rows)


def test_concurrent_batches_of_the_same_events_keep_each_once(engine: Engine, model_id: int, version_id: int) -> None:
    rows = [prediction_row(model_id, version_id, str(i)) for i in range(300)]
    said: list[str] = []

    def send(seed: int) -> None:
        shuffled = random.Random(seed).sample(rows, len(rows))
        for start in range(0, len(rows), 100):
            said.extend(write_predictions(engine, shuffled[start : start + 100]))

    senders = [threading.Thread(target=send, args=(seed,)) for seed in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert (said.count("accepted"), said.count("duplicate")) == (300, 900)
    assert sorted(stored(engine, model_id).prediction_ids) == sorted(row.prediction_id for row in rows)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["1", "1.0", "true", '"1"', "2"])), max_size=6),
        max_size=4,
    )
)
def test_any_sequence_of_batches_keeps_what_a_dictionary_would(
    engine: Engine, model_id: int, version_id: int, batches: list[list[tuple[str, str]]]
) -> None:
    with writing(engine) as connection:
        connection.execute(prediction_log.delete())
    kept: dict[str, str] = {}
    for batch in batches:
        expected = []
        for key, text in batch:
            earlier = kept.setdefault(key, text) if key in kept else None
            kept.setdefault(key, text)
            expected.append("accepted" if earlier is None else "duplicate" if same(earlier, text) else "conflict")
        rows = [prediction_row(model_id, version_id, key, prediction=text) for key, text in batch]
        assert write_predictions(engine, rows) == expected
    logged = stored(engine, model_id)
    assert dict(zip(logged.prediction_ids, logged.predictions, strict=True)) == kept


def same(first: str, second: str) -> bool:
    left, right = json.loads(first), json.loads(second)
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def test_reading_walks_the_ids_of_one_model(engine: Engine, model_id: int, version_id: int) -> None:
    write_predictions(engine, [prediction_row(model_id, version_id, f"{i:03}", ts=100 - i) for i in range(10)])
    everything = stored(engine, model_id)
    assert everything.ids == sorted(everything.ids)
    assert everything.version_ids == [version_id] * 10
    third, seventh = everything.ids[2], everything.ids[6]
    with engine.connect() as connection:
        some = read_predictions(connection, model_id, third, seventh, 100)
        first = read_predictions(connection, model_id, third, seventh, 2)
        assert read_predictions(connection, model_id + 1, 0, EVERYTHING, 100).ids == []
    assert some.ids == everything.ids[3:7]
    assert some.prediction_ids == everything.prediction_ids[3:7]
    assert first.ids == everything.ids[3:5]


def test_reading_by_event_time_is_half_open_and_in_order(engine: Engine, model_id: int, version_id: int) -> None:
    write_predictions(engine, [prediction_row(model_id, version_id, str(ts), ts=ts) for ts in (30, 10, 20, 40)])
    with engine.connect() as connection:
        assert read_predictions_between(connection, model_id, 10, 40, 100).ts == [10, 20, 30]
        assert read_predictions_between(connection, model_id, 10, 40, 2).ts == [10, 20]


def test_extent_and_counts(engine: Engine, model_id: int, version_id: int) -> None:
    with engine.connect() as connection:
        assert [read(connection, model_id) for read in (first_ts, last_ts, last_received_at)] == [None, None, None]
    for ts, received_at in ((20, 100), (40, 102), (10, 101)):
        write_predictions(engine, [prediction_row(model_id, version_id, str(ts), ts=ts, received_at=received_at)])
    with engine.connect() as connection:
        assert [read(connection, model_id) for read in (first_ts, last_ts, last_received_at)] == [10, 40, 101]
        assert first_ts(connection, model_id + 1) is None
        assert count_between(connection, model_id, 10, 40) == 2
        assert count_between(connection, model_id, 41, EVERYTHING) == 0


def test_rows_by_id_come_in_the_order_of_ids(engine: Engine, model_id: int, version_id: int) -> None:
    write_predictions(engine, [prediction_row(model_id, version_id, str(i)) for i in range(5)])
    everything = stored(engine, model_id)
    with engine.connect() as connection:
        some = read_predictions_by_id(connection, [everything.ids[3], everything.ids[1], EVERYTHING])
    assert some.ids == [everything.ids[1], everything.ids[3]]
    assert some.prediction_ids == [everything.prediction_ids[1], everything.prediction_ids[3]]
