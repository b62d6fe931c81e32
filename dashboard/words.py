"""Words and figures as the pages write them: ages, instants, windows, lists, method names, and text made safe."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# CommonMark lets a backslash stand before any ASCII punctuation, and shows the character as it is.
_MARKS = re.compile(r"([!-/:-@\[-`{-~])")
# Streamlit turns emoji names, icons, arrows between spaces, web and mail addresses of the finished text into other
# things, where no backslash helps. An invisible word joiner inside them does.
_REPLACED = re.compile(r"(?<=:)(?=[\w+/-])|(?<=[<>=~-])(?=[<>=~-])|(?<=www)(?=\.)|(?<=@)(?=\w)", re.IGNORECASE)
_NO_BREAK = "\u00a0"
_JOINER = "\u2060"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

_SHARES = frozenset({"missing", "unseen", "range", "types", "stuck", "probabilities", "duplicates", "unknown_labels"})
_METHODS = {
    "ks": "KS",
    "psi": "PSI",
    "jensen_shannon": "Jensen-Shannon",
    "total_variation": "total variation",
    "wasserstein": "Wasserstein",
    "hellinger": "Hellinger",
    "chi_square": "chi-square",
    "missing": "missing share",
    "unseen": "unseen categories",
    "range": "out of range",
    "types": "wrong type",
    "stuck": "stuck values",
    "volume": "number of rows",
    "schema": "schema change",
    "freshness": "age of the newest row",
    "probabilities": "scores that are no probabilities",
    "label_drift": "label drift",
    "correlation": "change of correlation",
    "duplicates": "duplicate rows",
    "unknown_labels": "labels of no declared class",
    "worst_segment": "worst segment",
    "roc_auc": "ROC AUC",
    "f1": "F1",
    "log_loss": "log loss",
    "mae": "MAE",
    "rmse": "RMSE",
    "mape": "MAPE",
    "r2": "R²",
    "brier": "Brier score",
    "mcc": "MCC",
    "mmd": "MMD",
    "prediction_powered_risk": "prediction-powered risk",
    "slow_drift": "slow drift",
}
# How the methods begin by which performance is estimated without labels.
_ESTIMATED = ("cbpe_", "dle_")


def one_line(text: str) -> str:
    """``text`` without control characters, line breaks and marks that turn the direction of writing."""
    return _CONTROLS.sub(" ", text)


def plain(text: str) -> str:
    """``text`` such that Markdown shows exactly these characters, whatever they are."""
    return _MARKS.sub(r"\\\1", _REPLACED.sub(_JOINER, one_line(text)))


def shorten(text: str, limit: int = 40) -> str:
    """``text`` cut to ``limit`` characters, with an ellipsis where it was cut."""
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def listed(names: Sequence[str], most: int = 3) -> str:
    """``a``, ``a and b``, ``a, b and c``, ``a, b and 4 more``."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def count(number: int, what: str, plural: str | None = None) -> str:
    """``1 check``, ``42 checks``, ``12,000 rows``."""
    return f"{number:,} {what if number == 1 else plural or what + 's'}"


def share_of(part: int, whole: int, what: str) -> str:
    """``1 of 3 models``."""
    return f"{part} of {count(whole, what)}"


def figure(value: float | None) -> str:
    """A statistic with three digits that matter, or a dash."""
    if value is None or value != value:
        return "–"
    size = abs(value)
    if size >= 1e7 or 0 < size < 0.001:
        return f"{value:.1e}"
    decimals = 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def amount(method_name: str, value: float | None) -> str:
    """A value of a method in the units people read it in: shares as ``12 %``, all else as ``figure``."""
    if method_name not in _SHARES or value is None or value != value:
        return figure(value)
    return f"{figure(round(100 * value, 2))}{_NO_BREAK}%"


def method(name: str) -> str:
    """The name of a method, check or metric as people write it."""
    for prefix in _ESTIMATED:
        if name.startswith(prefix):
            return f"estimated {method(name.removeprefix(prefix))}"
    return _METHODS.get(name, name.replace("_", " "))


def age(instant: datetime, now: datetime) -> str:
    """How long ago: ``just now``, ``4 min ago``, ``3 h ago``, ``12 days ago``; a clock ahead says so."""
    seconds = (now - instant).total_seconds()
    if seconds < -60:
        return f"in {_span(-seconds)} (clocks differ)"
    return "just now" if seconds < 60 else f"{_span(seconds)} ago"


def _span(seconds: float) -> str:
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600:.0f} h"
    return count(int(seconds // 86400), "day")


def zone(name: str) -> ZoneInfo:
    """The time zone of a model; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def day(instant: datetime | date, this_year: int) -> str:
    """``3 May``, and ``3 May 2025`` in another year than ``this_year``."""
    text = f"{instant.day} {instant:%b}"
    return text if instant.year == this_year else f"{text} {instant.year}"


def moment(instant: datetime, where: ZoneInfo, this_year: int) -> str:
    """``3 May`` at midnight, else ``3 May 14:00``, both in the zone of the model."""
    local = instant.astimezone(where)
    text = day(local, this_year)
    return text if (local.hour, local.minute) == (0, 0) else f"{text} {local:%H:%M}"


def window(start: datetime, end: datetime, where: ZoneInfo, this_year: int) -> str:
    """What a window is called: ``30 May``, ``24 to 30 May``, ``30 May 14:00 to 15:00``.

    A window from midnight to midnight is named by its days, the last one included.
    """
    first, last = start.astimezone(where), end.astimezone(where)
    if (first.hour, first.minute, last.hour, last.minute) == (0, 0, 0, 0):
        last_day = (last - timedelta(hours=12)).date()
        if first.date() == last_day:
            return day(first, this_year)
        if (first.year, first.month) == (last_day.year, last_day.month):
            return f"{first.day} to {day(last_day, this_year)}"
        return f"{day(first, this_year)} to {day(last_day, this_year)}"
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{day(last, this_year)} {last:%H:%M}"
    return f"{day(first, this_year)} {first:%H:%M} to {until}"


def last_day(end: datetime, where: ZoneInfo, this_year: int) -> str:
    """Up to when something goes that ends at ``end``: ``30 May`` for midnight after it, else ``30 May 14:00``."""
    local = end.astimezone(where)
    if (local.hour, local.minute) == (0, 0):
        return day(local - timedelta(hours=12), this_year)
    return moment(end, where, this_year)


def wall_clock_millis(instant: datetime, where: ZoneInfo) -> int:
    """The reading of the model's wall clock, in milliseconds as if it were UTC: what a chart's time axis is given.

    A browser draws such numbers on a UTC scale, so the axis shows the model's time in every browser.
    """
    local = instant.astimezone(where).replace(tzinfo=UTC)
    return round(local.timestamp() * 1000)
