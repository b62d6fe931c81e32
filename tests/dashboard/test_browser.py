"""The dashboard as its users meet it: a real Chromium on the real server, in light and in dark.

Every page is photographed into pytest's temporary folder, for people to look at.
"""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright

from dashboard import links, server
from modelwatch.program import PROGRAM
from tests.dashboard import story
from tests.optional_parts import require

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("MODELWATCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Streamlit's page asks for these below the path of a page before it asks for them at the root.
EXPECTED_404 = re.compile(r"/(model|fleet)/_stcore/(health|host-config)$")
Theme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def address(told_url: str) -> Iterator[str]:
    """The dashboard on the told story, served by the command that users run."""
    require(Path(CHROMIUM).exists(), f"there is no Chromium at {CHROMIUM}: set MODELWATCH_CHROMIUM")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = server.environment(told_url, program=PROGRAM) | {"MODELWATCH_NOW": story.NOW.isoformat()}
    with subprocess.Popen(
        server.command(port), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        try:
            wait_until_served(child, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            child.terminate()
            child.communicate(timeout=20)


def wait_until_served(child: subprocess.Popen[str], port: int) -> None:
    """Read what the server says until it answers; what it said is told when it does not."""
    assert child.stdout is not None
    said = []
    for line in child.stdout:
        said.append(line)
        if "URL:" in line:
            break
    try:
        with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=30) as answer:
            assert answer.status == 200
    except URLError as error:
        pytest.fail(f"the dashboard does not answer: {error}\n{''.join(said)}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """A page, and what it did that it should not have done."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)
        self.settle()

    def settle(self) -> None:
        """Wait until the script has run and every chart and table is drawn."""
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        expect(self.page.locator('[data-testid="stSkeleton"]')).to_have_count(0)
        for chart in self.page.locator('[data-testid="stVegaLiteChart"]').all():
            expect(chart.locator("svg.marks, canvas.marks")).to_be_visible()

    def heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED_404.search(message.location.get("url", "")):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.abroad.append(request.url)

    def spoken_to(self, dialog: Dialog) -> None:
        self.complaints.append(f"a dialog opened: {dialog.message}")
        dialog.dismiss()

    @property
    def headline(self) -> str:
        return self.page.locator("h3").first.inner_text().replace("\u2060", "")


@pytest.fixture
def theme() -> Theme:
    """What the browser asks for, unless a test is run for both."""
    return "light"


@pytest.fixture
def visit(address: str, browser: Browser, theme: Theme) -> Iterator[Visit]:
    """A fresh visitor; at the end nothing may have gone wrong unseen."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000}, color_scheme=theme)
    visitor = Visit(page, address)
    page.on("console", visitor.heard)
    page.on("request", visitor.asked)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    page.on("dialog", visitor.spoken_to)
    yield visitor
    exceptions = page.locator('[data-testid="stException"]').all_inner_texts()
    page.close()
    assert exceptions == []
    assert visitor.complaints == []
    assert visitor.abroad == []


def photograph(visit: Visit, folder: Path, name: str, theme: Theme) -> None:
    page = visit.page
    page.screenshot(path=folder / f"{name}-{theme}.png")
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": 1400, "height": int(height) + 40})
    visit.settle()
    page.screenshot(path=folder / f"{name}-{theme}-full.png")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        ("fleet", "/", "3 of 6 models need you: "),
        ("credit", "/model?model=credit&range=90d", "credit needs you: drift in income since 3 May (KS 0.3"),
        ("intake", "/model?model=intake", f"intake needs you: drift in {story.IMAGE} since 3 May"),
        ("pricing", "/model?model=pricing", "pricing has no data: no rows in the window of 30 May."),
        ("blank", "/model?model=blank", "blank has not received an event yet."),
    ],
)
def test_every_page_says_what_is_the_matter(
    visit: Visit, theme: Theme, tmp_path: Path, name: str, path: str, said: str
) -> None:
    visit.open(path)
    assert visit.headline.startswith(said)
    photograph(visit, tmp_path, name, theme)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_takes_the_theme_of_the_browser_and_so_do_the_charts(visit: Visit, theme: Theme) -> None:
    visit.open("/model?model=credit")
    paper = visit.page.locator('[data-testid="stApp"]').evaluate("page => getComputedStyle(page).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(14, 17, 23)"}[theme]
    heatmap = visit.page.locator('[data-testid="stVegaLiteChart"]').first
    fills = heatmap.locator("path[fill]").evaluate_all("paths => paths.map(path => path.getAttribute('fill'))")
    assert {"light": "#0b3a82", "dark": "#b9dcff"}[theme] in fills
    assert {"light": "#b9dcff", "dark": "#0b3a82"}[theme] not in fills


def test_hostile_names_are_text_in_headlines_axes_tooltips_and_choices(visit: Visit) -> None:
    visit.open("/model?model=intake")
    page = visit.page
    heatmap = page.locator('[data-testid="stVegaLiteChart"]').first
    labels = heatmap.locator("svg text").all_text_contents()
    assert story.IMAGE in labels
    assert story.DOTTED in labels
    unfold(visit, "Field")
    for name in (story.IMAGE, story.DOTTED, story.MARKED):
        expect(page.get_by_role("option", name=name, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    heatmap.locator(f"path[aria-label*='{story.IMAGE}']").first.hover()
    expect(page.locator("#vg-tooltip-element")).to_contain_text(story.IMAGE)
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("a[href*='evil']").count() == 0


def test_choices_go_into_the_address_and_a_copied_link_restores_them(visit: Visit, address: str) -> None:
    page = visit.page
    visit.open(links.model_address("credit"))
    page.get_by_text("90d", exact=True).click()
    page.wait_for_url("**range=90d*")
    choose(visit, "Monitor", "quality")
    page.wait_for_url("**monitor=quality*")
    choose(visit, "Field", "region")
    page.wait_for_url("**field=region*")
    copied = page.url.removeprefix(address)
    visit.open("/fleet")
    assert visit.headline.startswith("3 of 6 models need you")
    visit.open(copied)
    expect(page.get_by_role("combobox", name="Model")).to_have_value("credit")
    expect(page.get_by_role("combobox", name="Monitor")).to_have_value("quality")
    expect(page.get_by_role("combobox", name="Field")).to_have_value("region")
    assert "range=90d" in page.url


def unfold(visit: Visit, label: str) -> None:
    """Open a choice; it is scrolled to first, for scrolling closes it again."""
    box = visit.page.get_by_role("combobox", name=label)
    box.scroll_into_view_if_needed()
    visit.settle()
    box.click()


def choose(visit: Visit, label: str, option: str) -> None:
    unfold(visit, label)
    visit.page.get_by_role("option", name=option, exact=True).click()
    expect(visit.page.get_by_role("combobox", name=label)).to_have_value(option)
    visit.settle()


def test_from_the_fleet_to_a_model_and_to_another(visit: Visit) -> None:
    page = visit.page
    visit.open("/")
    page.get_by_role("link", name="Open pricing").click()
    page.wait_for_url("**/model?model=pricing")
    expect(page.locator("h3").first).to_contain_text("pricing has no data")
    choose(visit, "Model", "churn")
    page.wait_for_url("**/model?model=churn")
    expect(page.locator("h3").first).to_contain_text("churn is healthy")


def test_the_model_page_without_a_model_opens_the_one_that_needs_somebody_most(visit: Visit) -> None:
    visit.open("/model")
    visit.page.wait_for_url(re.compile(r"/model\?model=(credit|intake)$"))


def test_a_report_that_cannot_be_made_says_why(visit: Visit) -> None:
    visit.open("/model?model=credit")
    expect(visit.page.get_by_role("combobox", name="Window")).to_have_value("30 May")
    visit.page.get_by_role("button", name="Make the full report").click()
    failed = visit.page.get_by_text("There is no report: no rows were kept of baseline")
    failed.wait_for(timeout=90_000)
    visit.settle()


def test_a_link_to_a_model_that_is_gone_says_so(visit: Visit) -> None:
    visit.open("/model?model=gone")
    assert visit.headline == "There is no model named gone."
