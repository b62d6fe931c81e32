"""Are the labelled rows like the rest? Where they are not, a risk from labels is that of other rows."""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from detectors.risk_sums import RiskSums
from detectors.wording import number

LEVEL = 0.001
LEAST_ROWS = 30
# The kurtosis of an exponential distribution, as heavy a tail as estimated losses are taken to have.
_KURTOSIS = 9.0


@dataclass(frozen=True, slots=True)
class LabelSelection:
    """Whether the labelled rows differ from the rest in their estimated loss; ``reason`` says how, or why unknown.

    ``mean_z`` and ``spread_z`` are the differences of mean and variance in standard errors, positive where the
    labelled rows have more; None where undefined.
    """

    selected: bool
    mean_z: float | None
    spread_z: float | None
    reason: str = ""


def label_selection(sums: RiskSums, level: float = LEVEL) -> LabelSelection:
    """Compare the estimated losses of labelled rows with those of unlabelled ones, by two z-tests at half the level.

    Mean: the difference over s sqrt(1/n + 1/m). Variance: the difference over s^2 sqrt((k - 1) (1/n + 1/m)), k the
    kurtosis, taken as that of an exponential distribution, or as the largest that values from 0 to 1 with this mean
    and variance can have, so it alarms rather too seldom. Undefined under 30 rows on either side. A selection that
    the estimate does not see, this test does not see either.
    """
    if not 0 < level < 1:
        raise ValueError(f"level {level}: give a chance between 0 and 1, like 0.001")
    n, m = sums.n, sums.rows - sums.n
    if min(n, m) < LEAST_ROWS:
        few = f"{n:,} labelled and {m:,} other rows, at least {LEAST_ROWS} of both are needed"
        return LabelSelection(False, None, None, few)
    labelled, other = sums.estimate / n, (sums.all_estimates - sums.estimate) / m
    mean = sums.all_estimates / sums.rows
    variance = sums.all_estimate_squares / sums.rows - mean * mean
    if variance <= 1e-12 * sums.all_estimate_squares / sums.rows:
        return LabelSelection(False, None, None, "all estimated losses are equal")
    scale = math.sqrt(1 / n + 1 / m)
    spread = sums.estimate_squares / n - labelled**2
    other_spread = (sums.all_estimate_squares - sums.estimate_squares) / m - other**2
    mean_z = (labelled - other) / (math.sqrt(variance) * scale)
    spread_z = (spread - other_spread) / (variance * math.sqrt(_kurtosis(sums, mean, variance) - 1) * scale)
    limit = -float(ndtri(level / 4))
    return LabelSelection(
        selected=max(abs(mean_z), abs(spread_z)) > limit,
        mean_z=mean_z,
        spread_z=spread_z,
        reason=_reason(mean_z, spread_z, limit, labelled, other),
    )


def _kurtosis(sums: RiskSums, mean: float, variance: float) -> float:
    within_0_to_1 = 0 <= sums.all_estimate_squares <= sums.all_estimates <= sums.rows
    return max(_KURTOSIS, max(mean, 1 - mean) ** 2 / variance if within_0_to_1 else 0.0)


def _reason(mean_z: float, spread_z: float, limit: float, labelled: float, other: float) -> str:
    if abs(mean_z) > limit:
        return (
            f"labelled rows have an estimated loss of {number(labelled)} and the others of {number(other)}: "
            "they are no random sample, so their risk is not that of all rows"
        )
    if abs(spread_z) > limit:
        word = "more" if spread_z > 0 else "less"
        return f"estimated losses of labelled rows scatter {word} than those of the others: they are no random sample"
    return ""
