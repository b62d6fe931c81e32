import pytest
from sqlalchemy import Engine

from store.baseline_importance import read_importance, save_importance
from store.engine import writing
from tests.store.test_baselines import add_one


def test_what_was_measured_comes_back_with_its_source(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        measured, other = add_one(connection, model_id, "a"), add_one(connection, model_id, "b")
        save_importance(connection, measured.id, {"income": 0.75, "region": 0.0}, "permutation")
    with engine.connect() as connection:
        assert read_importance(connection, measured.id) == {
            "income": (0.75, "permutation"),
            "region": (0.0, "permutation"),
        }
        assert read_importance(connection, other.id) == {}


def test_a_later_measurement_stands_in_place_of_the_first(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        baseline = add_one(connection, model_id, "a")
        save_importance(connection, baseline.id, {"income": 0.75, "region": 0.1}, "permutation")
        save_importance(connection, baseline.id, {"income": 0.5}, "permutation")
        assert read_importance(connection, baseline.id) == {"income": (0.5, "permutation")}


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_an_importance_beyond_0_to_1_is_refused(engine: Engine, model_id: int, value: float) -> None:
    with writing(engine) as connection, pytest.raises(ValueError, match="it must be from 0 to 1"):
        save_importance(connection, add_one(connection, model_id, "a").id, {"income": value}, "permutation")
