"""What a window is compared with, and how much each field matters to the model: what all judges need to know."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from detectors.accord import grouped_rows
from detectors.calibration_map import bin_scores, fit_calibration
from detectors.encoding import decode_profile
from detectors.importance import association
from detectors.performance_encoding import decode_performance, total_encoded_performance
from detectors.performance_profile import PerformanceProfile
from detectors.profile import Profile
from detectors.slot_sample import SlotSample
from detectors.stakes import Stakes, stakes_of
from detectors.stream_drift import KnownModel
from modelwatch.baselines import LOG_ORIGIN
from modelwatch.fields import PREDICTION, field_name
from modelwatch.scheme import Scheme, is_output
from store.baseline_importance import read_importance
from store.baselines import baseline_profile
from store.calibrations import read_sample
from store.profiles import read_profiles
from store.records import Baseline, Model

# Where an importance comes from, as severity's words have it; the third is ``field_worth.PERMUTATION``.
ASSOCIATION = "association with the outputs"
GIVEN = "the model file"


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
    return tuple(filter(is_output, scheme.binning.names))


class Importances(NamedTuple):
    """How much each field matters, from 0 to 1, and in a few words where that comes from."""

    shares: Mapping[str, float]
    sources: Mapping[str, str]


def importances(conn: Connection, model: Model, baseline: Baseline, scheme: Scheme) -> Importances:
    """What the model file says of a field, else what shuffling it cost, else how far it explains the outputs alone."""
    slots = read_sample(conn, baseline.id)
    found: dict[str, tuple[float, str]] = {}
    if slots is not None:
        sample = SlotSample.from_bytes(scheme.binning, slots)
        associated = association(scheme.binning, sample, outputs_of(scheme))
        found = {name: (share, ASSOCIATION) for name, share in associated.items()}
    found |= read_importance(conn, baseline.id)
    found |= {
        field_name(name): (spec.importance, GIVEN)
        for name, spec in model.definition.fields.items()
        if spec.importance is not None
    }
    return Importances(
        {name: share for name, (share, _) in found.items()}, {name: source for name, (_, source) in found.items()}
    )


def stakes_in(scheme: Scheme, reference: Reference) -> Stakes:
    """What the model stands to lose in a segment, as far as the labels of its baseline tell."""
    scores = bin_scores(scheme.layout, scheme.binning, reference.fields)
    calibration = fit_calibration(scheme.layout, reference.performance, scores)
    predicted = PREDICTION in scheme.binning.names
    prediction = reference.fields.field(scheme.binning, PREDICTION) if predicted else None
    return stakes_of(scheme.layout, calibration, reference.performance, prediction)


def known_model(
    conn: Connection, baseline: Baseline, scheme: Scheme, segment: str, reference: Reference, known: Importances
) -> KnownModel:
    """What severity must know of a model in one segment."""
    slots = read_sample(conn, baseline.id, segment)
    return KnownModel(
        importance=known.shares,
        sources=known.sources,
        outputs=outputs_of(scheme),
        prediction=PREDICTION if PREDICTION in scheme.binning.names else None,
        stakes=stakes_in(scheme, reference),
        rows=None if slots is None else grouped_rows(scheme.binning, SlotSample.from_bytes(scheme.binning, slots)),
    )
