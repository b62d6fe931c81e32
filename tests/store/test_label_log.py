from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from store.append import UnstorableTextError
from store.engine import writing
from store.label_log import count_orphans, label_changes, write_labels
from store.prediction_log import write_predictions
from store.records import LabelChanges, LabelRow
from store.schema import label_log, prediction_log
from tests.store.logged_rows import label_row, prediction_row


def test_labels_are_kept_once_for_each_instant(engine: Engine, model_id: int) -> None:
    row = label_row(model_id, "a", '{"x": 1}', ts=5)
    assert write_labels(engine, [row, replace(row, ts=6), replace(row, label='{"x":1.0}')]) == [
        "accepted",
        "accepted",
        "duplicate",
    ]
    again = [replace(row, received_at=99), replace(row, label="0"), replace(row, prediction_id="b")]
    assert write_labels(engine, again) == ["duplicate", "conflict", "accepted"]
    columns = [column for column in label_log.c if column.name != "id"]
    with engine.connect() as connection:
        stored = [LabelRow(**kept._asdict()) for kept in connection.execute(select(*columns))]
    assert Counter(stored) == Counter([row, replace(row, ts=6), replace(row, prediction_id="b")])


def test_the_probability_is_part_of_a_label(engine: Engine, model_id: int, version_id: int) -> None:
    row = label_row(model_id, "a", "1", ts=5, chance=0.1)
    assert write_labels(engine, [row, label_row(model_id, "b", "0")]) == ["accepted", "accepted"]
    others = [row, replace(row, sampling_probability=0.2), replace(row, sampling_probability=None)]
    assert write_labels(engine, others) == ["duplicate", "conflict", "conflict"]
    write_labels(engine, [replace(row, ts=6, sampling_probability=0.25), replace(row, ts=7, sampling_probability=None)])
    write_predictions(engine, [prediction_row(model_id, version_id, "a"), prediction_row(model_id, version_id, "b")])
    first, then, last = log_ends(engine)[1] - 2, log_ends(engine)[1] - 1, log_ends(engine)[1]
    found = changes(engine, model_id, (0, 0), (2, first))[1]
    assert (found.old_probabilities, found.new_probabilities) == ([None, None], [0.1, None])
    # Another probability of the same label is a change too, and so is none.
    found = changes(engine, model_id, (2, first), (2, then))[1]
    assert (found.old_labels, found.new_labels) == (["1"], ["1"])
    assert (found.old_probabilities, found.new_probabilities) == ([0.1], [0.25])
    found = changes(engine, model_id, (2, then), (2, last))[1]
    assert (found.old_probabilities, found.new_probabilities) == ([0.25], [None])


def test_true_is_not_the_label_one(engine: Engine, model_id: int) -> None:
    row = label_row(model_id, "a", "1")
    assert write_labels(engine, [row]) == ["accepted"]
    assert write_labels(engine, [replace(row, label="true")]) == ["conflict"]


def test_a_label_that_no_database_holds_is_named(engine: Engine, model_id: int) -> None:
    with pytest.raises(UnstorableTextError, match="row 1: label contains the NUL"):
        write_labels(engine, [label_row(model_id, "a", "1"), label_row(model_id, "b", '"\0"')])


def changes(
    engine: Engine, model_id: int, before: tuple[int, int], after: tuple[int, int]
) -> tuple[dict[str, tuple[str | None, str | None]], LabelChanges]:
    """What changes between two pairs of watermarks, by prediction, and as returned."""
    with engine.connect() as connection:
        found = label_changes(
            connection,
            model_id,
            predictions_from=before[0],
            predictions_to=after[0],
            labels_from=before[1],
            labels_to=after[1],
        )
    pairs = zip(found.old_labels, found.new_labels, strict=True)
    return dict(zip(found.rows.prediction_ids, pairs, strict=True)), found


def test_label_after_prediction_correction_and_late_older_label(engine: Engine, model_id: int, version_id: int) -> None:
    write_predictions(engine, [prediction_row(model_id, version_id, "a", features='{"x":7}')])
    write_labels(engine, [label_row(model_id, "a", "1", ts=10)])
    write_labels(engine, [label_row(model_id, "a", "0", ts=20)])
    write_labels(engine, [label_row(model_id, "a", "1", ts=15)])
    assert changes(engine, model_id, (0, 0), (1, 0))[0] == {}
    by_key, found = changes(engine, model_id, (1, 0), (1, 1))
    assert by_key == {"a": (None, "1")}
    assert (found.rows.ids, found.rows.features) == ([1], ['{"x":7}'])
    assert changes(engine, model_id, (1, 1), (1, 2))[0] == {"a": ("1", "0")}
    assert changes(engine, model_id, (1, 2), (1, 3))[0] == {}
    assert changes(engine, model_id, (0, 0), (1, 3))[0] == {"a": (None, "0")}


def test_a_label_before_its_prediction_is_an_orphan_until_it_comes(
    engine: Engine, model_id: int, version_id: int
) -> None:
    write_labels(engine, [label_row(model_id, "a", "1"), label_row(model_id, "never", "1")])
    by_key, found = changes(engine, model_id, (0, 0), (0, 2))
    assert (by_key, found.orphans) == ({}, 2)
    write_predictions(engine, [prediction_row(model_id, version_id, "a")])
    by_key, found = changes(engine, model_id, (0, 2), (1, 2))
    assert (by_key, found.orphans) == ({"a": (None, "1")}, 0)
    with engine.connect() as connection:
        assert count_orphans(connection, model_id) == 1
        assert count_orphans(connection, model_id + 1) == 0


def test_labels_of_another_model_do_not_count(engine: Engine, model_id: int, version_id: int) -> None:
    write_predictions(engine, [prediction_row(model_id, version_id, "a")])
    write_labels(engine, [label_row(model_id, "a", "1")])
    assert changes(engine, model_id + 1, (0, 0), (9, 9))[0] == {}


def test_more_rows_than_one_query_asks_for(engine: Engine, model_id: int, version_id: int) -> None:
    keys = [str(i) for i in range(12_000)]
    write_labels(engine, [label_row(model_id, key, "0") for key in keys])
    write_predictions(engine, [prediction_row(model_id, version_id, key, features="{}") for key in keys])
    write_labels(engine, [label_row(model_id, key, "1", ts=2) for key in keys])
    n = len(keys)
    assert changes(engine, model_id, (0, n), (n, n))[0] == dict.fromkeys(keys, (None, "0"))
    by_key, found = changes(engine, model_id, (n, n), (n, 2 * n))
    assert by_key == dict.fromkeys(keys, ("0", "1"))
    assert found.rows.ids == sorted(found.rows.ids)


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("prediction"), st.sampled_from("abc")),
        st.tuples(st.just("label"), st.sampled_from("abcd"), st.sampled_from("01"), st.integers(1, 4)),
        st.tuples(st.just("read"), st.integers(0, 3), st.integers(0, 3)),
    ),
    max_size=25,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
def test_steps_add_up_to_counting_everything_afresh(
    engine: Engine, model_id: int, version_id: int, events: list[tuple[str, ...]]
) -> None:
    """Whatever came in whatever order and however far each step read, lagging behind the logs by a few rows."""
    with writing(engine) as connection:
        connection.execute(label_log.delete())
        connection.execute(prediction_log.delete())
    counted: Counter[tuple[str, str]] = Counter()
    before = 0, 0
    for kind, *values in [*events, ("read", 0, 0)]:
        if kind == "prediction":
            write_predictions(engine, [prediction_row(model_id, version_id, str(values[0]))])
        elif kind == "label":
            key, text, ts = values
            write_labels(engine, [label_row(model_id, str(key), str(text), ts=int(ts))])
        else:
            ends = log_ends(engine)
            lags = [int(lag) for lag in values]
            after = max(before[0], ends[0] - lags[0]), max(before[1], ends[1] - lags[1])
            by_key, found = changes(engine, model_id, before, after)
            for key, (old, new) in by_key.items():
                assert old != new
                counted.update({(key, new): 1} if new else {})
                counted.subtract({(key, old): 1} if old else {})
            expected, expected_orphans = effective(engine, before, after)
            assert +counted == expected
            assert min(counted.values(), default=0) >= 0
            assert found.orphans == expected_orphans
            before = after


def log_ends(engine: Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        ids = [connection.execute(select(log.c.id)).scalars().all() for log in (prediction_log, label_log)]
    return max(ids[0], default=0), max(ids[1], default=0)


def effective(engine: Engine, before: tuple[int, int], after: tuple[int, int]) -> tuple[Counter[tuple[str, str]], int]:
    """The oracle: the label that counts for each prediction, and the step's orphans, by walking over all rows."""
    with engine.connect() as connection:
        predictions = connection.execute(select(prediction_log.c.id, prediction_log.c.prediction_id)).all()
        labels = connection.execute(select(label_log).order_by(label_log.c.ts, label_log.c.id)).all()
    there = {key for row_id, key in predictions if row_id <= after[0]}
    latest = {row.prediction_id: row.label for row in labels if row.id <= after[1]}
    orphans = [row for row in labels if before[1] < row.id <= after[1] and row.prediction_id not in there]
    return Counter({(key, latest[key]): 1 for key in there & latest.keys()}), len(orphans)
