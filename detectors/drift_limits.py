"""From a calibration to the limit of every field in one window, in the units of the field's own distance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.calibration import Calibration
from detectors.confidence import margin_of
from detectors.drift_scale import DriftScale, count_matrix
from detectors.findings import CALIBRATED, LOWERED, Confidence
from detectors.profile import Profile
from detectors.window_scores import Numbers, from_root

# A window is judged together with so many before it.
EARLIER_WINDOWS = 2


@dataclass(frozen=True, slots=True)
class DriftLimit:
    """The value from which on a field has drifted, and where it came from.

    ``p_value`` is how often a field by itself is as far off by chance; None where that is not calibrated.
    """

    value: float
    source: str
    confidence: Confidence
    p_value: float | None = None


def drift_limits(
    scale: DriftScale,
    calibration: Calibration,
    baseline: Profile,
    windows: Sequence[Profile],
    share: float,
    min_rows: int,
    confidence: Confidence = "normal",
) -> Mapping[str, DriftLimit]:
    """The limits of the last of ``windows``, which lie in a row, the oldest first; at most two before it are looked at.

    ``share`` is the probability of a false alarm that this window may have over all fields. A field that was high in
    one of the two windows before has a lower limit: to be high twice is rarer than once, so both together keep to the
    share. Windows and fields with fewer than ``min_rows`` values are passed over, and get no limit. Where
    ``confidence`` is low limits are raised (see ``margin_of``; on the scale of root statistics).
    """
    counts = count_matrix(windows[-1 - EARLIER_WINDOWS :], scale.binning)
    roots, rows = scale.roots(baseline.counts, counts)
    present = [scale.grouped(index, counts).sum(axis=-1) for index in range(len(scale.fields))]
    roots = np.where(np.stack(present, axis=-1) < max(min_rows, 1), np.nan, roots) if present else roots
    window_rows = rows.max(axis=1, initial=0.0)
    once, twice = calibration.limits(float(window_rows[-1]), share)
    margin = margin_of(confidence)
    high = margin * calibration.root(np.full_like(roots, twice), window_rows)
    was_high = np.any(np.nan_to_num(roots[:-1], nan=-np.inf) >= high[:-1], axis=0, keepdims=True)[0]
    points = np.where(was_high, min(once, twice), once)
    p_values = calibration.tail_shares(calibration.standardised(roots, window_rows)[-1], float(window_rows[-1]))
    limits = _distances(scale, margin * calibration.root(points[np.newaxis], window_rows[-1:])[0], rows[-1])
    return {
        name: DriftLimit(
            float(limits[index]), LOWERED if was_high[index] else CALIBRATED, confidence, float(p_values[index])
        )
        for index, name in enumerate(scale.fields)
        if not np.isnan(roots[-1, index])
    }


def _distances(scale: DriftScale, roots: Numbers, rows: Numbers) -> Numbers:
    """Root statistics of one window as distances in the units of each field's method."""
    return np.array(
        [
            float(from_root(method, roots[index], np.maximum(rows[index], 1.0)))
            for index, method in enumerate(scale.methods)
        ]
    )
