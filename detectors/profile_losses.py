"""The losses of a profile's labelled rows, each from 0 to 1: what a bounded risk is made of.

Of a classifier a row loses 1 where it is wrong and 0 where it is right. Of a regression model it loses its absolute
error as a share of a bound that is fixed by the baseline, and 1 beyond it.
"""

import numpy as np

from detectors.classification_metrics import confusion_table
from detectors.loss_sums import LossSums
from detectors.performance_layout import Layout
from detectors.performance_profile import PerformanceProfile
from detectors.regression_metrics import absolute_error_bins, error_p90


def error_bound(layout: Layout, baseline: PerformanceProfile) -> float | None:
    """The absolute error that counts as a whole loss, in the units of the label: about twice what nine of ten errors
    of the baseline stay below. None where those are 0 or unknown, or the model is a classifier.

    An edge of the error bins, so that what is cut is known exactly; rounded up by a factor of 1.41 at most.
    """
    if layout.classes is not None:
        return None
    most = error_p90(baseline, layout).value
    if not most:
        return None
    edges = absolute_error_bins(baseline, layout)[1]
    # Edges are half octaves apart.
    at = int(np.searchsorted(edges, most)) + 2
    return float(edges[at]) if at < len(edges) else None


def profile_losses(layout: Layout, profile: PerformanceProfile, bound: float | None) -> LossSums:
    """The sums of a profile's losses; ``bound`` is ``error_bound`` of the baseline, and not used for classifiers.

    Rows without a label of a declared class, or without a prediction, are left out. Errors are counted in bins of half
    an octave, the geometric middle of a bin standing for its rows, on both sides of every comparison alike. ValueError
    where a regression model has no bound.
    """
    if layout.classes is not None:
        table = confusion_table(profile, layout)
        n, right = int(table.sum()), int(np.trace(table))
        return LossSums(n, float(n - right), float(n - right))
    if bound is None:
        raise ValueError("bound: a regression model needs the error that counts as a whole loss")
    rows, edges = absolute_error_bins(profile, layout)
    middles = np.concatenate([[0.0], np.sqrt(edges[1:] * edges[:-1]), [np.inf]])
    tops = np.append(edges, np.inf)
    loss = np.where(tops <= bound, middles / bound, 1.0)
    return LossSums(int(rows.sum()), float(rows @ loss), float(rows @ loss**2))
