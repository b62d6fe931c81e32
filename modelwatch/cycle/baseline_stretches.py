"""The stretches of a baseline that are as long as a window: what is usual for one."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from detectors.binning import Binning
from detectors.encoding import total_encoded
from detectors.stuck import usual_share
from modelwatch.cycle.calibrating import block_windows
from store.calibrations import read_blocks
from store.definitions import duration
from store.records import Baseline, BaselineBlock, Model, Monitor

# The last ones that single values are looked for in: enough to know what is usual.
_MOST_STRETCHES = 64


class BaselineStretches:
    """The stretches of one baseline for the windows of one monitor; each segment is read once."""

    def __init__(self, conn: Connection, model: Model, monitor: Monitor, baseline: Baseline, binning: Binning) -> None:
        self._conn = conn
        self._model = model
        self._length = duration(monitor.spec.window)
        self._baseline = baseline
        self._binning = binning
        self._blocks: dict[str, Sequence[Sequence[BaselineBlock]]] = {}
        self._shares: dict[str, Mapping[str, float]] = {}

    def count(self, segment: str) -> int:
        """How many there are."""
        return len(self._of(segment))

    def usual_shares(self, segment: str) -> Mapping[str, float]:
        """The largest share of a single value of each field in any of them."""
        if segment not in self._shares:
            runs = self._of(segment)[-_MOST_STRETCHES:]
            parts = [total_encoded(self._binning, [block.fields for block in run]) for run in runs]
            self._shares[segment] = {
                name: usual_share(part.field(self._binning, name) for part in parts) for name in self._binning.names
            }
        return self._shares[segment]

    def _of(self, segment: str) -> Sequence[Sequence[BaselineBlock]]:
        if segment not in self._blocks:
            blocks = read_blocks(self._conn, self._baseline.id, segment)
            self._blocks[segment] = list(block_windows(self._model, blocks, self._length))
        return self._blocks[segment]
