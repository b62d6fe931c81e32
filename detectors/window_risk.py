"""What one window says of the risk: the losses of its labelled rows, and the sums that estimates add to them."""

import struct
from dataclasses import astuple, dataclass

from detectors.loss_sums import LossSums
from detectors.risk_sums import RiskSums
from detectors.weighted_losses import WeightedLosses

_VERSION = 2
_FORMAT = struct.Struct("<Bd" + "qdd" + "qdddddqdd" + "qqddddd")
# Written before labels could come with chances.
_FIRST_VERSION = 1
_FIRST_FORMAT = struct.Struct("<Bd" + "qdd" + "qdddddqdd")
_NO_LOSSES, _NO_ESTIMATES, _NO_WEIGHTS = LossSums(), RiskSums(), WeightedLosses()


@dataclass(frozen=True, slots=True)
class WindowRisk:
    """``losses`` of all labelled rows, each from 0 to 1; ``estimated`` over the rows that have an estimated loss;
    ``weighted`` over the rows whose labels were asked for with known chances, and how many rows there are in all.

    ``whole`` is what a loss of 1 stands for: 1, or an error in the units of the label. Losses add up where it is equal.
    ``WindowRisk()`` is that of a window that adds nothing.
    """

    losses: LossSums = _NO_LOSSES
    estimated: RiskSums = _NO_ESTIMATES
    whole: float = 1.0
    weighted: WeightedLosses = _NO_WEIGHTS

    def to_bytes(self) -> bytes:
        """A compact form that ``from_bytes`` reads."""
        parts = *astuple(self.losses), *astuple(self.estimated), *astuple(self.weighted)
        return _FORMAT.pack(_VERSION, self.whole, *parts)

    @classmethod
    def from_bytes(cls, payload: bytes) -> "WindowRisk":
        """What ``to_bytes`` wrote, also that of earlier releases; ValueError for anything else."""
        form = {_VERSION: _FORMAT, _FIRST_VERSION: _FIRST_FORMAT}.get(payload[0]) if payload else None
        if form is None or len(payload) != form.size:
            raise ValueError(f"{len(payload)} bytes are no window's risk of version {_VERSION}: judge the window again")
        _, whole, *numbers = form.unpack(payload)
        return cls(LossSums(*numbers[:3]), RiskSums(*numbers[3:12]), whole, WeightedLosses(*numbers[12:]))
