"""How far the limits of drift can be relied on, by what the baseline has seen of the stream's own movement."""

from detectors.findings import Confidence

# Of fewer windows nobody knows how much a stream moves by itself.
LEAST_WINDOWS = 20
# How many times what chance reaches a change must be where that is not known: a stream that is seen for longer turns
# out to move more, hardly less.
UNSURE_MARGIN = 1.25
_DAY, _WEEK, _YEAR = 24.0, 7 * 24.0, 365 * 24.0


def confidence_in(n_windows: int, covered: float | None, length: float) -> Confidence:
    """Low under 20 windows in the baseline, or where it covers less than a season of its windows: a week, or for
    windows longer than a day a year, one window aside.

    ``covered`` are the hours from the baseline's first to its last row; None, a baseline without a clock, is taken at
    its word: nobody knows its seasons. ``length`` are the hours of a window.
    """
    if n_windows < LEAST_WINDOWS:
        return "low"
    season = _WEEK if length <= _DAY else _YEAR
    return "normal" if covered is None or covered >= season - length else "low"


def margin_of(confidence: Confidence) -> float:
    """How many times what chance reaches a change must be: 1.25 where confidence is low, else 1."""
    return UNSURE_MARGIN if confidence == "low" else 1.0
