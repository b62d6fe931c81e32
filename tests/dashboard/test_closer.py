"""The closer look at a result and a window, with the real program on a real store."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard.program import PROGRAM as NAMED
from dashboard.server import DATABASE_URL
from modelwatch.program import PROGRAM
from store.engine import open_engine
from tests.dashboard.test_pages import shown
from tests.modelwatch.cycle.world import REFERENCE, World, events, hours, labels, model_file, new_world

pytestmark = pytest.mark.slow

APP = Path(dashboard.__file__).parent / "app.py"
DRIFT = {"kind": "drift", "window": "1h", "min_rows": 20}


@pytest.fixture
def world(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Three quiet hours and one in which ``x`` is shifted, on the store that the pages show."""
    world = new_world(open_engine(sqlite_url), model_file(DRIFT), REFERENCE)
    rows = [*events(0, 3, 60), *events(3, 4, 150, shift=3.0)]
    world.log(rows)
    world.log_labels(labels(rows, after=timedelta(minutes=1)))
    world.cycle(hours(4))
    world.engine.dispose()
    monkeypatch.setenv(DATABASE_URL, sqlite_url)
    monkeypatch.setenv(NAMED, json.dumps(PROGRAM))
    monkeypatch.setenv("MODELWATCH_NOW", hours(5).isoformat())
    return world


def page() -> AppTest:
    found = AppTest.from_file(str(APP), default_timeout=280).run()
    found.switch_page("views/model.py")
    found.query_params["model"] = "credit"
    found.run()
    assert not found.exception
    return found


def test_a_chosen_result_is_told_in_the_words_of_the_program(world: World) -> None:
    found = page()
    (result,) = world.results(window_end=hours(4), field="x", method="ks")
    assert result.id is not None
    found.selectbox(key="result").set_value(result.id).run()
    said = " ".join(shown(element.value) for element in found.markdown)
    assert "Model credit, monitor drift: ks of 'x' is beyond its limit" in said
    for title in ("What was compared", "How the limit came about", "What may be behind it", "What to look at next"):
        assert f"**{title}**" in said
    assert "with seed " in said


def test_without_a_program_no_report_is_offered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMED)
    assert not [button for button in page().button if "report" in button.label]


def test_a_report_can_be_saved_once_it_is_made(world: World) -> None:
    found = page()
    (button,) = [button for button in found.button if button.label == "Make the full report"]
    button.click().run()
    assert not found.exception
    assert len(found.get("download_button")) == 1
    assert "There is no report" not in " ".join(shown(element.value) for element in found.markdown)
