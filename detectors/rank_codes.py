"""Every row's place within the baseline's range, field by field, in 255 steps: what correlations are computed of.

A code is the position of the value's bin among the baseline's inner bins, from -127 for the first to 127 for the last.
Bins hold about equally many rows of the baseline, so this is a coarse rank: outliers and units do not matter, only
order does. Sums of products of codes are whole numbers, so they add up exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.bins import CategoryBins, FieldBins, NumericBins
from detectors.profile_groups import Coded

# Pairs grow with the square of the fields: 50 make 1,225.
MAX_FIELDS = 50
ABSENT = -128
_TOP = 127


@dataclass(frozen=True, slots=True, eq=False)
class RankCodes:
    """Codes (int8[n, F]) of the ``fields``, a row each; ``ABSENT`` where there is no value to order.

    ``fingerprint`` marks the binning.
    """

    fields: tuple[str, ...]
    codes: NDArray[np.int8]
    fingerprint: bytes


def ranked_fields(binning: Binning, limit: int = MAX_FIELDS) -> tuple[str, ...]:
    """The fields that have an order and more than one value at the baseline: the first ``limit`` of the binning.

    Numbers, and booleans with true above false.
    """
    ordered = [bins.name for bins in binning.fields if _is_ordered(bins)]
    return tuple(ordered[:limit])


def rank_codes(coded: Coded, fields: tuple[str, ...] | None = None) -> RankCodes:
    """The codes of rows whose slots are known (``profile_groups.encode_rows``), for ``fields`` or ``ranked_fields``.

    Missing, mistyped and NaN are absent, infinities are at the ends. ValueError names a field that has no order.
    """
    binning = coded.binning
    chosen = ranked_fields(binning) if fields is None else fields
    codes = np.empty((coded.n, len(chosen)), dtype=np.int8)
    for position, name in enumerate(chosen):
        codes[:, position] = _code_of_slot(binning.bins_of(name))[coded.fields[binning.index(name)].slots]
    return RankCodes(chosen, codes, binning.fingerprint)


def _is_ordered(bins: FieldBins) -> bool:
    if isinstance(bins, NumericBins):
        return bins.inner[1] - bins.inner[0] > 1
    return bins.kind == "boolean"


def _code_of_slot(bins: FieldBins) -> NDArray[np.int8]:
    """The code (int8[S]) of each of the field's slots."""
    codes = np.full(bins.n_slots, ABSENT, dtype=np.int8)
    if isinstance(bins, NumericBins):
        first, last = bins.inner[0], bins.inner[1] - 1
        place = np.clip(np.arange(bins.n_bins), first, max(last, first)) - first
        codes[bins.FIRST_BIN :] = np.rint(2 * _TOP * place / max(last - first, 1) - _TOP)
        codes[[bins.NEGATIVE_INFINITY, bins.POSITIVE_INFINITY]] = (-_TOP, _TOP)
        return codes
    if bins.kind != "boolean":
        raise ValueError(f"field {bins.name!r} holds categories: a correlation needs values in order")
    codes[CategoryBins.FIRST_BIN :] = (-_TOP, _TOP)
    return codes
