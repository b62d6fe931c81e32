"""What was counted beside the profiles of a window, and why it may not be all of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from detectors.binning import Binning
from detectors.comoments import CoMoments
from detectors.label_weights import LabelWeights, total_weights
from detectors.performance_layout import Layout
from detectors.row_sketch import RowSketch
from modelwatch.companions import COPIES, NAMES, PAIRS, WEIGHTS, total_copies, total_names, total_pairs
from modelwatch.unknown_names import Counts
from store.companions import read_companions
from store.records import Baseline, ProfileKey, StoredProfile

_INSTANT = timedelta(microseconds=1)

Hours = Sequence[StoredProfile]


def pairs_of(conn: Connection, baseline: Baseline, binning: Binning, hours: Hours) -> CoMoments:
    """How fields go together in the rows of some hours (each of one version)."""
    return total_pairs(binning, _payloads(conn, baseline, PAIRS, hours))


def copies_of(conn: Connection, baseline: Baseline, hours: Hours) -> RowSketch:
    """The copied rows of some hours."""
    return total_copies(_payloads(conn, baseline, COPIES, hours))


def names_of(conn: Connection, baseline: Baseline, hours: Hours) -> Counts:
    """Names in the events of some hours that are no fields, with the rows that had them; a sample of the names."""
    return total_names(_payloads(conn, baseline, NAMES, hours))


class WeightsOfHours:
    """How many rows labels stand for in the hours of a segment from ``start`` to ``end``; read once, when asked for."""

    def __init__(
        self, conn: Connection, baseline: Baseline, layout: Layout, segment: str, start: datetime, end: datetime
    ) -> None:
        self._layout = layout
        self._read = partial(read_companions, conn, baseline.binning_id, WEIGHTS, start, end, segment)
        self._payloads: dict[ProfileKey, bytes] | None = None

    def total(self, hours: Hours) -> LabelWeights | None:
        """Of some of the hours; None where no label came with a probability."""
        if self._payloads is None:
            self._payloads = {each.key: each.payload for each in self._read()}
        payloads = [self._payloads[hour.key] for hour in hours if hour.key in self._payloads]
        return total_weights(self._layout, payloads) if payloads else None


def not_counted(what: str, n_counted: int | None, n_rows: int) -> str:
    """Why ``what`` cannot be judged: nothing was kept of the baseline (``n_counted`` None), or not all rows counted.

    Empty where nothing stands in the way.
    """
    if n_counted is None:
        return f"nothing was kept of the {what} of this baseline: set it again with modelwatch baseline"
    if n_counted < n_rows:
        return f"{n_rows - n_counted:,} of {n_rows:,} rows were counted before their {what} were"
    return ""


def _payloads(conn: Connection, baseline: Baseline, part: str, hours: Hours) -> Sequence[bytes]:
    keys = {hour.key for hour in hours}
    if not keys:
        return []
    starts = [key.start for key in keys]
    found = read_companions(conn, baseline.binning_id, part, min(starts), max(starts) + _INSTANT)
    return [each.payload for each in found if each.key in keys]
