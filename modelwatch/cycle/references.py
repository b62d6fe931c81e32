"""What a window is compared with, and how much each field matters to the model: what all judges need to know."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from detectors.encoding import decode_profile
from detectors.importance import association
from detectors.performance_encoding import decode_performance, total_encoded_performance
from detectors.performance_profile import PerformanceProfile
from detectors.profile import Profile
from detectors.slot_sample import SlotSample
from modelwatch.baselines import LOG_ORIGIN
from modelwatch.fields import PREDICTION, field_name
from modelwatch.scheme import Scheme, is_score
from store.baselines import baseline_profile
from store.calibrations import read_sample
from store.profiles import read_profiles
from store.records import Baseline, Model


class Reference(NamedTuple):
    """The sums of a segment's baseline."""

    fields: Profile
    performance: PerformanceProfile

    @property
    def labelled(self) -> PerformanceProfile | None:
        """The labelled performance; None where no row has a label."""
        return self.performance if self.performance.n_labelled else None


def reference_of(conn: Connection, baseline: Baseline, scheme: Scheme, segment: str) -> Reference | None:
    """None for a segment that the baseline knows nothing of: there is nothing to compare with."""
    sums = baseline_profile(conn, baseline.id, segment)
    if sums is None:
        return None
    performance = decode_performance(scheme.layout, sums.performance)
    if baseline.origin.startswith(LOG_ORIGIN) and baseline.start and baseline.end:
        # The labels of a baseline that was made of the log come when they come.
        hours = read_profiles(conn, baseline.binning_id, baseline.start, baseline.end, segment)
        performance = total_encoded_performance(scheme.layout, [hour.performance for hour in hours])
    return Reference(decode_profile(scheme.binning, sums.fields), performance)


def outputs_of(scheme: Scheme) -> tuple[str, ...]:
    """The fields that are the model's own answers."""
    return tuple(name for name in scheme.binning.names if name == PREDICTION or is_score(name))


def importances(conn: Connection, model: Model, baseline: Baseline, scheme: Scheme) -> Mapping[str, float]:
    """How much each field matters, from 0 to 1: what the model file says, else what the baseline's rows show."""
    slots = read_sample(conn, baseline.id)
    known: Mapping[str, float] = {}
    if slots is not None:
        known = association(scheme.binning, SlotSample.from_bytes(scheme.binning, slots), outputs_of(scheme))
    given = {
        field_name(name): spec.importance
        for name, spec in model.definition.fields.items()
        if spec.importance is not None
    }
    return {**known, **given}
