"""Numbers as they stand in a finding's sentence."""

import math

_DIGITS = 4


def number(value: float) -> str:
    """Four significant digits, thousands set off: 51,230, 703.1, 0.05, 1.5e+20."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    if not 1e-4 <= abs(value) < 1e15:
        return f"{value:.3g}"
    decimals = _DIGITS - 1 - math.floor(math.log10(abs(value)))
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def severity_in_words(score: float) -> str:
    """A severity in hundredths, rounded down so that none seems to reach a level it is below: 0.49, 0, under 0.01."""
    return "under 0.01" if 0 < score < 0.01 else number(math.floor(round(100 * score, 6)) / 100)


def percent(share: float) -> str:
    """A share in percent: 31.2 %, 0.05 %."""
    return f"{100 * share:.1f} %" if share == 0 or share >= 0.001 else f"{100 * share:.2g} %"


def count(rows: int, singular: str, plural: str) -> str:
    """A number of things: 1 row, 4,980 rows."""
    return f"{rows:,} {singular if rows == 1 else plural}"


def name(text: str) -> str:
    """A category's text, cut to 40 characters and in quotes."""
    return repr(text if len(text) <= 40 else f"{text[:39]}…")
