"""Figures and foreign text in a sentence."""

import pytest

from alerts.wording import number, one_line


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
