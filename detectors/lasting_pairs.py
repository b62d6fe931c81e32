"""A change of correlation that lasts and is known not to hurt is told once, as one of single fields is.

See ``lasting_drift``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from detectors.comoments import CoMoments, total
from detectors.findings import Confidence
from detectors.pair_changes import FIXED_THRESHOLD, PairChange, pair_changes
from detectors.pair_scatter import PairScatter

_Pair = tuple[str, str]


def above_harmless(
    changes: Sequence[PairChange],
    scatter: PairScatter,
    baseline: CoMoments,
    harmless: Sequence[CoMoments],
    current: CoMoments,
    *,
    chance: float,
    confidence: Confidence,
) -> list[PairChange]:
    """The ``changes`` of a window, with higher limits for pairs whose change ``harmless`` windows had shown already.

    A pair is known where it had changed beyond its limit in one of these windows, or in all of them together, and its
    correlation there cannot be told from that now. What it may then reach is its change there, and what chance adds
    between the two: it is never beyond that. The most surprising change is first again.
    """
    reached: dict[_Pair, float] = {}
    together = total(current.n_fields, current.fingerprint, harmless)
    for window in (*harmless, together):
        before = _by_pair(pair_changes(scatter, baseline, window, chance=chance, confidence=confidence))
        for pair, since in _by_pair(
            pair_changes(scatter, window, current, chance=chance, confidence=confidence)
        ).items():
            was = before.get(pair)
            if was is not None and was.beyond(FIXED_THRESHOLD) and abs(since.change) < since.by_chance:
                reached[pair] = max(reached.get(pair, 0.0), abs(was.change) + since.by_chance)
    found = [
        replace(change, by_chance=max(change.by_chance, reached[pair]), known=True) if pair in reached else change
        for pair, change in _by_pair(changes).items()
    ]
    return sorted(found, key=lambda change: -change.times_limit)


def _by_pair(changes: Sequence[PairChange]) -> Mapping[_Pair, PairChange]:
    return {(change.first, change.second): change for change in changes}
