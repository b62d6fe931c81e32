"""The segments of a model: one for each category of the fields, and each pair of categories, its model file names."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.bins import CategoryBins
from detectors.columns import Column
from detectors.row_slots import category_codes
from modelwatch.fields import field_name
from modelwatch.scheme import Scheme
from modelwatch.segment_names import AND, others_name, single_name
from modelwatch.segment_pairs import SegmentPair
from store.definitions import ModelDefinition, segment_pairs, single_segments

# Each segment is profiled by the hour and judged in every window; a field with more categories keeps the most
# frequent ones of its baseline.
MAX_SEGMENTS = 50

WHOLE = ""


class Grouping(NamedTuple):
    """One way to part the rows: the names of the segments, and for every row the position of its own (-1: none)."""

    segments: tuple[str, ...]
    of_row: NDArray[np.int64]


def groupings(
    scheme: Scheme, definition: ModelDefinition, columns: Mapping[str, Column], n_rows: int
) -> Iterator[Grouping]:
    """The whole stream first, then a grouping for each declared segment field and each declared pair of fields."""
    yield Grouping((WHOLE,), np.zeros(n_rows, dtype=np.int64))
    for name in _single_fields(scheme.binning, definition):
        segments = _segments_of(scheme.binning, name)
        codes = category_codes(scheme.binning, columns, name)
        yield Grouping(segments, np.where(codes < len(segments), codes, -1))
    for pair in _declared_pairs(scheme, definition):
        yield Grouping(pair.segments, pair.of_rows(scheme.binning, columns))


def segment_fields(scheme: Scheme, definition: ModelDefinition) -> tuple[str, ...]:
    """The fields, categories at the baseline, that segments are made of."""
    paired = [name for pair in _declared_pairs(scheme, definition) for name in pair.fields]
    return tuple(dict.fromkeys([*_single_fields(scheme.binning, definition), *paired]))


def segment_names(scheme: Scheme, definition: ModelDefinition) -> tuple[str, ...]:
    """All segments of a model, the whole stream first."""
    found = [WHOLE]
    for name in _single_fields(scheme.binning, definition):
        found += _segments_of(scheme.binning, name)
    for pair in _declared_pairs(scheme, definition):
        found += pair.segments
    return tuple(found)


def segment_notices(scheme: Scheme, definition: ModelDefinition) -> list[str]:
    """What is not judged as the model file asks, a sentence each: too many categories or pairs, fields without any."""
    found = []
    watched = _single_fields(scheme.binning, definition)
    for name in map(field_name, single_segments(definition)):
        bins = scheme.binning.bins_of(name) if name in watched else None
        if not isinstance(bins, CategoryBins):
            found.append(f"segments: {name} is no field with categories at the baseline, so it has no segments")
        elif (n := len(bins.categories) + len(bins.rare)) > MAX_SEGMENTS:
            more = "" if bins.complete else "more than "
            found.append(
                f"segments: {name} has {more}{n:,} categories at the baseline, the {MAX_SEGMENTS} most frequent are "
                "judged by themselves"
            )
    pairs = {pair.fields: pair for pair in _declared_pairs(scheme, definition)}
    for fields in _pair_fields(definition):
        words = f"segments: the pair {AND.join(fields)}"
        pair = pairs.get(fields)
        if pair is None:
            found.append(f"{words} is not judged until the baseline is set again, with both as fields with categories")
        elif pair.is_capped:
            found.append(
                f"{words} has {pair.n_seen:,} pairs of values at the baseline, the {len(pair.kept)} most frequent are "
                f"judged by themselves and the others together as {others_name(fields)}"
            )
    return found


def _single_fields(binning: Binning, definition: ModelDefinition) -> tuple[str, ...]:
    names = map(field_name, single_segments(definition))
    return tuple(name for name in names if name in binning.names and isinstance(binning.bins_of(name), CategoryBins))


def _segments_of(binning: Binning, name: str) -> tuple[str, ...]:
    bins = binning.bins_of(name)
    categories = bins.categories[:MAX_SEGMENTS] if isinstance(bins, CategoryBins) else ()
    return tuple(single_name(name, category) for category in categories)


def _declared_pairs(scheme: Scheme, definition: ModelDefinition) -> Iterator[SegmentPair]:
    """The pairs of the model file that were chosen when the baseline was set."""
    chosen = {pair.fields: pair for pair in scheme.pairs}
    return (chosen[fields] for fields in _pair_fields(definition) if fields in chosen)


def _pair_fields(definition: ModelDefinition) -> list[tuple[str, str]]:
    return [(field_name(first), field_name(second)) for first, second in segment_pairs(definition)]
