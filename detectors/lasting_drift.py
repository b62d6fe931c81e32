"""A change that lasts and is known not to hurt is told once: limits above what harmless windows have shown already.

A baseline grows old. A field that has moved away from it for good would be reported in every window from then on. Once
labels have shown some of these windows to be harmless (see ``harmless_windows``), the same change is no news.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detectors.calibration import Calibration
from detectors.drift_limits import DriftLimit
from detectors.drift_scale import DriftScale, count_matrix
from detectors.findings import ABOVE_HARMLESS
from detectors.profile import Profile
from detectors.window_scores import Numbers, from_root


def lasting_limits(
    scale: DriftScale,
    calibration: Calibration,
    baseline: Profile,
    harmless: Sequence[Profile],
    current: Profile,
    limits: Mapping[str, DriftLimit],
    share: float,
) -> Mapping[str, DriftLimit]:
    """``limits`` (see ``drift_limits``) of one window, raised for fields whose change harmless windows had shown.

    The limit of a field that passes it is raised where one of the ``harmless`` windows in which the field was high
    (beyond the limit of a field that is high a second time), or all of them together, cannot be told from this window
    (within the limit of a single window). On the scale of effects (KS, total variation, the roots of PSI and of
    chi-square over its rows) the limit is then the effect of that window against the baseline, plus what chance may add
    between the two: by the triangle inequality no distance that satisfies it is beyond. A field that changes anew keeps
    its limit.
    """
    if not harmless:
        return limits
    windows = count_matrix(harmless, scale.binning)
    high = _high(scale, calibration, baseline, windows, share)
    alike, reached = _likeness(scale, calibration, baseline, np.vstack([windows, windows.sum(axis=0)]), current, share)
    known = alike & np.vstack([high, high.any(axis=0)])
    roots_now, rows_now = (each[0] for each in scale.roots(baseline.counts, current.counts[np.newaxis]))
    raised = dict(limits)
    for index in np.flatnonzero(known.any(axis=0)).tolist():
        name, method, n = scale.fields[index], scale.methods[index], rows_now[index : index + 1]
        passes = name in limits and float(from_root(method, roots_now[index : index + 1], n)[0]) >= limits[name].value
        if passes:
            furthest = reached[known[:, index], index].max(keepdims=True)
            value = float(from_root(method, furthest * np.sqrt(n), n)[0])
            raised[name] = replace(limits[name], value=max(value, limits[name].value), source=ABOVE_HARMLESS)
    return raised


def _high(
    scale: DriftScale, calibration: Calibration, baseline: Profile, windows: NDArray[np.int64], share: float
) -> NDArray[np.bool_]:
    """Whether each field was high in each of the windows, bool[W, F]."""
    roots, rows = scale.roots(baseline.counts, windows)
    window_rows = rows.max(axis=1, initial=0.0)
    points = np.array([calibration.limits(float(each), share)[1] for each in window_rows])
    return np.asarray(calibration.standardised(roots, window_rows) >= points[:, np.newaxis], dtype=np.bool_)


def _likeness(
    scale: DriftScale,
    calibration: Calibration,
    baseline: Profile,
    windows: NDArray[np.int64],
    current: Profile,
    share: float,
) -> tuple[NDArray[np.bool_], Numbers]:
    """Whether each field of the current window is as in each of the windows, and the effect that is not beyond it.

    bool[W, F] and float64[W, F].
    """
    roots, rows = scale.roots(windows, np.broadcast_to(current.counts, windows.shape))
    window_rows = rows.max(axis=1, initial=0.0)
    points = np.array([calibration.limits(float(each), share)[0] for each in window_rows])[:, np.newaxis]
    alike = np.asarray(calibration.standardised(roots, window_rows) < points, dtype=np.bool_)
    by_chance = calibration.root(np.broadcast_to(points, roots.shape), window_rows)
    return alike, _effects(*scale.roots(baseline.counts, windows)) + _effects(by_chance, rows)


def _effects(roots: Numbers, rows: Numbers) -> Numbers:
    """Roots as sizes of a change, which do not grow with the rows."""
    return np.maximum(roots, 0.0) / np.sqrt(np.maximum(rows, 1.0))
