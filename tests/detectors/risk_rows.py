"""Sums for the risk, computed from rows."""

import numpy as np
from numpy.typing import ArrayLike

from detectors.risk_sums import RiskSums


def sum_risk(estimate: ArrayLike, loss: ArrayLike) -> RiskSums:
    """The sums of a batch: the estimated loss of each row, float[n], and its loss, NaN where there is no label."""
    f, y = np.asarray(estimate, dtype=np.float64), np.asarray(loss, dtype=np.float64)
    labelled = ~np.isnan(y)
    fl, yl = f[labelled], y[labelled]
    return RiskSums(
        n=len(yl),
        loss=float(yl.sum()),
        loss_squares=float(yl @ yl),
        estimate=float(fl.sum()),
        estimate_squares=float(fl @ fl),
        products=float(yl @ fl),
        rows=len(f),
        all_estimates=float(f.sum()),
        all_estimate_squares=float(f @ f),
    )
