"""Rows of any span of time, from running totals over the profiled hours (or other grains)."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

from store.records import RowCount


class HourTotals:
    """Rows between any two instants; ``counts`` are in the order of their starts."""

    def __init__(self, counts: Sequence[RowCount]) -> None:
        self._starts = [count.start for count in counts]
        self._rows = [0, *accumulate(count.n_rows for count in counts)]

    def rows(self, start: datetime, end: datetime) -> int:
        """Rows of the hours that begin in [start, end)."""
        return self._rows[bisect_left(self._starts, end)] - self._rows[bisect_left(self._starts, start)]
