"""What single values parts of a baseline hold that are as long as a window: a field may be stuck by nature."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from detectors.binning import Binning
from detectors.encoding import total_encoded
from detectors.stuck import usual_share
from modelwatch.cycle.calibrating import block_windows
from store.calibrations import read_block_starts, read_blocks
from store.definitions import duration
from store.records import Baseline, Model, Monitor

# The last parts of a baseline that are looked at: enough to know what is usual.
_MOST_PARTS = 64


class UsualValues:
    """The parts of one baseline for the windows of one monitor; each segment is read once."""

    def __init__(self, conn: Connection, model: Model, monitor: Monitor, baseline: Baseline, binning: Binning) -> None:
        self._conn = conn
        self._model = model
        self._length = duration(monitor.spec.window)
        self._baseline = baseline
        self._binning = binning
        self._parts: dict[str, Sequence[slice]] = {}
        self._shares: dict[str, Mapping[str, float]] = {}

    def n_parts(self, segment: str) -> int:
        """How many whole windows the baseline holds."""
        return len(self._parts_of(segment))

    def shares(self, segment: str) -> Mapping[str, float]:
        """The largest share of a single value of each field in any of the last parts."""
        if segment not in self._shares:
            parts = self._parts_of(segment)[-_MOST_PARTS:]
            first = parts[0].start if parts else 0
            blocks = read_blocks(self._conn, self._baseline.id, segment, first) if parts else []
            totals = [
                total_encoded(self._binning, [block.fields for block in blocks[part.start - first : part.stop - first]])
                for part in parts
            ]
            self._shares[segment] = {
                name: usual_share(total.field(self._binning, name) for total in totals) for name in self._binning.names
            }
        return self._shares[segment]

    def _parts_of(self, segment: str) -> Sequence[slice]:
        if segment not in self._parts:
            starts = read_block_starts(self._conn, self._baseline.id, segment)
            self._parts[segment] = list(block_windows(self._model, starts, self._length))
        return self._parts[segment]
