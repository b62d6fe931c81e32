from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from store.calibrations import (
    read_block_starts,
    read_blocks,
    read_calibration,
    read_sample,
    save_blocks,
    save_calibration,
    save_samples,
)
from store.engine import writing
from store.records import BaselineBlock, StoredCalibration
from tests.store.conftest import NOW
from tests.store.test_baselines import add_one

FIRST = BaselineBlock(NOW - timedelta(hours=2), 40, b"first \x00\xff")
SECOND = BaselineBlock(NOW - timedelta(hours=1), 60, b"second")
WITHOUT_CLOCK = BaselineBlock(None, 100, b"rows")


def test_blocks_come_back_in_their_order_by_segment(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        baseline = add_one(connection, model_id, "a")
        save_blocks(connection, baseline.id, {"": [FIRST, SECOND], "region=north": [WITHOUT_CLOCK]})
    with engine.connect() as connection:
        assert read_blocks(connection, baseline.id) == [FIRST, SECOND]
        assert read_blocks(connection, baseline.id, "region=north") == [WITHOUT_CLOCK]
        assert read_blocks(connection, baseline.id, "region=south") == []
        assert read_blocks(connection, baseline.id, first=1) == [SECOND]
        assert read_block_starts(connection, baseline.id) == [FIRST.start, SECOND.start]
        assert read_block_starts(connection, baseline.id, "region=north") == [None]


def test_blocks_and_samples_that_are_there_stay(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        baseline = add_one(connection, model_id, "a")
        for block, sample in ((FIRST, b"a"), (SECOND, b"b")):
            save_blocks(connection, baseline.id, {"": [block]})
            save_samples(connection, baseline.id, {"": sample})
        save_samples(connection, baseline.id, {})
        assert read_blocks(connection, baseline.id) == [FIRST]
        assert read_sample(connection, baseline.id) == b"a"
        assert read_sample(connection, baseline.id, "region=north") is None


def test_the_first_calibration_of_a_subject_stays(engine: Engine, model_id: int) -> None:
    first, later = StoredCalibration(7, b"first"), StoredCalibration(8, b"later")
    with writing(engine) as connection:
        baseline = add_one(connection, model_id, "a")
        assert read_calibration(connection, baseline.id, "", "1d ks") is None
        save_calibration(connection, baseline.id, "", "1d ks", first, NOW)
        save_calibration(connection, baseline.id, "", "1d ks", later, NOW)
        save_calibration(connection, baseline.id, "region=north", "1d ks", later, NOW)
    with engine.connect() as connection:
        assert read_calibration(connection, baseline.id, "", "1d ks") == first
        assert read_calibration(connection, baseline.id, "region=north", "1d ks") == later
        assert read_calibration(connection, baseline.id, "", "1h ks") is None


def test_they_belong_to_a_baseline(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        save_samples(connection, 77, {"": b"nobody's"})
