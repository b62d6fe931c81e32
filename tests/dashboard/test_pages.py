"""Every page run by Streamlit itself, without a browser, on a store with models in every state."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard.server import DATABASE_URL
from store.engine import migrate
from tests.dashboard import story

APP = Path(dashboard.__file__).parent / "app.py"

pytestmark = pytest.mark.usefixtures("at_the_end_of_the_story")


@pytest.fixture
def told(told_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE_URL, told_url)


def fleet() -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=30).run()
    assert not page.exception
    return page


def model(**address: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=30).run()
    page.switch_page("views/model.py")
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def text(page: AppTest) -> str:
    """What a reader sees of the Markdown: escapes taken out."""
    return " ".join(shown(element.value) for element in page.markdown)


def shown(markdown: str) -> str:
    characters = iter(markdown)
    return "".join(next(characters) if c == "\\" else c for c in characters).replace("\u2060", "")


@pytest.mark.usefixtures("told")
def test_the_fleet_says_who_needs_somebody() -> None:
    page = fleet()
    assert "3 of 6 models need you: " in text(page)
    assert "credit (drift in income and" in text(page)
    table = page.dataframe[0].value
    assert list(table["model"][-3:]) == ["blank", "fresh", "churn"]
    assert set(table["model"][:2]) == {"credit", "intake"}
    assert table["state"].str.match(r"^\S+ \S+").all()
    assert [link.label for link in page.page_link][-1] == "Open pricing"


@pytest.mark.usefixtures("told")
def test_a_drifting_model_shows_verdict_fields_performance_quality_and_messages() -> None:
    page = model(model="credit")
    said = text(page)
    assert "credit needs you: drift in income since 3 May (KS 0.3" in said
    assert "version 4 was deployed on 2 May 14:00, 10 hours earlier (retrained on April)" in said
    assert "Labels to 20 May: 10 later windows wait for theirs." in said
    assert len(page.get("vega_lite_chart")) == 3
    assert page.dataframe[0].value["field"].iloc[0] == "income"
    assert page.dataframe[1].value["check"].tolist() == ["missing share"]
    assert page.dataframe[2].value["state"].tolist() == ["✖ given up", "✓ delivered"]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("churn", "churn is healthy: 8 checks passed in the window of 30 May."),
        ("pricing", "pricing has no data: no rows in the window of 30 May. The last event came 3 days ago."),
        ("fresh", "fresh has no baseline to compare with: 3 events received."),
        ("blank", "blank has not received an event yet."),
    ],
)
def test_every_state_has_a_verdict(name: str, said: str) -> None:
    assert said in text(model(model=name))


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("name", "command"), [("fresh", "modelwatch baseline fresh FILE"), ("blank", "modelwatch ingest blank FILE")]
)
def test_a_model_that_is_not_set_up_shows_the_next_command(name: str, command: str) -> None:
    assert [code.value for code in model(model=name).code] == [command]


@pytest.mark.usefixtures("told")
def test_a_link_restores_every_choice() -> None:
    page = model(model="credit", monitor="quality", range="7d", until="2026-05-20", field="region")
    assert page.selectbox(key="model").value == "credit"
    assert page.selectbox(key="monitor").value == "quality"
    assert page.selectbox(key="field").value == "region"
    assert str(page.date_input(key="until").value) == "2026-05-20"
    assert page.segmented_control(key="range").value == "7d"
    assert "Performance over time" not in text(page)


@pytest.mark.usefixtures("told")
def test_a_segment_is_asked_for_where_there_are_segments_and_shown_alone() -> None:
    assert len(model(model="churn").dataframe[0].value) == 7
    page = model(model="churn", segment=story.NORTH)
    assert page.selectbox(key="segment").value == story.NORTH
    assert page.dataframe[0].value["field"].tolist() == ["income"]


@pytest.mark.usefixtures("told")
def test_a_link_to_a_model_that_is_not_there_says_so_and_shows_no_other() -> None:
    page = model(model="<b>gone</b>")
    assert "There is no model named <b>gone</b>." in text(page)
    assert not page.dataframe


@pytest.mark.usefixtures("told")
def test_nonsense_in_the_address_falls_back() -> None:
    page = model(model="churn", range="5y", monitor="<x>", field="nobody", until="yesterday")
    assert "churn is healthy" in text(page)


@pytest.mark.usefixtures("told")
def test_hostile_names_reach_the_page_only_escaped() -> None:
    page = model(model="intake")
    assert story.IMAGE in text(page)
    for element in page.markdown:
        assert not element.allow_html
        assert story.IMAGE not in element.value
        assert "**x**" not in element.value
    assert set(page.dataframe[0].value["field"]) >= set(story.HOSTILE)
    assert "<script>alert(1)</script>" in " ".join(shown(c.value) for c in page.caption)


def test_an_empty_store_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    migrate(url)
    monkeypatch.setenv(DATABASE_URL, url)
    for page in (fleet(), model()):
        assert "No models yet." in text(page)
        assert [code.value for code in page.code] == ["modelwatch apply model.yaml"]


def test_a_store_without_tables_says_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE_URL, f"sqlite:///{tmp_path / 'bare.db'}")
    page = fleet()
    assert "The store is empty." in text(page)
    assert [code.value for code in page.code] == ["modelwatch migrate"]


def test_no_store_and_a_wrong_address_are_told_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATABASE_URL, raising=False)
    assert "No store is set." in text(fleet())
    monkeypatch.setenv(DATABASE_URL, "mysql://user:hunter2@host/db")
    said = text(fleet())
    assert "The store cannot be opened." in said
    assert "hunter2" not in said
