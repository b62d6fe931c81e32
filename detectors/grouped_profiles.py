"""What comes out of profiling many groups of rows at once: one sparse profile for each group.

Most groups are small: for 14,000 groups of 7 rows in 3,000 slots the whole vectors would take 700 MB.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.encoding import encode_sparse
from detectors.profile import Profile
from detectors.sparse import SparseProfile, to_dense
from detectors.unseen import UnseenSample

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GroupedProfiles(Sequence[Profile]):
    """One profile for each group, kept sparse; position g gives the profile of group g.

    The entries of group g are ``slots[slot_starts[g]:slot_starts[g + 1]]`` and so on; likewise for fields.
    ``n_rows`` (int64[G]) is how many rows each group has.
    """

    binning: Binning
    n_rows: Integers
    slot_starts: Integers
    slots: Integers
    counts: Integers
    sums: Floats
    field_starts: Integers
    fields: Integers
    squares: Floats
    low: Floats
    high: Floats
    unseen: Mapping[int, Mapping[int, UnseenSample]]

    def __len__(self) -> int:
        return len(self.n_rows)

    @overload
    def __getitem__(self, group: int) -> Profile: ...
    @overload
    def __getitem__(self, group: slice) -> Sequence[Profile]: ...
    def __getitem__(self, group: int | slice) -> Profile | Sequence[Profile]:
        if isinstance(group, slice):
            return [self.profile(position) for position in range(*group.indices(len(self)))]
        return self.profile(range(len(self))[group])

    def __iter__(self) -> Iterator[Profile]:
        return (self.profile(group) for group in range(len(self)))

    def profile(self, group: int) -> Profile:
        """The profile of one group."""
        return to_dense(self.binning, self.sparse(group))

    def encoded(self, group: int) -> bytes:
        """The payload of one group, the same as ``encode_profile(self.profile(group))``."""
        return encode_sparse(self.sparse(group))

    def sparse(self, group: int) -> SparseProfile:
        """The filled part of the profile of one group."""
        entries = slice(self.slot_starts[group], self.slot_starts[group + 1])
        fields = slice(self.field_starts[group], self.field_starts[group + 1])
        return SparseProfile(
            int(self.n_rows[group]),
            self.slots[entries],
            self.counts[entries],
            self.sums[entries],
            self.fields[fields],
            self.squares[fields],
            self.low[fields],
            self.high[fields],
            self.unseen.get(group, {}),
            self.binning.fingerprint,
        )
