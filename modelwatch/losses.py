"""What a model lost in parts of its stream: where it is kept, and which parts there are."""

from detectors.group_losses import LossGroups, loss_groups
from modelwatch.scheme import Scheme, is_output

# What these sums are called beside the profiles of hours and of baselines.
LOSSES = "losses"


def searched_groups(scheme: Scheme) -> LossGroups:
    """The coarse groups of all features; a model's own answers are not looked at, for they go with its errors."""
    answers = list(filter(is_output, scheme.binning.names))
    return loss_groups(scheme.binning, left_out=answers)
