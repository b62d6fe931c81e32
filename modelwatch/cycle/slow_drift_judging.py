"""Slow drift of one monitor: what its windows add to the evidence, and what all of them amount to."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from detectors.calibration import Calibration
from detectors.drift import MIN_ROWS
from detectors.drift_directions import Directions, directions
from detectors.drift_scale import DriftScale
from detectors.findings import Confidence, Finding, unjudged
from detectors.profile import Profile
from detectors.slow_drift import log_payoff, window_deviates
from detectors.slow_drift_finding import METHOD, slow_drift_finding
from modelwatch.cycle.evidence_history import EvidenceHistory, only_the_last
from modelwatch.windows import boundaries
from store.definitions import MonitorSpec, duration
from store.records import Payoff, Run

# Of a month's false alarms this part is for slow drift; see docs/methods/calibrated_thresholds.md.
SHARE = 0.2
# Evidence of more windows than this is not added up: to look less far back only makes it smaller.
MOST_WINDOWS = 400
_INSTANT = timedelta(microseconds=1)


class _Added(Struct, frozen=True, array_like=True):
    """What a window adds: deviates as they come from ``window_deviates``, and what they are deviates of."""

    of: bytes
    deviates: bytes


class Against(NamedTuple):
    """What windows of one segment are held against; ``share`` is the chance of a false alarm that a window may have."""

    segment: str
    scale: DriftScale
    calibration: Calibration
    reference: Profile
    share: float
    confidence: Confidence


class SlowDriftJudge:
    """Judges windows of one monitor in the order of their ends; what is the same for all windows is kept."""

    def __init__(self, spec: MonitorSpec, zone: ZoneInfo, history: EvidenceHistory) -> None:
        self._spec = spec
        self._zone = zone
        self._history = history
        self._directions: dict[str, Directions] = {}

    def finding(self, run: Run, against: Against, current: Profile, reported: Collection[str]) -> Finding:
        """The finding on a window; what it adds is noted.

        ``reported`` are the fields whose drift the window reports by itself. Of windows that overlap those are judged
        that follow each other without overlap, from a multiple of their length on.
        """
        segment, reference = against.segment, against.reference
        if not self._counts(run):
            reason = "windows overlap: slow drift is judged in those that begin at a multiple of their length"
            return unjudged("drift", METHOD, None, reference.n, current.n, "insufficient", reason)
        of = self._directions_of(against)
        min_rows = self._spec.min_rows or MIN_ROWS
        own = window_deviates(of, against.calibration.wander, reference.counts, current.counts, min_rows)
        earlier = self._history.before(segment, run.window_end)
        before = earlier[-MOST_WINDOWS + 1 :]
        marked = _mark(of, self._spec.window)
        added = _packed(marked, own)
        self._history.note(segment, run.window_end, added)
        # As it will be read by the windows that follow.
        deviates = np.stack(_unpacked([*before, added], marked, own.shape))
        n = reference.n, current.n
        found = slow_drift_finding(of, deviates, reported, 1 / against.share, *n, against.confidence)
        cut = len(before) < len(earlier) or self._history.is_cut(segment)
        return only_the_last(found, len(before) + 1) if cut else found

    def payoff(self, run: Run, against: Against) -> Payoff:
        """What bets on drift have paid since the month of a window began, after ``finding`` noted what it adds."""
        of = self._directions_of(against)
        last = run.window_end.astimezone(UTC) - _INSTANT
        month = last.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        added = self._history.between(against.segment, month, run.window_end)
        windows = _unpacked(added, _mark(of, self._spec.window), (2, of.n))
        return Payoff(log_payoff(of, np.array(windows).reshape(len(windows), 2, of.n)), run.window_end)

    def _directions_of(self, against: Against) -> Directions:
        if against.segment not in self._directions:
            self._directions[against.segment] = directions(against.scale, against.reference.counts)
        return self._directions[against.segment]

    def _counts(self, run: Run) -> bool:
        length = duration(self._spec.window)
        if duration(self._spec.every or self._spec.window) >= length:
            return True
        return any(boundaries(length, self._zone, run.window_start - _INSTANT, run.window_start))


def _mark(of: Directions, window: str) -> bytes:
    """Tells deviates of other fields, or of windows of another length, apart: they have no place in one evidence."""
    names = "\n".join((window, *of.scale.fields, *of.scale.methods, str(of.n)))
    return hashlib.sha256(names.encode()).digest()[:8]


def _packed(mark: bytes, deviates: NDArray[np.float64]) -> bytes:
    return msgspec.msgpack.encode(_Added(mark, deviates.astype("<f4").tobytes()))


def _unpacked(payloads: Sequence[bytes], mark: bytes, shape: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """What windows added; what was added when the monitor watched other fields is passed over."""
    added = [msgspec.msgpack.decode(payload, type=_Added) for payload in payloads]
    return [np.frombuffer(each.deviates, "<f4").astype(np.float64).reshape(shape) for each in added if each.of == mark]
