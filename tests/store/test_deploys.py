from datetime import timedelta

from sqlalchemy import Engine

from store.deploys import add_deploy, deploys
from store.engine import writing
from tests.store.conftest import NOW

HOUR = timedelta(hours=1)


def test_deploys_are_listed_in_time_order_within_bounds(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        third = add_deploy(connection, model_id=model_id, version="3", at=NOW + 2 * HOUR)
        first = add_deploy(connection, model_id=model_id, version="1", at=NOW, note="first")
        second = add_deploy(connection, model_id=model_id, version="2", at=NOW + HOUR)
    with engine.connect() as connection:
        assert deploys(connection, model_id) == [first, second, third]
        assert deploys(connection, model_id, since=NOW + HOUR) == [second, third]
        assert deploys(connection, model_id, until=NOW + HOUR) == [first]
        assert deploys(connection, model_id, since=NOW + HOUR, until=NOW + 2 * HOUR) == [second]
        assert deploys(connection, model_id + 1) == []
    assert first.note == "first"


def test_the_same_deploy_again_is_one_deploy_with_the_newer_note(engine: Engine, model_id: int) -> None:
    with writing(engine) as connection:
        add_deploy(connection, model_id=model_id, version="1", at=NOW)
        again = add_deploy(connection, model_id=model_id, version="1", at=NOW, note="rolled out to all")
    with engine.connect() as connection:
        assert deploys(connection, model_id) == [again]
