"""Figures and foreign text in a sentence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.body import Window
from alerts.wording import LASTING, number, one_line, resolved_sentence
from detectors.findings import ABOVE_HARMLESS
from tests.alerts.examples import START, result


def test_a_change_that_lasts_without_harm_is_not_told_as_if_it_were_over() -> None:
    assert LASTING == ABOVE_HARMLESS
    over = result(0, "ok", field="age", value=0.04)
    lasts = replace(result(0, "ok", value=0.41, threshold=0.44), threshold_source=LASTING)
    window = Window(START, START + timedelta(days=1))
    assert resolved_sentence([lasts], window, 0) == (
        "credit: drift resolved in income by the window from 2026-05-03 to 2026-05-04; the change of income lasts, but "
        "labels showed it to be harmless; income KS 0.410 (limit 0.440); nothing of this monitor is firing any more"
    )
    assert "the change of income lasts" in resolved_sentence([over, lasts], window, 0)
    assert "lasts" not in resolved_sentence([over], window, 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.41, "0.410"),
        (0.1, "0.100"),
        (12.345, "12.3"),
        (100.0, "100"),
        (999.4, "999"),
        (999.6, "1,000"),
        (51_200.4, "51,200"),
        (-51_200.4, "-51,200"),
        (0.0000123, "1.23e-05"),
        (3.2e21, "3.20e+21"),
        (float("inf"), "inf"),
    ],
)
def test_a_figure_is_readable(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("  a\n\tb\x00\u202ec\ud800 ", "a b c"),
        ("12345678901", "1234567..."),
        ("1234567890", "1234567890"),
        ("", ""),
    ],
)
def test_foreign_text_becomes_one_short_line(text: str, line: str) -> None:
    assert one_line(text, 10) == line
