"""The segments of a model: one for each category of the fields that its model file names."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.bins import CategoryBins
from detectors.columns import Column
from detectors.row_slots import category_codes
from modelwatch.fields import field_name
from store.definitions import ModelDefinition

# Each segment is profiled by the hour and judged in every window; a field with more categories keeps the most
# frequent ones of its baseline.
MAX_SEGMENTS = 50

WHOLE = ""


class Grouping(NamedTuple):
    """One way to part the rows: the names of the segments, and for every row the position of its own (-1: none)."""

    segments: tuple[str, ...]
    of_row: NDArray[np.int64]


def groupings(
    binning: Binning, definition: ModelDefinition, columns: Mapping[str, Column], n_rows: int
) -> Iterator[Grouping]:
    """The whole stream first, then a grouping for each declared segment field."""
    yield Grouping((WHOLE,), np.zeros(n_rows, dtype=np.int64))
    for name in segment_fields(binning, definition):
        bins = binning.bins_of(name)
        categories = bins.categories[:MAX_SEGMENTS] if isinstance(bins, CategoryBins) else ()
        codes = category_codes(binning, columns, name)
        yield Grouping(
            tuple(f"{name}={category}" for category in categories), np.where(codes < len(categories), codes, -1)
        )


def segment_fields(binning: Binning, definition: ModelDefinition) -> tuple[str, ...]:
    """The declared segment fields that the baseline has as categories."""
    names = map(field_name, definition.segments)
    return tuple(name for name in names if name in binning.names and isinstance(binning.bins_of(name), CategoryBins))


def segment_names(binning: Binning, definition: ModelDefinition) -> tuple[str, ...]:
    """All segments of a model, the whole stream first."""
    found = [WHOLE]
    for name in segment_fields(binning, definition):
        bins = binning.bins_of(name)
        if isinstance(bins, CategoryBins):
            found += [f"{name}={category}" for category in bins.categories[:MAX_SEGMENTS]]
    return tuple(found)
