"""What is counted of the rows of an hour beside its profile: pairs of fields, copied rows, unknown names, losses, and
how many rows labels stand for.

Each is a sum of its own kind, kept for the whole stream: what they find is a matter of the events, not of a segment.
The weights of labels are kept for segments too, and only of hours that have some.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.columns import Column
from detectors.comoments import CoMoments, comoments, decode_comoments, encode_comoments, total
from detectors.group_losses import join_losses
from detectors.label_weights import join_weights
from detectors.profile_groups import Coded
from detectors.rank_codes import MAX_FIELDS, RankCodes, rank_codes, ranked_fields
from detectors.row_hashes import Hashes, row_hashes
from detectors.row_sketch import RowSketch, decode_sketch, encode_sketch, merge, sketch_groups
from modelwatch.losses import LOSSES
from modelwatch.scheme import is_output
from modelwatch.unknown_names import Counts, UnknownNames, decode_names, encode_names, joined_names
from store.records import Companion, ProfileKey

# The parts, as they are called in the store.
PAIRS, COPIES, NAMES, WEIGHTS = "pairs", "copies", "names", "label_weights"


def paired_fields(binning: Binning) -> tuple[str, ...]:
    """The fields whose pairs are watched: the model's own answers, then the first features, 50 at most."""
    ordered = ranked_fields(binning, len(binning.fields))
    answers = [name for name in ordered if is_output(name)]
    return tuple([*answers, *(name for name in ordered if not is_output(name))][:MAX_FIELDS])


def n_ordered_fields(binning: Binning) -> int:
    """How many fields could be paired if there were no limit."""
    return len(ranked_fields(binning, len(binning.fields)))


def paired_codes(coded: Coded) -> RankCodes:
    """The codes of rows from which their pairs are summed."""
    return rank_codes(coded, paired_fields(coded.binning))


def content_hashes(columns: Mapping[str, Column]) -> Hashes:
    """The mark of every row by its features alone."""
    return row_hashes({name: column for name, column in columns.items() if not is_output(name)})


def companions_of(
    coded: Coded,
    columns: Mapping[str, Column],
    unknown: UnknownNames,
    of_row: NDArray[np.int64],
    hours: Sequence[ProfileKey],
) -> Iterator[Companion]:
    """The companions of each of the ``hours`` (of the whole stream); ``of_row`` is the position of every row's own."""
    for hour, pairs in zip(hours, comoments(paired_codes(coded), of_row, len(hours)), strict=True):
        yield Companion(hour, PAIRS, encode_comoments(pairs))
    for hour, copies in zip(hours, sketch_groups(content_hashes(columns), of_row, len(hours)), strict=True):
        yield Companion(hour, COPIES, encode_sketch(copies))
    for position, names in unknown.by_group(of_row).items():
        yield Companion(hours[position], NAMES, encode_names(names))


def joined(part: str, before: bytes, added: bytes) -> bytes:
    """The payload of the rows of both."""
    if part == NAMES:
        return encode_names(joined_names(map(decode_names, (before, added))))
    if part == COPIES:
        return encode_sketch(merge([decode_sketch(before), decode_sketch(added)]))
    if part == LOSSES:
        return join_losses(before, added)
    if part == WEIGHTS:
        return join_weights(before, added)
    first = decode_comoments(before)
    return encode_comoments(total(first.n_fields, first.fingerprint, [first, decode_comoments(added)]))


def total_pairs(binning: Binning, payloads: Sequence[bytes]) -> CoMoments:
    """The pairs of all rows of some hours."""
    return total(len(paired_fields(binning)), binning.fingerprint, map(decode_comoments, payloads))


def total_copies(payloads: Sequence[bytes]) -> RowSketch:
    """The sketch of all rows of some hours."""
    return merge([decode_sketch(payload) for payload in payloads])


def total_names(payloads: Sequence[bytes]) -> Counts:
    """The unknown names of all rows of some hours."""
    return joined_names(map(decode_names, payloads))
