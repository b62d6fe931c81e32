"""What a baseline leaves behind for the calibration of its thresholds: sums of contiguous blocks, and sampled rows."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from detectors.binning import Binning
from detectors.columns import Column
from detectors.profile_groups import profile_groups
from detectors.slot_sample import MAX_SAMPLE_ROWS, SlotSample, sample_slots
from modelwatch.instants import NO_INSTANT
from modelwatch.segments import WHOLE
from store.column_types import from_micros
from store.records import BaselineBlock

# Rows without a clock are cut into so many runs, in their order.
N_RUNS = 256
# Of a long baseline that many of the last hours are kept as blocks: two years of them.
MAX_BLOCKS = 17_520
MAX_SEGMENT_SAMPLE = 4_096

Times = NDArray[np.int64]


def blocks_of(
    binning: Binning, columns: Mapping[str, Column], times: Times | None, grain: timedelta
) -> list[BaselineBlock]:
    """The contiguous blocks of rows in their order: the hours (or other grain) that have any, or equal runs of rows.

    ``times`` (int64[n]) are microseconds since 1970; rows without an instant are left out. None where rows have none.
    """
    n = len(next(iter(columns.values()))) if columns else 0
    if not n:
        return []
    if times is None or not (times != NO_INSTANT).any():
        n_runs = min(N_RUNS, n)
        groups = np.arange(n) * n_runs // n
        starts: list[datetime | None] = [None] * n_runs
    else:
        groups, starts = _by_grain(times, grain)
    profiles = profile_groups(binning, columns, groups, len(starts))
    return [
        BaselineBlock(start, int(profiles.n_rows[position]), profiles.encoded(position))
        for position, start in enumerate(starts)
    ]


def _by_grain(times: Times, grain: timedelta) -> tuple[Times, list[datetime | None]]:
    """The block of every row (-1: none), and where each block begins."""
    step = grain // timedelta(microseconds=1)
    cells = np.where(times == NO_INSTANT, np.iinfo(np.int64).min, times // step)
    present = np.unique(cells[times != NO_INSTANT])[-MAX_BLOCKS:]
    position = np.searchsorted(present, cells)
    known = present[np.minimum(position, len(present) - 1)] == cells
    return np.where(known, position, -1), [from_micros(int(cell) * step) for cell in present]


def slot_sample_of(binning: Binning, columns: Mapping[str, Column], content_hash: str, segment: str) -> SlotSample:
    """Sampled rows of a segment of a baseline; the same rows whenever the same content is sampled."""
    rng = np.random.default_rng(seed_of(content_hash, segment))
    return sample_slots(binning, columns, rng, MAX_SAMPLE_ROWS if segment == WHOLE else MAX_SEGMENT_SAMPLE)


def seed_of(*names: str) -> int:
    """A seed that depends on nothing but the names of what is drawn."""
    return int.from_bytes(hashlib.sha256("\n".join(names).encode()).digest()[:7], "big")
