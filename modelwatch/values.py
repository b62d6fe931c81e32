"""What one value means under a field's kind: the same for an event of the log and for a cell of a file.

A category is known by one text. A number of the log and a text of a file are the same category when they read the
same, yet a number where the baseline held words is a broken type, and is told apart here.
"""

import json
import math
import re
from typing import Any, Final

import msgspec

from detectors.bins import CategoryBins
from store.definitions import Scalar

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
# Whole numbers with more digits are beyond the range of float64 whatever they are.
_LONGEST_WHOLE = 400
_decode = msgspec.json.Decoder().decode


class Mistyped:
    """Stands for a value that is not of its field's kind."""


MISTYPED: Final = Mistyped()


def decode(text: str) -> Any:
    """The value of a JSON text: the last of two equal keys counts, a number beyond float64 is infinite.

    A text that is no JSON is MISTYPED, so that one damaged row cannot stop the reading of a log.
    """
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    try:
        return json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError):
        return MISTYPED


def number(value: object) -> float | Mistyped | None:
    """The number that a value of a numeric field is; None where there is none. A truth value is not a number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return MISTYPED
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def category(value: object, bins: CategoryBins | None) -> str | Mistyped | None:
    """The text by which a value of a categorical or boolean field is known; None where there is none.

    ``bins`` are those of the baseline, None while the baseline itself is read. A text is itself; only where all
    categories of the baseline read as numbers, a text that is not among them is tried as a number ("1.0" is then
    "1"). A number or truth value is known by its canonical text where the baseline had that category, or had
    nothing but numbers and this is one; else it is mistyped. So is everything nested.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if bins is not None and bins.kind == "boolean":
        return truth(value)
    if isinstance(value, str):
        return _text(value, bins)
    if not isinstance(value, int | float):
        return MISTYPED
    text = canonical(value)
    if bins is None or _known(text, bins) or (bins.numeric_text and not isinstance(value, bool)):
        return text
    return MISTYPED


def truth(value: object) -> str | Mistyped | None:
    """ "true" or "false" for a truth value or one of these two texts; None where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) and value in ("true", "false") else MISTYPED


def canonical(value: Scalar) -> str:
    """The one text of a scalar: "true" and "false", whole numbers without a point, other numbers in full."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _text(text: str, bins: CategoryBins | None) -> str | Mistyped:
    if bins is not None and bins.numeric_text and not _known(text, bins) and _NUMBER.fullmatch(text):
        as_number = canonical(_whole(text) if text.lstrip("+-").isdigit() else float(text))
        if _known(as_number, bins):
            return as_number
    # JSON can spell half of a surrogate pair, which is no character and cannot be stored anywhere.
    return text if text.isascii() or not _has_surrogate(text) else MISTYPED


def _known(text: str, bins: CategoryBins) -> bool:
    return text in bins.categories or text in bins.rare


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _whole(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_WHOLE else float(text)
