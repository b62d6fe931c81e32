"""The loss that is expected of every row of a classifier by its score, beside that which labels show.

The estimated loss of a row is the chance that it is wrong: 1 less the calibrated chance of the predicted class.
Everything is a function of the additive counts by label, prediction and score bin.
"""

import numpy as np
from numpy.typing import NDArray

from detectors.calibration_map import Calibration
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile
from detectors.risk_sums import RiskSums, add_risk

Rows = NDArray[np.int64]


def estimated_losses(layout: Layout, profile: PerformanceProfile, calibration: Calibration) -> RiskSums:
    """The sums over a profile's rows with a score and a predicted class; of none where ``calibration`` has no map.

    ValueError where profile or calibration is of another layout.
    """
    for fingerprint in (calibration.fingerprint, profile.fingerprint):
        if fingerprint != layout.fingerprint:
            raise ValueError("the performance profile was counted with another layout: count its rows again")
    sums = RiskSums()
    for position, of_score in enumerate(calibration.maps):
        without, with_class = profile.counts[layout.labelled_scores(position)].reshape(2, 3, -1)
        rows = profile.counts[layout.all_scores(position)].reshape(3, -1)
        chance, predicted, other = of_score.chances, Layout.PREDICTED, Layout.NOT_PREDICTED
        sums = add_risk(sums, _sums(1 - chance, without[predicted], with_class[predicted], rows[predicted]))
        if layout.task == "binary":
            # The one score speaks for the rows of the other class too.
            sums = add_risk(sums, _sums(chance, with_class[other], without[other], rows[other]))
    return sums


def _sums(estimate: NDArray[np.float64], wrong: Rows, right: Rows, rows: Rows) -> RiskSums:
    """The sums of rows by score bin: labelled ones that are wrong and right, and all."""
    labelled = wrong + right
    every = np.maximum(rows, labelled)
    return RiskSums(
        n=int(labelled.sum()),
        loss=float(wrong.sum()),
        loss_squares=float(wrong.sum()),
        estimate=float(labelled @ estimate),
        estimate_squares=float(labelled @ estimate**2),
        products=float(wrong @ estimate),
        rows=int(every.sum()),
        all_estimates=float(every @ estimate),
        all_estimate_squares=float(every @ estimate**2),
    )
