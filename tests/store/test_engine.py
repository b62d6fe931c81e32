from sqlalchemy import Engine, text


def test_answers(engine: Engine, version_id: int) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
