"""A metric that each class has, as one number: the mean over classes, plain or weighted, or that of one class."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from detectors.estimates import Estimate, undefined


class ClassValue(NamedTuple):
    """A metric of one class against the rest, and how many rows are of the class."""

    label: str
    estimate: Estimate
    support: float


def macro(values: Sequence[ClassValue], n: int, leave_out: Iterable[str] = ()) -> Estimate:
    """The plain mean over classes where the metric is defined; their errors are taken to be independent."""
    return _mean([each._replace(support=1.0) for each in values], n, leave_out)


def weighted(values: Sequence[ClassValue], n: int, leave_out: Iterable[str] = ()) -> Estimate:
    """The mean over classes where the metric is defined, each with the weight of its rows, taken as known."""
    return _mean(values, n, leave_out)


def of_class(values: Sequence[ClassValue], label: str) -> Estimate:
    """The metric of one class; KeyError where there is no such class."""
    return {each.label: each.estimate for each in values}[label]


def _mean(values: Sequence[ClassValue], n: int, leave_out: Iterable[str]) -> Estimate:
    without = set(leave_out)
    kept = [each for each in values if each.estimate.value is not None and each.label not in without]
    left_out = tuple(each.label for each in values if each.estimate.value is None or each.label in without)
    weight = sum(each.support for each in kept)
    if not weight:
        return undefined(n, "no class can be judged: " + "; ".join(sorted({each.estimate.reason for each in values})))
    value = sum((each.estimate.value or 0.0) * each.support for each in kept) / weight
    error = math.hypot(*((each.estimate.standard_error or 0.0) * each.support for each in kept)) / weight
    return Estimate(value, error, n, left_out=left_out)
