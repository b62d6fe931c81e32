from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError

from store.companions import add_companions, read_baseline_companion, read_companions, save_baseline_companions
from store.engine import writing
from store.records import Companion, ProfileKey
from store.schema import binning
from tests.store.conftest import NOW
from tests.store.test_baselines import add_one

HOUR = timedelta(hours=1)


@pytest.fixture
def binning_id(engine: Engine, model_id: int) -> int:
    """The id of bins of the model in which nothing has been counted yet."""
    with writing(engine) as connection:
        values = {"model_id": model_id, "content_hash": "bins", "payload": b"", "created_at": NOW}
        return int(connection.execute(insert(binning).values(values).returning(binning.c.id)).scalar_one())


def companion(version_id: int, hour: int, number: int, part: str = "pairs", segment: str = "") -> Companion:
    return Companion(ProfileKey(version_id, segment, NOW + hour * HOUR), part, str(number).encode())


def joined(part: str, before: bytes, added: bytes) -> bytes:
    """A sum that is easy to check; of the part ``names`` the texts themselves, one after the other."""
    return before + added if part == "names" else str(int(before) + int(added)).encode()


def test_each_part_adds_up_by_its_own_rule(engine: Engine, binning_id: int, version_id: int) -> None:
    with writing(engine) as connection:
        first = [companion(version_id, hour, hour + 1) for hour in (2, 0, 5)]
        add_companions(connection, binning_id, [*first, companion(version_id, 0, 7, "names")], joined)
    with writing(engine) as connection:
        again = [companion(version_id, 2, 10), companion(version_id, 0, 8, "names"), companion(version_id, 2, 20)]
        add_companions(connection, binning_id, again, joined)
        add_companions(connection, binning_id, [], joined)
    with engine.connect() as connection:
        read = read_companions(connection, binning_id, "pairs", NOW, NOW + 5 * HOUR)
        assert [(each.key.start, each.key.version_id, each.payload) for each in read] == [
            (NOW, version_id, b"1"),
            (NOW + 2 * HOUR, version_id, b"33"),
        ]
        names = read_companions(connection, binning_id, "names", NOW, NOW + HOUR)
        assert [each.payload for each in names] == [b"78"]
        assert read_companions(connection, binning_id, "pairs", NOW, NOW + HOUR, "region=north") == []


def test_thousands_are_added_at_once(engine: Engine, binning_id: int, version_id: int) -> None:
    added = [companion(version_id, hour, 1, part) for hour in range(700) for part in ("pairs", "copies")]
    with writing(engine) as connection:
        add_companions(connection, binning_id, added, joined)
        add_companions(connection, binning_id, added[::3], joined)
    with engine.connect() as connection:
        stored = {
            (each.part, each.key): int(each.payload)
            for part in ("pairs", "copies")
            for each in read_companions(connection, binning_id, part, NOW, NOW + 700 * HOUR)
        }
    assert stored == Counter((each.part, each.key) for each in [*added, *added[::3]])


def test_what_a_baseline_left_behind_stays(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        kept, other = add_one(connection, model_id, "a"), add_one(connection, model_id, "b")
        save_baseline_companions(connection, kept.id, {"pairs": b"first \x00\xff", "errors": b"e"})
        save_baseline_companions(connection, kept.id, {"pairs": b"later"})
        save_baseline_companions(connection, kept.id, {})
    with engine.connect() as connection:
        assert read_baseline_companion(connection, kept.id, "pairs") == b"first \x00\xff"
        assert read_baseline_companion(connection, kept.id, "errors") == b"e"
        assert read_baseline_companion(connection, kept.id, "names") is None
        assert read_baseline_companion(connection, other.id, "pairs") is None
        assert read_baseline_companion(connection, kept.id, "pairs", "region=north") is None


def test_they_belong_to_a_binning_and_a_baseline(engine: Engine, version_id: int) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        add_companions(connection, 77, [companion(version_id, 0, 1)], joined)
    with pytest.raises(IntegrityError), writing(engine) as connection:
        save_baseline_companions(connection, 77, {"pairs": b"nobody's"})
