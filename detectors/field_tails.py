"""How often a field's deviate is as high by chance: the upper tails of many fields, each as a few points."""

import numpy as np

from detectors.tails import tail_of
from detectors.window_scores import Numbers

# The shares of windows that lie beyond the points that are kept.
SHARES = np.array([0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001])
# Up to here a point is a quantile of what was observed; further out see ``tails``.
_QUANTILES = 0.25


def tail_points(deviates: Numbers) -> Numbers:
    """The points that the ``SHARES`` of each field's deviates (float64[W, F]) exceed: float64[F, shares].

    Infinite for a field without a defined deviate.
    """
    return np.array([_points(column[~np.isnan(column)]) for column in deviates.T]).reshape(-1, len(SHARES))


def tail_shares(points: Numbers, deviates: Numbers) -> Numbers:
    """The share of windows that show as much by chance, float64[F], for one deviate of each field (float64[F]).

    Between the points the logarithm of the share is interpolated, beyond the last one it falls on as steeply as before
    it (exponential); below the first the share is 1. NaN where the deviate is.
    """
    return np.array([_share(own, deviate) for own, deviate in zip(points, deviates, strict=True)], dtype=np.float64)


def _points(values: Numbers) -> Numbers:
    if not len(values):
        return np.full(len(SHARES), np.inf)
    tail = tail_of(values)
    return np.array(
        [float(np.quantile(values, 1 - share)) if share > _QUANTILES else tail.point(float(share)) for share in SHARES]
    )


def _share(points: Numbers, deviate: float) -> float:
    if np.isnan(deviate):
        return float("nan")
    if deviate <= points[0]:
        return 1.0
    logs = np.log(SHARES)
    if deviate <= points[-1]:
        return float(np.exp(np.interp(deviate, np.maximum.accumulate(points), logs)))
    step = points[-1] - points[-2]
    fall = (logs[-2] - logs[-1]) / step if step > 0 else np.inf
    return float(np.exp(logs[-1] - fall * (deviate - points[-1])))
