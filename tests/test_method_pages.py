"""Every method that a result can carry has words and a page, and every page has the same headings."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from detectors.drift_methods import CATEGORY_METHODS, NUMERIC_METHODS
from detectors.duplicates import METHOD as DUPLICATES
from detectors.joint_drift import JOINT_METHODS
from detectors.label_drift import METHOD as LABEL_DRIFT
from detectors.method_words import METHOD_WORDS, PAGES, method_words
from detectors.metrics import METRICS
from detectors.quality import DEFAULT_CHECKS
from detectors.slow_drift_finding import METHOD as SLOW_DRIFT
from detectors.stream_drift import METHOD as STREAM_DRIFT
from detectors.unknown_labels import METHOD as UNKNOWN_LABELS
from detectors.worst_segment import METHOD as WORST_SEGMENT
from store.definitions import RiskMethod
from store.row_methods import EVIDENTLY_CATEGORY_TESTS, EVIDENTLY_NUMERIC_TESTS, EVIDENTLY_PREFIX

FOLDER = Path(__file__).resolve().parents[1] / PAGES
HEADINGS = (
    "What is compared",
    "The formula",
    "Source",
    "What a high value means",
    "What moves it",
    "What fools it",
    "When it is undefined",
)


def names() -> Iterator[str]:
    """What may stand in a result's ``method``."""
    yield from {*NUMERIC_METHODS, *CATEGORY_METHODS, *JOINT_METHODS}
    yield from (STREAM_DRIFT, SLOW_DRIFT, LABEL_DRIFT, UNKNOWN_LABELS, DUPLICATES, WORST_SEGMENT, "correlation")
    yield from DEFAULT_CHECKS
    yield from get_args(RiskMethod)
    yield from METRICS
    yield from (f"{name}[gold]" for name, metric in METRICS.items() if metric.over == "macro")
    yield from (f"cbpe_{name}" for name in METRICS if METRICS[name].tasks != ("regression",))
    yield from ("dle_mae", "dle_rmse")
    yield from (f"{EVIDENTLY_PREFIX}{test}" for test in {*EVIDENTLY_NUMERIC_TESTS, *EVIDENTLY_CATEGORY_TESTS})


@pytest.mark.parametrize("method", sorted(names()))
def test_every_method_has_words_and_a_page_that_names_it(method: str) -> None:
    words = method_words(method)
    assert words is not None
    assert all((words.meaning, words.moves, words.fools))
    page = (FOLDER / f"{words.page}.md").read_text()
    named = method.removeprefix("cbpe_").removeprefix("dle_").removeprefix(EVIDENTLY_PREFIX).partition("[")[0]
    averaged = named.removesuffix("_micro").removesuffix("_weighted")
    if words.page in ("cbpe", "dle"):
        # They are of every metric, and say so.
        return
    assert f"`{averaged}`" in page or page.startswith(f"# {named}") or named in page.partition("\n")[0]


def test_no_method_is_told_of_that_does_not_exist() -> None:
    assert set(METHOD_WORDS) <= set(names())
    assert method_words("no_such_method") is None
    assert method_words("cbpe_no_such_metric") is None


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.md")), ids=lambda page: page.stem)
def test_every_page_has_the_same_headings_in_the_same_order(page: Path) -> None:
    text = page.read_text()
    found = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert [heading for heading in found if heading in HEADINGS] == list(HEADINGS)
    assert 20 <= text.count("\n") <= 70
    overview = (FOLDER.parent / "methods.md").read_text()
    assert f"methods/{page.name}" in overview
