"""What one window says of the risk: the losses of its labelled rows, and the sums that estimates add to them."""

import struct
from dataclasses import astuple, dataclass

from detectors.loss_sums import LossSums
from detectors.risk_sums import RiskSums

_VERSION = 1
_FORMAT = struct.Struct("<Bd" + "qdd" + "qdddddqdd")
_NO_LOSSES, _NO_ESTIMATES = LossSums(), RiskSums()


@dataclass(frozen=True, slots=True)
class WindowRisk:
    """``losses`` of all labelled rows, each from 0 to 1; ``estimated`` over the rows that have an estimated loss.

    ``whole`` is what a loss of 1 stands for: 1, or an error in the units of the label. Losses add up where it is equal.
    ``WindowRisk()`` is that of a window that adds nothing.
    """

    losses: LossSums = _NO_LOSSES
    estimated: RiskSums = _NO_ESTIMATES
    whole: float = 1.0

    def to_bytes(self) -> bytes:
        """A compact form that ``from_bytes`` reads."""
        return _FORMAT.pack(_VERSION, self.whole, *astuple(self.losses), *astuple(self.estimated))

    @classmethod
    def from_bytes(cls, payload: bytes) -> "WindowRisk":
        """What ``to_bytes`` wrote; ValueError for anything else."""
        if len(payload) != _FORMAT.size or payload[0] != _VERSION:
            raise ValueError(f"{len(payload)} bytes are no window's risk of version {_VERSION}: judge the window again")
        _, whole, *numbers = _FORMAT.unpack(payload)
        return cls(LossSums(*numbers[:3]), RiskSums(*numbers[3:]), whole)
