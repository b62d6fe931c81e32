"""What a profile says about one field, by name instead of by slot."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.bins import CategoryBins, FieldBins, NumericBins
from detectors.unseen import UnseenSample


@dataclass(frozen=True, slots=True, eq=False)
class FieldProfile:
    """Counts of one field. All counts are rows, and they add up to ``n``.

    ``bins`` (int64) are the counts per bin: of a numeric field from the open bin on the left to the open one on the
    right (``definition.edges`` has the edges), of a category field one for each of ``definition.categories``.
    ``sums`` (float64, numeric fields only) are the sums of values in each bin. ``nan`` and the infinities exist in
    numeric fields, ``new`` and ``other`` (rare ones of the baseline) in category fields; elsewhere they are 0.
    ``low`` and ``high`` are the smallest and largest finite value, None where there is none.
    """

    definition: FieldBins
    n: int
    missing: int
    mistyped: int
    nan: int
    negative_infinite: int
    positive_infinite: int
    new: int
    other: int
    bins: NDArray[np.int64]
    sums: NDArray[np.float64]
    squares: float
    low: float | None
    high: float | None
    unseen: UnseenSample

    @property
    def present(self) -> int:
        """Rows with a value that can be placed: a finite or infinite number, or any category."""
        return self.n - self.missing - self.mistyped - self.nan

    @property
    def infinite(self) -> int:
        """Rows with either infinity."""
        return self.negative_infinite + self.positive_infinite

    @property
    def finite(self) -> int:
        """Rows with a finite number; 0 for a category field."""
        return int(self.bins.sum()) if isinstance(self.definition, NumericBins) else 0

    def ordered_counts(self) -> NDArray[np.int64]:
        """Counts of all present rows of a numeric field in order of value: -inf, the bins, +inf."""
        return np.concatenate([[self.negative_infinite], self.bins, [self.positive_infinite]])

    def category_counts(self) -> NDArray[np.int64]:
        """Counts of all present rows of a category field: the categories, then other, then new."""
        return np.concatenate([self.bins, [self.other, self.new]])

    def mean(self) -> float | None:
        """Mean of the finite values; None where there is none, or where their sum is beyond the largest float."""
        finite = self.finite
        if not finite:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(self.sums.sum()) / finite
        return mean if math.isfinite(mean) else None

    def variance(self) -> float | None:
        """Variance of the finite values with divisor n; None where undefined (see ``mean``).

        From the sum of squares about the baseline's centre: sum (v - c)^2 / n - (mean - c)^2, which keeps its
        digits where the mean is large against the spread, as long as the mean has not moved far from the baseline.
        """
        mean = self.mean()
        if mean is None or not isinstance(self.definition, NumericBins):
            return None
        moved = mean - self.definition.centre
        # Multiplied, not raised to a power: a float product that is too large is infinite, a power an exception.
        variance = self.squares / self.finite - moved * moved
        return max(0.0, variance) if math.isfinite(variance) else None


def numeric_profile(
    bins: NumericBins, n: int, counts: NDArray[np.int64], sums: NDArray[np.float64], moments: tuple[float, float, float]
) -> FieldProfile:
    """The view of a numeric field's run of slots; ``moments`` are its squares, low and high."""
    squares, low, high = moments
    any_finite = bool(counts[NumericBins.FIRST_BIN :].any())
    return FieldProfile(
        definition=bins,
        n=n,
        missing=int(counts[NumericBins.MISSING]),
        mistyped=int(counts[NumericBins.MISTYPED]),
        nan=int(counts[NumericBins.NAN]),
        negative_infinite=int(counts[NumericBins.NEGATIVE_INFINITY]),
        positive_infinite=int(counts[NumericBins.POSITIVE_INFINITY]),
        new=0,
        other=0,
        bins=counts[NumericBins.FIRST_BIN :],
        sums=sums[NumericBins.FIRST_BIN :],
        squares=squares,
        low=low if any_finite else None,
        high=high if any_finite else None,
        unseen={},
    )


def category_profile(bins: CategoryBins, n: int, counts: NDArray[np.int64], unseen: UnseenSample) -> FieldProfile:
    """The view of a category field's run of slots."""
    return FieldProfile(
        definition=bins,
        n=n,
        missing=int(counts[CategoryBins.MISSING]),
        mistyped=int(counts[CategoryBins.MISTYPED]),
        nan=0,
        negative_infinite=0,
        positive_infinite=0,
        new=int(counts[CategoryBins.NEW]),
        other=int(counts[CategoryBins.OTHER]),
        bins=counts[CategoryBins.FIRST_BIN :],
        sums=np.zeros(0),
        squares=0.0,
        low=None,
        high=None,
        unseen=unseen,
    )
