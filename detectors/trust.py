"""May an estimate made without labels be relied on? What is known beside it decides, and every doubt has a name.

Such an estimate says what the labels would show if scores (or fields) still meant what they meant at the baseline. It
cannot see for itself that they do not: of two swapped features it noticed .2 of 43 points lost.
"""

import math
from dataclasses import dataclass

from detectors.estimates import Estimate
from detectors.findings import Finding
from detectors.wording import percent

# A window with more rows than this beyond what the baseline's labels tell of is not judged by them.
MAX_UNKNOWN = 0.05
# As many past comparisons are looked at. Each is missed by chance in one of 370 cases.
COMPARISONS = 5
STANDARD_ERRORS = 3.0
# A break of so many rows of any field counts: what a field is worth is known for the values it had.
MOST_ROWS = 0.5
_MOST_NAMED = 3
_BREAKS = {
    "missing": "missing values",
    "types": "values of a wrong type",
    "unseen": "unseen categories",
    "range": "values out of range",
    "stuck": "a stuck value",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """An earlier window's estimate, and what its labels showed; ``tolerance`` is a difference that does not matter."""

    estimated: Estimate
    realised: Estimate
    tolerance: float = 0.0

    @property
    def missed(self) -> bool:
        """Whether they differ by more than the tolerance and three standard errors; not so where either is unknown."""
        if self.estimated.value is None or self.realised.value is None:
            return False
        error = math.hypot(self.estimated.standard_error or 0.0, self.realised.standard_error or 0.0)
        away = abs(self.estimated.value - self.realised.value)
        return away > max(self.tolerance, STANDARD_ERRORS * error)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a window beside the counts an estimate is made of.

    ``quality`` are its findings of data quality; those on ``important`` fields count (None: on every field), and of
    any field those that half of the rows have more than at the baseline. A ``stuck`` value counts on important fields
    and on the ``answers`` that the estimate rests on: scores, or the predictions of a regression.
    ``swapped`` are fields that a joint test found to have changed places or to go together no longer. ``unknown`` is
    the share of rows that the baseline's labels tell nothing of (see ``unknown_scores``). ``past`` are comparisons of
    earlier windows, the newest last.
    """

    quality: tuple[Finding, ...] = ()
    important: frozenset[str] | None = None
    answers: frozenset[str] = frozenset()
    swapped: tuple[str, ...] = ()
    unknown: float | None = None
    past: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether to rely on an estimate; where not, ``reason`` begins with "not reliable: "."""

    trusted: bool
    reason: str = ""


def trust(known: Known) -> Trust:
    """The verdict on the estimates of a window: trusted unless something speaks against it."""
    doubts = [*_breaks(known), *_swaps(known), *_unknown(known), *_misses(known)]
    return Trust(trusted=False, reason=f"not reliable: {'; '.join(doubts)}") if doubts else Trust(trusted=True)


def _breaks(known: Known) -> list[str]:
    found = []
    for finding in known.quality:
        if finding.field is not None and _matters(finding, known) and finding.status in ("warning", "critical"):
            what = _BREAKS.get(finding.method, finding.method)
            found.append(f"{what} in {finding.field}")
    return _shortened(found, "breaks")


def _matters(finding: Finding, known: Known) -> bool:
    if known.important is None or finding.field in known.important:
        return True
    if finding.method == "stuck":
        return finding.field in known.answers
    return (finding.effect or 0.0) >= MOST_ROWS


def _swaps(known: Known) -> list[str]:
    if not known.swapped:
        return []
    return [f"{' and '.join(_shortened(list(known.swapped), 'fields'))} no longer go together as at the baseline"]


def _unknown(known: Known) -> list[str]:
    if known.unknown is None or known.unknown <= MAX_UNKNOWN:
        return []
    return [f"{percent(known.unknown)} of rows are beyond what the baseline has labels for"]


def _misses(known: Known) -> list[str]:
    latest = known.past[-COMPARISONS:]
    missed = sum(comparison.missed for comparison in latest)
    return [f"missed what labels showed in {missed} of the last {len(latest)} windows with labels"] if missed else []


def _shortened(names: list[str], what: str) -> list[str]:
    if len(names) <= _MOST_NAMED:
        return names
    return [*names[:_MOST_NAMED], f"{len(names) - _MOST_NAMED} more {what}"]
