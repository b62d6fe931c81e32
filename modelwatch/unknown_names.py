"""Names of features that came in events and are no fields of the baseline, with the rows that had them.

Names that nobody chose, like an id as a key, may be without number: of each sum a bounded sample is kept that is the
same in any order and split (``detectors.unseen``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.unseen import merge, sample
from modelwatch.fields import field_name, place
from modelwatch.values import decode
from store.records import LoggedPredictions

MAX_NAMES = 50
Counts = Mapping[str, int]
_decode = msgspec.json.Decoder(dict[str, int]).decode


@dataclass(frozen=True, slots=True, eq=False)
class UnknownNames:
    """Which row had a value under which unknown name: ``rows`` and ``codes`` (int64[k]; a position in ``names``)."""

    names: tuple[str, ...]
    rows: NDArray[np.int64]
    codes: NDArray[np.int64]

    def by_group(self, groups: NDArray[np.int64]) -> dict[int, Counts]:
        """The rows that had each name, of each group of rows (int64[n], -1: none) that has any; a sample of names."""
        own = groups[self.rows]
        there = own >= 0
        keys, counts = np.unique(own[there] * len(self.names) + self.codes[there], return_counts=True)
        found: dict[int, list[tuple[str, int]]] = {}
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            group, code = divmod(key, len(self.names))
            found.setdefault(group, []).append((self.names[code], count))
        return {group: sample(pairs, MAX_NAMES) for group, pairs in found.items()}


def unknown_names(binning: Binning, rows: LoggedPredictions) -> UnknownNames:
    """The unknown names of rows of the log, read one by one; a name counts where its value is not null."""
    known = {place(name).key for name in binning.names if place(name).part == "features"}
    positions: dict[str, int] = {}
    at, codes = [], []
    for row, text in enumerate(rows.features):
        features = decode(text)
        for feature in features.keys() - known if isinstance(features, dict) else ():
            if features[feature] is not None:
                at.append(row)
                codes.append(positions.setdefault(storable(field_name(feature)), len(positions)))
    return UnknownNames(tuple(positions), np.array(at, dtype=np.int64), np.array(codes, dtype=np.int64))


def encode_names(counts: Counts) -> bytes:
    """Names and their rows for storage."""
    return msgspec.json.encode(dict(counts))


def decode_names(data: bytes) -> Counts:
    """What ``encode_names`` wrote; ValueError for anything else."""
    try:
        return _decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"the stored names of unknown fields are damaged: {error}") from error


def joined_names(parts: Iterable[Counts]) -> Counts:
    """The names of the rows of all parts together."""
    return merge(*parts, size=MAX_NAMES)


def storable(name: str) -> str:
    """A name as UTF-8 can hold it: JSON can spell halves of characters."""
    return name.encode("utf-8", "replace").decode()
