"""A monitor and its windows, written straight into their tables."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, insert

from store.engine import writing
from store.schema import monitor
from tests.store.conftest import NOW

DAY = timedelta(days=1)


def add_monitor(engine: Engine, model_id: int, name: str, kind: str = "drift", *, active: bool = True) -> int:
    """The id of a new monitor."""
    spec = f'{{"kind":"{kind}","name":"{name}"}}'
    with writing(engine) as connection:
        key = connection.execute(
            insert(monitor).values(model_id=model_id, name=name, spec=spec, active=active)
        ).inserted_primary_key
    assert key is not None
    return int(key[0])


def days(*numbers: int) -> list[tuple[datetime, datetime]]:
    """Windows of a day, counted from the instant that tests begin with."""
    return [(NOW + number * DAY, NOW + (number + 1) * DAY) for number in numbers]
