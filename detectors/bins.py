"""The slots of one field: what every row of the field is counted under.

A field's slots are a run in the flat vector of a profile. The first few say what is not an ordinary value
(missing, mistyped, ...), the rest are its bins. Every row falls into exactly one slot of every field.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

CategoryKind = Literal["categorical", "boolean"]


@dataclass(frozen=True, slots=True, eq=False)
class NumericBins:
    """Bins of a numeric field: bin 0 is below ``edges[0]``, bin i is [edges[i-1], edges[i]), the last one open.

    ``edges`` (float64[E]) is finite and strictly increasing, so there are E + 1 bins. ``inner`` is the range
    (start, stop) of the bins that lie within the baseline's [min, max]; it is empty (start == stop) where the
    baseline had no finite value. ``centre`` and ``scale`` are mean and standard deviation (divisor n) of the
    baseline's finite values; sums of squares are taken about the centre.
    """

    MISSING: ClassVar[int] = 0
    MISTYPED: ClassVar[int] = 1
    NAN: ClassVar[int] = 2
    NEGATIVE_INFINITY: ClassVar[int] = 3
    POSITIVE_INFINITY: ClassVar[int] = 4
    FIRST_BIN: ClassVar[int] = 5

    name: str
    edges: NDArray[np.float64]
    inner: tuple[int, int]
    centre: float
    scale: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.edges).all() or (self.edges[1:] <= self.edges[:-1]).any():
            raise ValueError(f"field {self.name!r}: edges must be finite and strictly increasing")
        if not 0 <= self.inner[0] <= self.inner[1] <= self.n_bins:
            raise ValueError(f"field {self.name!r}: inner bins {self.inner} are not within the {self.n_bins} bins")
        self.edges.flags.writeable = False

    @property
    def n_bins(self) -> int:
        return len(self.edges) + 1

    @property
    def n_slots(self) -> int:
        return self.FIRST_BIN + self.n_bins

    def bin_of(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The bin of each finite value."""
        return np.searchsorted(self.edges, values, side="right")


@dataclass(frozen=True, slots=True)
class CategoryBins:
    """Bins of a categorical or boolean field: one for each of ``categories``, the frequent ones of the baseline.

    ``rare`` are the other categories of the baseline; they are known, and counted together under OTHER. A category
    that is neither is NEW. ``complete`` is False where the baseline had too many categories to keep them all: then
    nothing can be called new, and whatever has no bin of its own is OTHER. ``numeric_text`` says that every
    category of the baseline reads as a number.
    """

    MISSING: ClassVar[int] = 0
    MISTYPED: ClassVar[int] = 1
    NEW: ClassVar[int] = 2
    OTHER: ClassVar[int] = 3
    FIRST_BIN: ClassVar[int] = 4

    name: str
    kind: CategoryKind
    categories: tuple[str, ...]
    rare: frozenset[str]
    complete: bool
    numeric_text: bool

    def __post_init__(self) -> None:
        if len(set(self.categories)) != len(self.categories) or not self.rare.isdisjoint(self.categories):
            raise ValueError(f"field {self.name!r}: a category is named twice")

    @property
    def n_bins(self) -> int:
        return len(self.categories)

    @property
    def n_slots(self) -> int:
        return self.FIRST_BIN + self.n_bins

    def slots_of(self, vocabulary: tuple[str, ...]) -> NDArray[np.int32]:
        """The slot of each code of a vocabulary; the two last places serve the codes -2 and -1.

        So ``slots_of(vocabulary)[codes]`` is the slot of every row, by Python's reading of negative positions.
        """
        own = {text: self.FIRST_BIN + position for position, text in enumerate(self.categories)}
        unknown = self.NEW if self.complete else self.OTHER
        slots = [own.get(text) or (self.OTHER if text in self.rare else unknown) for text in vocabulary]
        return np.array([*slots, self.MISTYPED, self.MISSING], dtype=np.int32)


FieldBins = NumericBins | CategoryBins
