"""The errors a regression model is expected to make in a window, from its field counts and an error model (DLE)."""

import math
from collections.abc import Sequence

import numpy as np

from detectors.binning import Binning
from detectors.error_model import FOLDS, ErrorModel
from detectors.estimate_findings import RELIED_ON, Estimated, judged_estimate
from detectors.estimates import Estimate, undefined
from detectors.findings import Finding
from detectors.metrics import known_metric
from detectors.performance import MIN_ROWS
from detectors.profile import Profile
from detectors.trust import Trust

DLE = "dle"
ESTIMABLE = ("mae", "rmse")


def estimated_error(model: ErrorModel, binning: Binning, window: Profile, metric: str) -> Estimate:
    """The expected ``mae`` or ``rmse`` over all rows of a profile of the fields, labelled or not.

    Its standard error is that of the value the labels will show: errors scatter about the model as they did at the
    baseline, and the model was learnt from so many rows (jackknife over ten consecutive parts). ValueError for other
    metrics, and where the model or the profile is of another binning.
    """
    if metric not in ESTIMABLE:
        raise ValueError(f"metric {metric!r} cannot be estimated without labels: use one of {', '.join(ESTIMABLE)}")
    for fingerprint in (model.fingerprint, window.fingerprint):
        if fingerprint != binning.fingerprint:
            raise ValueError("the error model or the profile was counted with another binning: fit and count again")
    if not window.n:
        return undefined(0, "no rows")
    if model.reason:
        return undefined(window.n, model.reason)
    kind = ESTIMABLE.index(metric)
    shares = np.bincount(model.groups, weights=window.counts, minlength=model.weights.shape[2]) / window.n
    found = model.constants[kind] + model.weights[kind] @ shares
    spread = found[1:] - found[1:].mean()
    learnt = (FOLDS - 1) / FOLDS * float(spread @ spread)
    value, error = max(float(found[0]), 0.0), math.sqrt(float(model.residuals[kind]) / window.n + learnt)
    if metric == "mae":
        return Estimate(value, error, window.n)
    root = math.sqrt(value)
    return Estimate(root, error / (2 * root) if root else None, window.n)


def error_findings(
    model: ErrorModel,
    binning: Binning,
    baseline: Profile,
    current: Profile,
    *,
    metrics: Sequence[str] | None = None,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
    relied_on: Trust = RELIED_ON,
) -> list[Finding]:
    """A finding of kind ``estimate`` and method ``dle_<metric>`` for each of ``metrics`` (default MAE and RMSE).

    Judged as ``estimate_findings`` does; ``baseline`` and ``current`` are profiles of the fields. A metric of
    regression that cannot be estimated is insufficient. ValueError names one that is none.
    """
    found = []
    for name in ESTIMABLE if metrics is None else metrics:
        metric = known_metric(name, "regression")
        sides = [
            estimated_error(model, binning, each, name)
            if name in ESTIMABLE
            else undefined(0, f"{metric.title} cannot be estimated without labels")
            for each in (baseline, current)
        ]
        estimated = Estimated(metric, sides[0], sides[1])
        found.append(
            judged_estimate(
                estimated, DLE, model.n, current.n, threshold=threshold, min_rows=min_rows, relied_on=relied_on
            )
        )
    return found
