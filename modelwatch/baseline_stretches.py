"""A baseline's rows in consecutive stretches that are as long as the windows they will be compared with."""

from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from modelwatch.baseline_blocks import Times
from modelwatch.instants import NO_INSTANT
from modelwatch.windows import WindowPlan
from store.column_types import from_micros, to_micros
from store.definitions import ModelDefinition, MonitorKind, duration, named_monitors


class Stretches(NamedTuple):
    """The stretch of every row (int64[n], -1: none), and how many there are."""

    of_row: NDArray[np.int64]
    n: int


def equal_stretches(n_rows: int, n: int) -> Stretches:
    """Runs of about equally many rows in their order, for a baseline without a clock."""
    n = min(n, n_rows)
    return Stretches(np.arange(n_rows, dtype=np.int64) * n // max(n_rows, 1), n)


def window_stretches(
    definition: ModelDefinition, kind: MonitorKind, times: Times | None, most: int
) -> Stretches | None:
    """The windows of the first monitor of a kind that hold rows, the last ``most`` of them; None without a clock.

    ``times`` (int64[n]) are microseconds since 1970.
    """
    if times is None or not (times != NO_INSTANT).any():
        return None
    spec = next((spec for spec in named_monitors(definition) if spec.kind == kind), None)
    length = timedelta(days=1) if spec is None else duration(spec.window)
    plan = WindowPlan(length, length, ZoneInfo(definition.time_zone))
    grain = duration(definition.grain) // timedelta(microseconds=1)
    # Windows are cut at whole grains, so a grain's rows share a window.
    grains, of_row = np.unique(times // grain, return_inverse=True)
    lost = times.min() == NO_INSTANT
    starts = [to_micros(plan.floor(from_micros(int(each) * grain))) for each in grains[int(lost) :]]
    present = np.unique(starts)[-most:]
    of_grain = np.searchsorted(present, starts)
    of_grain = np.where(np.isin(starts, present), of_grain, -1)
    if lost:
        of_grain = np.concatenate([[-1], of_grain])
    return Stretches(of_grain[of_row.reshape(-1)].astype(np.int64), len(present))
