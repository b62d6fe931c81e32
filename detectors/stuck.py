"""Did a field stop changing? The share of its most frequent value, against the baseline's share of that value.

A sensor that hangs, a cache that is never refreshed and a join that lost its key all send one value again and again.
Each such value is valid by itself, so neither range nor type shows it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from detectors.bins import CategoryBins, NumericBins
from detectors.field_profile import FieldProfile
from detectors.findings import FIXED, GIVEN, RAISED, Finding, Status, unjudged
from detectors.noise import fall_chance, fewest_by_chance
from detectors.wording import count, name, number, percent

# Of the rows that held another value at the baseline, so many may hold this one before it is a warning, and critical.
WARNING_PART = 0.5
CRITICAL_PART = 0.9


@dataclass(frozen=True, slots=True)
class FrequentValue:
    """The most frequent single value of a window: its text, its rows there, and its rows at the baseline.

    Where the baseline counted it together with others, ``n_baseline`` are the rows of all of them: the rise is then
    understated.
    """

    text: str
    n_current: int
    n_baseline: int


def stuck_finding(
    baseline: FieldProfile,
    current: FieldProfile,
    *,
    threshold: float | None = None,
    min_rows: int = 30,
    usual: float = 0.0,
) -> Finding:
    """The share of the values of a window that are its most frequent one.

    With p the share of that value at the baseline, the limit is p + (1 - p) / 2: half of the rows that used to
    differ hold it now. It is raised to the share that one in 1,000 windows reaches by chance. Critical where nine
    tenths of those rows hold it. The effect is the rise, the p-value the chance of so few other values. A
    ``threshold`` is a limit for the share itself.

    ``usual`` is a share that is usual within the baseline, where it is known (see ``usual_share``). Where it is more
    than p the limit begins there: the next window may well go a little beyond the furthest so far.

    Insufficient under ``min_rows`` values on either side, and where so few rows may all be alike by chance; ``ok``
    where the baseline itself holds a single value.
    """
    field = baseline.definition.name
    n_baseline, n = _values(baseline), _values(current)
    if not current.n:
        return unjudged("quality", "stuck", field, n_baseline, 0, "nodata", "no rows in this window")
    reason = _too_few(n_baseline, n, max(min_rows, 1))
    if reason:
        return unjudged("quality", "stuck", field, n_baseline, n, "insufficient", reason)
    top = most_frequent(baseline, current)
    if top is None:
        return _fine(field, None, n_baseline, n, f"no single value stands out among {count(n, 'value', 'values')}")
    constant = most_frequent(baseline, baseline)
    if constant is not None and constant.n_current == n_baseline:
        words = f"the baseline holds the single value {constant.text}, so one value is usual"
        return _fine(field, top.n_current / n, n_baseline, n, words)
    return _judged(field, top, n_baseline, n, threshold, usual)


def usual_share(stretches: Iterable[FieldProfile]) -> float:
    """The largest share of a single value in any of the parts of a baseline that are as long as a window.

    A field that changes from month to month holds one value in all of a day, and that is no fault.
    """
    return max((_largest_share(stretch) for stretch in stretches if _values(stretch)), default=0.0)


def most_frequent(baseline: FieldProfile, current: FieldProfile) -> FrequentValue | None:
    """The most frequent value that the counts of a window show singly, None where none is shown.

    A category of the baseline, a new category if all new rows hold the same, a number that has a bin of its own, or
    any number if all finite rows hold the same.
    """
    if isinstance(baseline.definition, NumericBins):
        return _frequent_number(baseline.definition, baseline, current)
    return _frequent_category(baseline.definition, baseline, current)


def _frequent_number(bins: NumericBins, baseline: FieldProfile, current: FieldProfile) -> FrequentValue | None:
    if current.low is not None and current.low == current.high:
        at = int(bins.bin_of(np.array([current.low]))[0])
        return FrequentValue(number(current.low), current.finite, int(baseline.bins[at]))
    # Bin i is [edges[i - 1], edges[i]): it holds one value where its upper edge is the float after the lower.
    single = np.flatnonzero(bins.edges[1:] == np.nextafter(bins.edges[:-1], np.inf)) + 1
    if not len(single) or not current.bins[single].any():
        return None
    at = int(single[np.argmax(current.bins[single])])
    return FrequentValue(number(float(bins.edges[at - 1])), int(current.bins[at]), int(baseline.bins[at]))


def _frequent_category(bins: CategoryBins, baseline: FieldProfile, current: FieldProfile) -> FrequentValue | None:
    at = int(np.argmax(current.bins)) if bins.n_bins else -1
    known = int(current.bins[at]) if bins.n_bins else 0
    if current.new > known and len(current.unseen) == 1:
        return FrequentValue(name(next(iter(current.unseen))), current.new, 0)
    return FrequentValue(name(bins.categories[at]), known, int(baseline.bins[at])) if known else None


def _values(field: FieldProfile) -> int:
    """Rows with a finite number, or with a category."""
    return field.finite if isinstance(field.definition, NumericBins) else field.present


def _largest_share(stretch: FieldProfile) -> float:
    top = most_frequent(stretch, stretch)
    return top.n_current / _values(stretch) if top else 0.0


def _too_few(n_baseline: int, n: int, least: int) -> str:
    if not n_baseline:
        return "the baseline has no value, so none can be stuck"
    if n_baseline < least:
        return f"the baseline has {count(n_baseline, 'value', 'values')}, at least {least:,} are needed"
    return f"{count(n, 'value', 'values')}, at least {least:,} are needed" if n < least else ""


def _judged(field: str, top: FrequentValue, n_baseline: int, n: int, threshold: float | None, usual: float) -> Finding:
    value, before = top.n_current / n, top.n_baseline / n_baseline
    words = f"{top.text} in {percent(value)} of {count(n, 'value', 'values')}, {percent(before)} at the baseline"
    if value <= usual:
        words += f"; a stretch of the baseline as long holds one value in {percent(usual)}"
        return _fine(field, value, n_baseline, n, words)
    rest_baseline = n_baseline - top.n_baseline
    others = fewest_by_chance(rest_baseline, n_baseline, n)
    most = max(before, usual)
    fixed, by_chance = most + WARNING_PART * (1 - most), 1 - max(others, 0) / n
    if others < 0 and threshold is None and value >= fixed:
        words += "; so few values may all be alike by chance"
        return unjudged("quality", "stuck", field, n_baseline, n, "insufficient", words, value)
    limit, source = (by_chance, RAISED) if by_chance > fixed else (fixed, FIXED)
    if threshold is not None:
        limit, source = threshold, GIVEN
    return Finding(
        kind="quality",
        method="stuck",
        field=field,
        value=value,
        threshold=limit,
        threshold_source=source,
        p_value=fall_chance(rest_baseline, n_baseline, n - top.n_current, n),
        effect=value - before,
        n_baseline=n_baseline,
        n_current=n,
        status=_status(value, limit, most),
        reason=words,
        confidence="low" if source == RAISED else "normal",
    )


def _status(value: float, limit: float, most: float) -> Status:
    if value < limit:
        return "ok"
    return "critical" if value >= most + CRITICAL_PART * (1 - most) else "warning"


def _fine(field: str, value: float | None, n_baseline: int, n: int, reason: str) -> Finding:
    """All is as usual, and there is no limit to name."""
    return Finding("quality", "stuck", field, value, None, None, None, None, n_baseline, n, "ok", reason, "normal")
