"""A profile: the additive summary of a set of rows, from which every marginal score is computed.

All fields of a binning lie in one flat vector of slots, so the profile of two sets of rows is the sum of two
vectors, in any order and any split; counts are exact. One hour, one day and one version are all the same thing.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.bins import CategoryBins
from detectors.columns import Column
from detectors.counting import FieldCounts, aligned_columns, count_column
from detectors.field_profile import FieldProfile, category_profile, numeric_profile
from detectors.unseen import UnseenSample, merge_fields, remove


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Sums over ``n`` rows, laid out by a binning of S slots and F fields.

    ``counts`` (int64[S]) are rows per slot, ``sums`` (float64[S]) sums of values in the slots that are numeric bins.
    Per field: ``squares`` (float64[F]) the sum of squares of the finite values about the baseline's centre, ``low``
    and ``high`` (float64[F]) the smallest and largest finite value, +inf and -inf where there is none. ``unseen``
    holds, by position of the field, a bounded sample of categories that the baseline did not have.
    ``fingerprint`` marks the binning.

    After ``subtract`` low and high are bounds: no value lies outside, but none need lie on them.
    """

    n: int
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    unseen: Mapping[int, UnseenSample]
    fingerprint: bytes

    def field(self, binning: Binning, name: str) -> FieldProfile:
        """What the profile says about one field."""
        check_fingerprint(binning, self.fingerprint)
        index, slots = binning.index(name), binning.slots(name)
        bins = binning.fields[index]
        if isinstance(bins, CategoryBins):
            return category_profile(bins, self.n, self.counts[slots], self.unseen.get(index, {}))
        moments = (float(self.squares[index]), float(self.low[index]), float(self.high[index]))
        return numeric_profile(bins, self.n, self.counts[slots], self.sums[slots], moments)


def check_fingerprint(binning: Binning, fingerprint: bytes) -> None:
    """ValueError where something was counted with another binning."""
    if fingerprint != binning.fingerprint:
        raise ValueError(f"counted with binning {fingerprint.hex()}, not with {binning.fingerprint.hex()}")


class Counted(Protocol):
    """Anything that was counted with a binning and says so."""

    @property
    def fingerprint(self) -> bytes: ...


def check_same_binning(a: Counted, b: Counted) -> None:
    """ValueError where two things were counted with different binnings."""
    if a.fingerprint != b.fingerprint:
        raise ValueError("the profiles were counted with different binnings: profile the rows of one of them again")


def empty(binning: Binning) -> Profile:
    """The profile of no rows."""
    n_fields = len(binning.fields)
    return Profile(
        n=0,
        counts=np.zeros(binning.n_slots, dtype=np.int64),
        sums=np.zeros(binning.n_slots),
        squares=np.zeros(n_fields),
        low=np.full(n_fields, np.inf),
        high=np.full(n_fields, -np.inf),
        unseen={},
        fingerprint=binning.fingerprint,
    )


def profile(binning: Binning, columns: Mapping[str, Column], *, workers: int = 1) -> Profile:
    """The profile of all rows of a batch.

    Every field of the binning needs a column of its kind; columns the binning does not know are left out. With
    several ``workers`` fields are counted in threads; the result is the same.
    """
    n, aligned = aligned_columns(binning, columns)
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            counted = list(pool.map(count_column, binning.fields, aligned))
    else:
        counted = list(map(count_column, binning.fields, aligned))
    return _assembled(binning, n, counted)


def _assembled(binning: Binning, n: int, counted: list[FieldCounts]) -> Profile:
    if not counted:
        return replace(empty(binning), n=n)
    return Profile(
        n=n,
        counts=np.concatenate([field.counts for field in counted]),
        sums=np.concatenate([field.sums for field in counted]),
        squares=np.array([field.squares for field in counted]),
        low=np.array([field.low for field in counted]),
        high=np.array([field.high for field in counted]),
        unseen={index: field.unseen for index, field in enumerate(counted) if field.unseen},
        fingerprint=binning.fingerprint,
    )


def add(a: Profile, b: Profile) -> Profile:
    """The profile of the rows of both."""
    check_same_binning(a, b)
    with np.errstate(over="ignore", invalid="ignore"):
        return Profile(
            n=a.n + b.n,
            counts=a.counts + b.counts,
            sums=a.sums + b.sums,
            squares=a.squares + b.squares,
            low=np.minimum(a.low, b.low),
            high=np.maximum(a.high, b.high),
            unseen=merge_fields([a.unseen, b.unseen]),
            fingerprint=a.fingerprint,
        )


def subtract(a: Profile, b: Profile) -> Profile:
    """The profile of the rows of ``a`` without those of ``b``, which must be among them.

    Counts are exact. ``low`` and ``high`` stay those of ``a`` and are bounds; see ``unseen.remove`` for the sample.
    """
    check_same_binning(a, b)
    left = {index: remove(texts, b.unseen.get(index, {})) for index, texts in a.unseen.items()}
    with np.errstate(over="ignore", invalid="ignore"):
        return Profile(
            n=a.n - b.n,
            counts=a.counts - b.counts,
            sums=a.sums - b.sums,
            squares=a.squares - b.squares,
            low=a.low,
            high=a.high,
            unseen={index: texts for index, texts in left.items() if texts},
            fingerprint=a.fingerprint,
        )


def total(binning: Binning, profiles: Iterable[Profile]) -> Profile:
    """The profile of the rows of all; of none, the empty one."""
    result = empty(binning)
    for part in profiles:
        result = add(result, part)
    return result
