from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from store.baselines import get_binning
from store.engine import migrate, open_engine, writing
from store.profiles import merge_profiles, read_profiles, row_counts
from store.records import ProfileDelta, ProfileKey, RowCount, StoredProfile
from store.schema import binning, model, model_version, profile
from tests.store.conftest import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def binning_id(engine: Engine, model_id: int) -> int:
    """The id of bins of the model in which nothing has been counted yet."""
    with writing(engine) as connection:
        values = {"model_id": model_id, "content_hash": "bins", "payload": b"", "created_at": NOW}
        return int(connection.execute(insert(binning).values(values).returning(binning.c.id)).scalar_one())


def _delta(version_id: int, hour: int, n_rows: int, segment: str = "", n_labelled: int = 0) -> ProfileDelta:
    key = ProfileKey(version_id, segment, NOW + hour * HOUR)
    return ProfileDelta(key, n_rows, n_labelled, fields=str(n_rows).encode(), performance=None)


def _add(stored: StoredProfile | None, delta: ProfileDelta) -> StoredProfile:
    """A sum that is easy to check: the payload of ``fields`` is the number of rows as text."""
    before = stored or StoredProfile(delta.key, 0, 0, b"0", b"")
    assert before.key == delta.key
    assert delta.fields is not None
    return StoredProfile(
        delta.key,
        before.n_rows + delta.n_rows,
        before.n_labelled + delta.n_labelled,
        str(int(before.fields) + int(delta.fields)).encode(),
        delta.performance or before.performance,
    )


def _merge(engine: Engine, binning_id: int, expected: int, to: int, deltas: list[ProfileDelta]) -> bool:
    with writing(engine) as connection:
        return merge_profiles(connection, binning_id, expected=(expected, 0), to=(to, 0), deltas=deltas, merge=_add)


def test_what_is_added_is_read_in_order(engine: Engine, binning_id: int, version_id: int) -> None:
    assert _merge(engine, binning_id, 0, 9, [_delta(version_id, hour, hour + 1, n_labelled=1) for hour in (2, 0, 5)])
    assert _merge(engine, binning_id, 9, 12, [_delta(version_id, 2, 10), _delta(version_id, 1, 7)])
    with engine.connect() as connection:
        read = read_profiles(connection, binning_id, NOW, NOW + 5 * HOUR)
        assert read_profiles(connection, binning_id, NOW, NOW + 5 * HOUR, "region=north") == []
        assert get_binning(connection, binning_id).predictions_to == 12
    assert [(each.key.start, each.n_rows, each.n_labelled, each.fields) for each in read] == [
        (NOW, 1, 1, b"1"),
        (NOW + HOUR, 7, 0, b"7"),
        (NOW + 2 * HOUR, 13, 1, b"13"),
    ]


def test_a_stale_merge_changes_nothing(engine: Engine, binning_id: int, version_id: int) -> None:
    assert _merge(engine, binning_id, 0, 9, [_delta(version_id, 0, 1)])
    assert not _merge(engine, binning_id, 0, 9, [_delta(version_id, 0, 1)])
    with writing(engine) as connection:
        assert not merge_profiles(
            connection, binning_id, expected=(9, 4), to=(9, 5), deltas=[_delta(version_id, 0, 1)], merge=_add
        )
    with engine.connect() as connection:
        assert row_counts(connection, binning_id) == [RowCount(NOW, 1, 0)]
        bins = get_binning(connection, binning_id)
    assert (bins.predictions_to, bins.labels_to) == (9, 0)


def test_a_merge_that_fails_leaves_the_watermarks(engine: Engine, binning_id: int, version_id: int) -> None:
    deltas = [_delta(version_id, 0, 1), ProfileDelta(ProfileKey(987, "", NOW), 1, 0, b"x", None)]
    with pytest.raises(ValueError, match="invalid literal"):
        _merge(engine, binning_id, 0, 9, deltas)
    with engine.connect() as connection:
        assert get_binning(connection, binning_id).predictions_to == 0
        assert row_counts(connection, binning_id) == []


def test_counting_back_is_refused(engine: Engine, binning_id: int) -> None:
    with pytest.raises(ValueError, match="counted back"):
        _merge(engine, binning_id, 9, 8, [])


def test_those_who_merge_at_once_count_each_row_once(engine: Engine, binning_id: int, version_id: int) -> None:
    def count_to_the_end(_: int) -> int:
        won = 0
        while True:
            with engine.connect() as connection:
                done = get_binning(connection, binning_id).predictions_to
            if done == 30:
                return won
            won += _merge(engine, binning_id, done, done + 1, [_delta(version_id, done % 3, 1)])

    with ThreadPoolExecutor(4) as threads:
        won = list(threads.map(count_to_the_end, range(4)))
    assert sum(won) == 30
    with engine.connect() as connection:
        assert row_counts(connection, binning_id) == [RowCount(NOW + hour * HOUR, 10, 0) for hour in range(3)]


def test_thousands_of_profiles_are_merged_at_once(engine: Engine, binning_id: int, version_id: int) -> None:
    deltas = [_delta(version_id, hour, 1, segment) for hour in range(1_300) for segment in ("", "region=a")]
    assert _merge(engine, binning_id, 0, 1, deltas)
    assert _merge(engine, binning_id, 1, 2, deltas[::3])
    with engine.connect() as connection:
        stored = {
            each.key: each.n_rows
            for segment in ("", "region=a")
            for each in read_profiles(connection, binning_id, NOW, NOW + 1_300 * HOUR, segment)
        }
    assert stored == Counter(delta.key for delta in deltas) + Counter(delta.key for delta in deltas[::3])


def test_rows_are_counted_by_hour_and_window_over_all_versions(
    engine: Engine, binning_id: int, model_id: int, version_id: int
) -> None:
    with writing(engine) as connection:
        values = {"model_id": model_id, "name": "2", "created_at": NOW}
        other = connection.execute(insert(model_version).values(values).returning(model_version.c.id)).scalar_one()
        assert row_counts(connection, binning_id) == []
    hours = {0: (4, 1), 1: (6, 0), 3: (5, 5), 7: (0, 0)}
    deltas = [_delta(version_id, hour, rows, n_labelled=labelled) for hour, (rows, labelled) in hours.items()]
    deltas += [_delta(other, 3, 2, n_labelled=1), _delta(other, 3, 1, "region=a")]
    assert _merge(engine, binning_id, 0, 1, deltas)
    with engine.connect() as connection:
        assert row_counts(connection, binning_id) == [
            RowCount(NOW, 4, 1),
            RowCount(NOW + HOUR, 6, 0),
            RowCount(NOW + 3 * HOUR, 7, 6),
            RowCount(NOW + 7 * HOUR, 0, 0),
        ]
        assert row_counts(connection, binning_id, "region=a") == [RowCount(NOW + 3 * HOUR, 1, 0)]


@pytest.fixture(scope="module")
def shared_engine() -> Iterator[Engine]:
    """A store for examples that are many and keep out of each other's way."""
    with TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/store.db")
        migrate(engine)
        with writing(engine) as connection:
            connection.execute(insert(model).values(id=1, name="m", definition="{}", created_at=NOW, updated_at=NOW))
            versions = [{"id": number, "model_id": 1, "name": str(number), "created_at": NOW} for number in (1, 2)]
            connection.execute(insert(model_version), versions)
            connection.execute(insert(binning).values(id=1, model_id=1, content_hash="", payload=b"", created_at=NOW))
        yield engine
        engine.dispose()


_DELTAS = st.lists(
    st.builds(
        _delta, st.sampled_from([1, 2]), st.integers(0, 3), st.integers(1, 50), st.sampled_from(["", "a=1"]),
        st.integers(0, 5),
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deltas=_DELTAS, cut=st.integers(0, 30))
def test_any_split_of_the_deltas_gives_the_same_sums(
    shared_engine: Engine, deltas: list[ProfileDelta], cut: int
) -> None:
    expected: Counter[ProfileKey] = Counter()
    for delta in deltas:
        expected[delta.key] += delta.n_rows
    with writing(shared_engine) as connection:
        connection.execute(profile.delete())
        connection.execute(binning.update().values(predictions_to=0, labels_to=0))
    assert _merge(shared_engine, 1, 0, 1, deltas[:cut])
    assert _merge(shared_engine, 1, 1, 2, deltas[cut:])
    with shared_engine.connect() as connection:
        stored = [
            each for segment in ("", "a=1") for each in read_profiles(connection, 1, NOW, NOW + 4 * HOUR, segment)
        ]
    assert {each.key: each.n_rows for each in stored} == expected
    assert all(int(each.fields) == each.n_rows for each in stored)
