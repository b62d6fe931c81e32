"""A binning: the bins of all fields of a model, fixed when its baseline is set.

It lays the slots of all fields end to end in one flat vector. Everything counted with one binning can be added,
subtracted and compared slot by slot; counts of two binnings have nothing to do with each other, which is why a
binning has a hash of its content and every profile carries the start of it.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from detectors.bins import CategoryBins, FieldBins, NumericBins
from detectors.columns import BOOLEAN_VOCABULARY, CategoryColumn, Column, NumericColumn
from detectors.edges import bin_edges

MAX_BINS = 256
MAX_CATEGORIES = 256
MAX_KNOWN_CATEGORIES = 10_000
MAX_FIELDS = 10_000
_MAGIC = b"mwb1"
_MAX_DOCUMENT = 1 << 30


@dataclass(frozen=True, slots=True, eq=False)
class Binning:
    """Bins of every field, in a fixed order. Two binnings are equal when their content is."""

    fields: tuple[FieldBins, ...]
    names: tuple[str, ...] = field(init=False, repr=False)
    offsets: tuple[int, ...] = field(init=False, repr=False)
    n_slots: int = field(init=False)
    content_hash: str = field(init=False)
    # Eight bytes of the content hash, that mark what was counted with this binning.
    fingerprint: bytes = field(init=False, repr=False)
    _index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = tuple(bins.name for bins in self.fields)
        if len(names) > MAX_FIELDS:
            raise ValueError(f"{len(names)} fields are more than the {MAX_FIELDS} a binning can hold")
        if len(set(names)) != len(names):
            raise ValueError(f"field {next(name for name in names if names.count(name) > 1)!r} is named twice")
        offsets = np.cumsum([0, *(bins.n_slots for bins in self.fields)]).tolist()
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "offsets", tuple(offsets[:-1]))
        object.__setattr__(self, "n_slots", offsets[-1])
        object.__setattr__(self, "content_hash", hashlib.sha256(_document(self.fields)).hexdigest())
        object.__setattr__(self, "fingerprint", bytes.fromhex(self.content_hash[:16]))
        object.__setattr__(self, "_index", {name: position for position, name in enumerate(names)})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Binning) and self.content_hash == other.content_hash

    def __hash__(self) -> int:
        return hash(self.content_hash)

    def index(self, name: str) -> int:
        """Position of a field; KeyError names the field that is not there."""
        try:
            return self._index[name]
        except KeyError:
            raise KeyError(f"the binning has no field {name!r}") from None

    def bins_of(self, name: str) -> FieldBins:
        """The bins of a field."""
        return self.fields[self.index(name)]

    def slots(self, name: str) -> slice:
        """Where the slots of a field lie in the flat vector."""
        index = self.index(name)
        return slice(self.offsets[index], self.offsets[index] + self.fields[index].n_slots)

    def to_bytes(self) -> bytes:
        """The binning for storage: a versioned header and compressed JSON."""
        return _MAGIC + zlib.compress(_document(self.fields), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """A binning that ``to_bytes`` wrote; anything else is a ValueError."""
        if data[: len(_MAGIC)] != _MAGIC:
            raise ValueError(f"not a binning of this version: it begins with {data[: len(_MAGIC)]!r}, not {_MAGIC!r}")
        unpack = zlib.decompressobj()
        try:
            document = unpack.decompress(data[len(_MAGIC) :], _MAX_DOCUMENT)
            if not unpack.eof or unpack.unused_data:
                raise ValueError("cut short, too long or followed by something else")
            return cls(tuple(_read_field(entry) for entry in json.loads(document)))
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"the stored binning is damaged: {error}") from error


def choose_binning(columns: Mapping[str, Column], *, max_bins: Mapping[str, int] | int = MAX_BINS) -> Binning:
    """Bins for the rows of a baseline.

    ``max_bins`` is how many equal-frequency bins a numeric field gets, for all fields or by field name (256 where
    not named); a value whose share is above 1 / max_bins gets a bin of its own in their place. A category field
    gets a bin for each of its 256 most frequent categories (ties in order of text); the others are known as rare,
    up to 10,000 categories in all, beyond which the field is not complete. Constant, infinite and wholly missing
    fields have bins too.
    """
    fields: list[FieldBins] = []
    for name, column in columns.items():
        if isinstance(column, NumericColumn):
            bins = max_bins if isinstance(max_bins, int) else max_bins.get(name, MAX_BINS)
            fields.append(_numeric_bins(name, column, bins))
        else:
            fields.append(_category_bins(name, column))
    return Binning(tuple(fields))


def _numeric_bins(name: str, column: NumericColumn, max_bins: int) -> NumericBins:
    if max_bins < 1:
        raise ValueError(f"field {name!r}: max_bins must be at least 1, not {max_bins}")
    finite = column.values[np.isfinite(column.values)]
    edges, inner = bin_edges(finite, max_bins)
    centre, scale = _mean_and_deviation(finite)
    return NumericBins(name, edges, inner, centre, scale)


def _mean_and_deviation(finite: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation without overflow: in units of the largest magnitude."""
    if not len(finite):
        return 0.0, 0.0
    unit = float(np.abs(finite).max())
    if finite.min() == finite.max():
        return float(finite[0]), 0.0
    scaled = finite / unit
    return float(scaled.mean()) * unit, float(scaled.std()) * unit


def _category_bins(name: str, column: CategoryColumn) -> CategoryBins:
    seen = np.bincount(column.codes[column.codes >= 0], minlength=len(column.vocabulary))
    counts = {text: count for text, count in zip(column.vocabulary, seen.tolist(), strict=True) if count}
    if column.vocabulary == BOOLEAN_VOCABULARY:
        return CategoryBins(name, "boolean", BOOLEAN_VOCABULARY, frozenset(), complete=True, numeric_text=False)
    ranked = sorted(counts, key=lambda text: (-counts[text], text))
    complete = len(ranked) <= MAX_KNOWN_CATEGORIES
    rare = frozenset(ranked[MAX_CATEGORIES:]) if complete else frozenset()
    numeric_text = bool(ranked) and all(_reads_as_number(text) for text in ranked)
    return CategoryBins(name, "categorical", tuple(ranked[:MAX_CATEGORIES]), rare, complete, numeric_text)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _document(fields: tuple[FieldBins, ...]) -> bytes:
    """JSON with one spelling for one content: the hash is taken of it."""
    entries = [_write_field(bins) for bins in fields]
    return json.dumps(entries, sort_keys=True, separators=(",", ":")).encode()


def _write_field(bins: FieldBins) -> dict[str, Any]:
    if isinstance(bins, NumericBins):
        return {
            "kind": "numeric",
            "name": bins.name,
            "edges": base64.b64encode(bins.edges.astype("<f8").tobytes()).decode(),
            "inner": list(bins.inner),
            "centre": bins.centre.hex(),
            "scale": bins.scale.hex(),
        }
    return {
        "kind": bins.kind,
        "name": bins.name,
        "categories": list(bins.categories),
        "rare": sorted(bins.rare),
        "complete": bins.complete,
        "numeric_text": bins.numeric_text,
    }


def _read_field(entry: dict[str, Any]) -> FieldBins:
    if entry["kind"] == "numeric":
        edges = np.frombuffer(base64.b64decode(entry["edges"], validate=True), "<f8").astype(np.float64)
        start, stop = entry["inner"]
        centre, scale = float.fromhex(entry["centre"]), float.fromhex(entry["scale"])
        return NumericBins(entry["name"], edges, (start, stop), centre, scale)
    if entry["kind"] not in ("categorical", "boolean"):
        raise ValueError(f"a field of kind {entry['kind']!r}")
    return CategoryBins(
        entry["name"],
        entry["kind"],
        tuple(entry["categories"]),
        frozenset(entry["rare"]),
        entry["complete"],
        entry["numeric_text"],
    )
