"""The full report: names are text in it, whatever they are, also for a real Chromium."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Dialog, expect, sync_playwright

from modelwatch.evidently_rows.process import Failure, Limits
from modelwatch.evidently_rows.reports import ReportPage, _names, report_page
from tests.dashboard.test_browser import ARGUMENTS, CHROMIUM
from tests.modelwatch.evidently_rows.samples import IMAGE, QUOTES, SCRIPT, hostile_sample
from tests.optional_parts import require

HOSTILE = (SCRIPT, IMAGE, QUOTES, "<!--<script>", "]]>", "f1")


class Elements(HTMLParser):
    """The elements of a page as a parser finds them, and the texts within scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_names_cannot_leave_the_element_they_are_in() -> None:
    texts = {f"f{position}": text for position, text in enumerate(HOSTILE)}
    page = Elements()
    page.feed(_names(" ".join(texts), texts))
    page.close()
    assert page.found == ["script", "script"]
    assert dict(json.loads(page.texts[0])) == texts


def test_only_what_the_page_shows_is_named_and_long_names_are_cut() -> None:
    page = Elements()
    page.feed(_names("f1, c7 and xf2", {"f1": "n" * 10_000, "f2": "unused", "c7": "north"}))
    assert json.loads(page.texts[0]) == [["c7", "north"], ["f1", "n" * 199 + "…"]]


def test_samples_without_anything_to_compare_are_a_failure() -> None:
    empty = hostile_sample(1).of_fields(["empty"])
    assert report_page(empty, empty, "title", []) == Failure("no field has a value on both sides")


def test_a_report_that_fails_says_why() -> None:
    found = report_page(hostile_sample(1), hostile_sample(2), "title", [], Limits(150 * 1024**2, 60))
    assert found == Failure("it ran out of the memory it may use")


@pytest.fixture(scope="module")
def made() -> ReportPage:
    found = report_page(
        hostile_sample(1), hostile_sample(2, 1.0), f"credit {IMAGE}", [("Segment", SCRIPT), ("f0", "f0")],
        Limits(seconds=280),
    )  # fmt: skip
    assert isinstance(found, ReportPage), found
    return found


@pytest.mark.slow
def test_no_name_reaches_the_page_as_it_is(made: ReportPage) -> None:
    assert made.left_out == ("empty",)
    for text in (SCRIPT, IMAGE, QUOTES):
        assert text not in made.html
    assert made.html.index("Content-Security-Policy") < made.html.index("<script")


@pytest.mark.slow
@pytest.mark.browser
def test_a_browser_shows_names_as_text_and_runs_none_of_them(made: ReportPage, tmp_path: Path) -> None:
    require(Path(CHROMIUM).exists(), f"there is no Chromium at {CHROMIUM}: set MODELWATCH_CHROMIUM")
    file = tmp_path / "report.html"
    file.write_text(made.html, encoding="utf-8")
    complaints: list[str] = []
    asked: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def spoken_to(dialog: Dialog) -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = chromium.new_page(viewport={"width": 1400, "height": 3000})
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", spoken_to)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        expect(page.locator("h1")).to_have_text(f"credit {IMAGE}")
        expect(page.get_by_text("Data Drift Summary")).to_be_visible(timeout=60_000)
        for name in (SCRIPT, IMAGE, "f0", "constant", "flag"):
            expect(page.locator("td", has_text=name).first).to_be_visible()
        page.locator("td button").first.click()
        shown = page.locator("body").inner_text()
        assert page.evaluate("window.harmed") is None
        assert page.locator("img").count() == 0
        page.screenshot(path=tmp_path / "report.png", full_page=True)
        chromium.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    for text in (QUOTES[:4], "true", "false"):
        assert text in shown
    # What is left of the form of an alias is the field that is called so.
    assert set(re.findall(r"\b[fc][0-9]+\b", shown)) == {"f0"}
