"""Are the scores probabilities? Values outside 0 to 1, and probabilities of the classes that do not add up to 1.

Whatever reads scores as probabilities (log loss, Brier score, calibration, estimated performance) is wrong where they
are none; the cause is mostly a changed last step: log-odds, percentages, or a class left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.bins import NumericBins
from detectors.field_profile import FieldProfile
from detectors.findings import FIXED, Finding, Status, unjudged
from detectors.wording import count, number, percent

METHOD = "probabilities"
# Beyond these by less is rounding. Sums: as where each probability is given with two or three digits.
RANGE_ROUNDING = 1e-6
SUM_TOLERANCE = 0.01
# From so large a part of the rows on it is no stray value.
WARNING_PART = 0.001
CRITICAL_PART = 0.01


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Of ``n`` rows with scores, how many have one outside 0 to 1, and how many whose classes do not sum to 1.

    ``exact`` is False where both are the fewest that the counts of a profile prove. ``low`` and ``high`` are the
    smallest and largest score; ``mean_sum`` is the mean over rows of the sum over classes, None for a single score
    and where it is not known.
    """

    n: int
    outside: int
    off_sum: int
    low: float
    high: float
    mean_sum: float | None = None
    exact: bool = True

    def __post_init__(self) -> None:
        if not 0 <= min(self.outside, self.off_sum) <= max(self.outside, self.off_sum) <= self.n:
            raise ValueError(f"{self.outside} rows outside and {self.off_sum} sums of {self.n} rows: give parts of n")

    @property
    def wrong(self) -> float:
        """Share of rows that are wrong in one of the two ways, whichever has more; ``n`` must be above 0."""
        return max(self.outside, self.off_sum) / self.n


def probabilities_in(scores: Sequence[FieldProfile]) -> Probabilities | None:
    """What the profiles of the score fields prove: one of a binary model, one a class of a multiclass model.

    Outside: rows of bins that lie wholly outside 0 to 1, infinite ones, and at least one where the smallest or
    largest value says so; of the field that has most. Sums: the means of the classes add up to the mean sum, where
    every class has as many values. A sum of K probabilities is between 0 and K, so a mean sum off by d needs a share
    of (d - .01) / (K - 1) of the rows off by more than .01, or (d - .01) where it is below 1. None where no row has
    a score.
    """
    given = [field for field in scores if field.finite + field.infinite]
    if not given:
        return None
    n = max(field.finite + field.infinite for field in given)
    low = min(_lowest(field) for field in given)
    high = max(_highest(field) for field in given)
    mean_sum = _mean_sum(scores)
    return Probabilities(
        n, max(map(_outside, given)), _off_sum(mean_sum, len(scores), n), low, high, mean_sum, exact=False
    )


def probabilities_finding(baseline: Probabilities | None, current: Probabilities | None) -> Finding:
    """The share of rows whose scores cannot be probabilities, of the whole model; from profiles, the least it can be.

    .1 % of the rows is a warning, 1 % critical, whatever their number: a probability of 1.2 is wrong by itself.
    Insufficient where no row has a score, and where the scores of the baseline are no probabilities either.
    """
    n_baseline = baseline.n if baseline else 0
    if current is None or not current.n:
        return unjudged("quality", METHOD, None, n_baseline, 0, "insufficient", "no row has a score")
    if baseline is not None and baseline.n and baseline.wrong >= WARNING_PART:
        reason = f"at the baseline {_words(baseline)}: these scores are no probabilities"
        return unjudged("quality", METHOD, None, n_baseline, current.n, "insufficient", reason)
    status: Status = "ok"
    if current.wrong >= WARNING_PART:
        status = "critical" if current.wrong >= CRITICAL_PART else "warning"
    return Finding(
        kind="quality",
        method=METHOD,
        field=None,
        value=current.wrong,
        threshold=WARNING_PART,
        threshold_source=FIXED,
        p_value=None,
        effect=current.wrong,
        n_baseline=n_baseline,
        n_current=current.n,
        status=status,
        reason=_words(current),
        confidence="normal",
    )


def _lowest(field: FieldProfile) -> float:
    return -np.inf if field.negative_infinite or field.low is None else field.low


def _highest(field: FieldProfile) -> float:
    return np.inf if field.positive_infinite or field.high is None else field.high


def _outside(field: FieldProfile) -> int:
    bins = field.definition
    if not isinstance(bins, NumericBins):
        raise ValueError(f"field {bins.name!r} holds categories: scores are numbers")
    below, above = -RANGE_ROUNDING, 1 + RANGE_ROUNDING
    # Bin i is [edges[i - 1], edges[i]).
    sure = field.infinite + int(field.bins[:-1][bins.edges <= below].sum() + field.bins[1:][bins.edges > above].sum())
    some = _lowest(field) < below or _highest(field) > above
    return max(sure, int(some))


def _mean_sum(scores: Sequence[FieldProfile]) -> float | None:
    means = [field.mean() for field in scores]
    known = [mean for mean in means if mean is not None]
    alike = len({field.finite for field in scores}) == 1 and not any(field.infinite for field in scores)
    return sum(known) if len(scores) > 1 and alike and len(known) == len(scores) else None


def _off_sum(mean_sum: float | None, n_classes: int, n: int) -> int:
    if mean_sum is None or abs(mean_sum - 1) <= SUM_TOLERANCE:
        return 0
    farthest = n_classes - 1 if mean_sum > 1 else 1
    return min(math.ceil(n * (abs(mean_sum - 1) - SUM_TOLERANCE) / farthest), n)


def _words(found: Probabilities) -> str:
    least = "" if found.exact else "at least "
    of = f"of {count(found.n, 'row', 'rows')}"
    parts = []
    if found.outside:
        share = percent(found.outside / found.n)
        span = f"{number(found.low)} to {number(found.high)}"
        parts.append(f"{least}{found.outside:,} {of} ({share}) have a score outside 0 to 1 (they run from {span})")
    if found.off_sum:
        mean = "" if found.mean_sum is None else f" (their mean is {number(found.mean_sum)})"
        share = percent(found.off_sum / found.n)
        parts.append(f"the probabilities of {least}{found.off_sum:,} {of} ({share}) do not add up to 1{mean}")
    if parts:
        return "; ".join(parts)
    sums = "" if found.mean_sum is None else f", and those of the classes add up to {number(found.mean_sum)} on average"
    return f"the scores {of} lie within 0 to 1{sums}"
