"""Is the newest row as recent as usual? The time since it, against the gaps that the stream had before."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.findings import FIXED, GIVEN, Finding, unjudged
from detectors.wording import count, number

# Hours with rows that must have come before a gap can be called unusual.
LEAST_HOURS = 24
# How much longer than the usual longest gap a gap may be.
ALLOWED_FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When rows came: ``hours`` are the starts of the hours (or other grains) that hold rows, in any order.

    ``window_end`` is the end of the window. All are numbers in hours since one and the same instant; ``grain`` is the
    length of one, in hours. What begins at or after ``window_end`` is left out.
    """

    hours: ArrayLike
    window_end: float
    grain: float = 1.0

    def __post_init__(self) -> None:
        if not self.grain > 0:
            raise ValueError(f"grain {self.grain}: give the length of an hour's profile in hours, above 0")
        if not np.isfinite(np.asarray(self.hours, dtype=np.float64)).all() or not np.isfinite(self.window_end):
            raise ValueError("hours and window_end must be finite: give hours since one instant")


def freshness_finding(arrivals: Arrivals, threshold: float | None = None, n_current: int = 0) -> Finding:
    """The hours between the newest row and the end of the window, of the whole model.

    The usual longest gap is the longest stretch without rows that came at least twice among the hours given: nights
    and weekends recur, an outage does not. The limit is 1.5 times that gap and one grain more, since when a row came
    is known to the grain; at twice the limit it is critical. A ``threshold`` is a limit in hours. The effect is how
    much longer than the usual gap it is, in hours. ``n_baseline`` are the hours with rows, ``n_current`` the rows of
    the window, as given.

    Insufficient under 24 hours with rows, where no threshold is given, and where no row ever came. ValueError for a
    threshold that is not above 0.
    """
    if threshold is not None and not threshold > 0:
        raise ValueError(f"threshold {threshold} for freshness: give hours above 0")
    starts = _starts(arrivals)
    if not len(starts):
        return _unknown(0, n_current, "no row came before the end of this window")
    grain = arrivals.grain
    age = max(arrivals.window_end - (float(starts[-1]) + grain), 0.0)
    words = f"the newest row came {_hours(age)} before the end of the window"
    if len(starts) < LEAST_HOURS and threshold is None:
        few = f"{words}; {count(len(starts), 'hour', 'hours')} with rows, at least {LEAST_HOURS} are needed"
        return _unknown(len(starts), n_current, few, age)
    usual = usual_longest_gap(starts, grain)
    limit = ALLOWED_FACTOR * usual + grain if threshold is None else threshold
    return Finding(
        kind="quality",
        method="freshness",
        field=None,
        value=age,
        threshold=limit,
        threshold_source=FIXED if threshold is None else GIVEN,
        p_value=None,
        effect=age - usual,
        n_baseline=len(starts),
        n_current=n_current,
        status="ok" if age < limit else "critical" if age >= 2 * limit else "warning",
        reason=f"{words}; the usual longest gap is {_hours(usual)}",
        confidence="normal",
    )


def usual_longest_gap(starts: NDArray[np.float64], grain: float) -> float:
    """The second longest stretch without rows between hours with rows; 0 where there are fewer than two.

    ``starts`` (float64, increasing) are the starts of the hours with rows.
    """
    gaps = np.sort(np.diff(starts) - grain)
    return max(float(gaps[-2]), 0.0) if len(gaps) > 1 else 0.0


def _starts(arrivals: Arrivals) -> NDArray[np.float64]:
    starts = np.unique(np.asarray(arrivals.hours, dtype=np.float64))
    return starts[starts < arrivals.window_end]


def _unknown(n_hours: int, n_current: int, reason: str, age: float | None = None) -> Finding:
    return unjudged("quality", "freshness", None, n_hours, n_current, "insufficient", reason, age)


def _hours(hours: float) -> str:
    if 0 < hours < 1:
        minutes = 60 * hours
        return f"{number(minutes)} {'minute' if minutes == 1 else 'minutes'}"
    return f"{number(hours)} {'hour' if hours == 1 else 'hours'}"
