"""A random sample of a baseline's rows as slots: what is left of how its fields go together once rows are sums.

Counts of single fields do not tell which values came in one row. Windows that are resampled from the sample keep the
dependence between fields, whatever the number of rows of the baseline was.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.columns import Column
from detectors.profile import check_fingerprint
from detectors.row_slots import row_slots

MAX_SAMPLE_ROWS = 16_384
_MAGIC = b"mws1"
_HEADER_BYTES = len(_MAGIC) + 8 + 8 + 4


@dataclass(frozen=True, slots=True, eq=False)
class SlotSample:
    """Slots of M sampled rows of a baseline of ``n_baseline`` rows, in the order they had there.

    ``slots`` (uint16[F, M]) is the slot of every row within each field of the binning, ``fingerprint`` its mark.
    """

    slots: NDArray[np.uint16]
    n_baseline: int
    fingerprint: bytes

    @property
    def n(self) -> int:
        """Rows in the sample."""
        return int(self.slots.shape[1])

    def field(self, binning: Binning, name: str) -> NDArray[np.uint16]:
        """The slot of every sampled row within one field."""
        check_fingerprint(binning, self.fingerprint)
        return np.asarray(self.slots[binning.index(name)], dtype=np.uint16)

    def to_bytes(self) -> bytes:
        """The sample for storage: a header and compressed slots."""
        header = _MAGIC + self.fingerprint + self.n_baseline.to_bytes(8, "little") + self.n.to_bytes(4, "little")
        return header + zlib.compress(self.slots.astype("<u2").tobytes(), 6)

    @classmethod
    def from_bytes(cls, binning: Binning, data: bytes) -> Self:
        """A sample that ``to_bytes`` wrote of rows of this binning; anything else is a ValueError."""
        if data[: len(_MAGIC)] != _MAGIC or len(data) < _HEADER_BYTES:
            raise ValueError(f"not a sample of rows of this version: it begins with {data[: len(_MAGIC)]!r}")
        fingerprint = data[len(_MAGIC) : len(_MAGIC) + 8]
        check_fingerprint(binning, fingerprint)
        n_baseline = int.from_bytes(data[12:20], "little")
        n = int.from_bytes(data[20:_HEADER_BYTES], "little")
        n_bytes = 2 * n * len(binning.fields)
        unpack = zlib.decompressobj()
        try:
            raw = unpack.decompress(data[_HEADER_BYTES:], n_bytes + 1)
        except zlib.error as error:
            raise ValueError(f"the stored sample of rows is damaged: {error}") from error
        if len(raw) != n_bytes or not unpack.eof:
            raise ValueError("the stored sample of rows is damaged: its length is not that of its rows")
        slots = np.frombuffer(raw, "<u2").astype(np.uint16).reshape(len(binning.fields), n)
        return cls(slots, n_baseline, fingerprint)


def sample_slots(
    binning: Binning, columns: Mapping[str, Column], rng: np.random.Generator, max_rows: int = MAX_SAMPLE_ROWS
) -> SlotSample:
    """A sample without replacement of at most ``max_rows`` of the rows; all of them where there are no more."""
    n = len(next(iter(columns.values()))) if columns else 0
    if n > max_rows:
        kept = np.sort(rng.choice(n, max_rows, replace=False))
        columns = {name: columns[name].take(kept) for name in binning.names if name in columns}
    _, fields = row_slots(binning, columns)
    slots = np.array([field.slots for field in fields], dtype=np.uint16).reshape(len(fields), min(n, max_rows))
    return SlotSample(slots, n, binning.fingerprint)
