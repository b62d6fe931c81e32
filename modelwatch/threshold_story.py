"""How the limit of a result came about, in sentences: where it is from, and what a calibrated one was drawn with."""

from datetime import timedelta

from sqlalchemy import Connection

from detectors.calibration import Calibration
from detectors.confidence import LEAST_WINDOWS, UNSURE_MARGIN
from detectors.drift_scale import DriftScale, drift_scale
from detectors.encoding import decode_profile
from detectors.findings import (
    ABOVE_HARMLESS,
    BUDGETED,
    CALIBRATED,
    FIXED,
    FROM_BASELINE,
    GIVEN,
    LOWERED,
    RAISED,
    WIDENED,
)
from detectors.joint_drift import PERMUTED
from detectors.slow_drift_finding import METHOD as SLOW_DRIFT
from detectors.stream_drift import METHOD as STREAM_DRIFT
from detectors.wording import count, number
from detectors.worst_segment import METHOD as WORST_SEGMENT
from modelwatch.calibration_payload import METHOD_VERSION, from_bytes
from modelwatch.cycle.calibrating import calibration_subject, confidence_of
from modelwatch.cycle.drift_judging import PAIR_PART, adds_up, chosen_methods, fields_share, judges_pairs
from modelwatch.cycle.risk_judging import RISK_METHODS
from modelwatch.cycle.slow_drift_judging import SHARE as SLOW_DRIFT_SHARE
from modelwatch.evidently_rows.tests_by_name import EVIDENTLYS_OWN
from modelwatch.scheme import Scheme
from store.baselines import baseline_profile, get_binning
from store.calibrations import calibration_made_at, read_calibration
from store.definitions import MonitorSpec, duration
from store.records import Baseline, Model, Result

_SOURCES = {
    FIXED: "It is fixed by the method; for a share of rows it is what is usual and an allowed rise.",
    RAISED: "It is the method's fixed limit, raised to what chance passes in one of 1,000 windows of so few rows.",
    BUDGETED: "It is the method's fixed limit, raised to what chance passes, with so few rows, in no more windows than "
    "the budget of false alarms allows.",
    ABOVE_HARMLESS: "It is calibrated, and raised above a change that lasts: labels of earlier windows showed that "
    "it does no harm; a change that goes further, or elsewhere, is told.",
    GIVEN: "The monitor in the model file states it.",
    FROM_BASELINE: "It is the baseline's value less a tolerance (for losses: plus), and better is never an alarm.",
    WIDENED: "It is the baseline's value less a tolerance (for losses: plus), widened to three standard errors: with "
    "so few labels the value scatters that much by chance.",
    PERMUTED: "It is the point that the statistic passes in few of many random splits of the same rows.",
    EVIDENTLYS_OWN: "It is the one that Evidently uses.",
}

# The same sources, where the value is another than that of a metric.
_FROM_BASELINE = {
    WORST_SEGMENT: "It is a tolerance or, where that is more, what chance passes once in 1,000 windows over all groups "
    "that are searched.",
    **dict.fromkeys(
        RISK_METHODS,
        "It is the most that the baseline's own mean loss may be, and a tolerance; better is never an alarm.",
    ),
}
_RATIOS = {
    WORST_SEGMENT: "It is 1: the segment is at its own limit.",
    STREAM_DRIFT: "It is 1: the field that is furthest beyond its limit is at it.",
}


def threshold_story(
    conn: Connection, model: Model, spec: MonitorSpec | None, baseline: Baseline | None, result: Result
) -> list[str]:
    """Sentences about the limit of a result.

    ``spec`` is that of its monitor, ``baseline`` what it was compared with; None where the store knows it no more.
    """
    if result.threshold is None:
        return ["There is no limit: " + ("all is as usual." if result.status == "ok" else "nothing was judged.")]
    if result.threshold_source not in (CALIBRATED, LOWERED):
        return [_source(result), *_little_known(result)]
    if result.method == SLOW_DRIFT:
        return [_slow(model, result.threshold)]
    lowered = (
        ["It is lower than usual, for the field was high in one of the two windows before: to be high twice is rarer."]
        if result.threshold_source == LOWERED
        else []
    )
    if spec is None or baseline is None:
        return ["It was calibrated to the budget of false alarms; its monitor or baseline is gone.", *lowered]
    return [*_calibrated(conn, model, spec, baseline, result.segment or ""), *lowered]


def _slow(model: Model, threshold: float) -> str:
    budget = model.definition.false_alarms_per_month
    return (
        f"It is calibrated: {number(100 * SLOW_DRIFT_SHARE)} % of the budget of {number(budget)} "
        f"{'false alarm' if budget == 1 else 'false alarms'} a month is for slow drift. Where nothing changes, "
        f"evidence comes so far once in {10**threshold - 1:,.0f} windows at most; how much windows scatter by "
        "themselves was learnt from the baseline's own stretches."
    )


def _source(result: Result) -> str:
    source = result.threshold_source or ""
    if result.kind == "drift" and result.method in _RATIOS:
        return _RATIOS[result.method]
    if source in (FROM_BASELINE, WIDENED) and result.method in _FROM_BASELINE:
        return _FROM_BASELINE[result.method]
    return _SOURCES.get(source, f"Its source is {source or 'not recorded'}.")


def _little_known(result: Result) -> list[str]:
    if result.confidence != "low":
        return []
    if result.threshold_source == FIXED and result.kind == "quality":
        seen = f"the baseline has seen under {LEAST_WINDOWS} windows, or less than a season"
        return [f"Confidence is low: {seen}, so a quarter is added to the allowed rise of what it has not seen."]
    return ["Confidence is low."]


def _calibrated(conn: Connection, model: Model, spec: MonitorSpec, baseline: Baseline, segment: str) -> list[str]:
    scheme = Scheme.from_bytes(get_binning(conn, baseline.binning_id).payload)
    budget = model.definition.false_alarms_per_month
    share = fields_share(model, scheme, spec, segment)
    alarms = "false alarm" if budget == 1 else "false alarms"
    budgeted = (
        f"It is calibrated to a budget of {number(budget)} {alarms} a month for the model. This window may have its "
        f"part of that, a chance of {number(100 * share)} % over all its fields when nothing has changed: half "
        "for a field that is high once, the other for one that is high twice in three windows."
        f"{_kept_for(spec, scheme)}"
    )
    sums = baseline_profile(conn, baseline.id, segment)
    if sums is None:
        return [budgeted]
    reference = decode_profile(scheme.binning, sums.fields)
    scale = drift_scale(scheme.binning, reference, chosen_methods(spec.method), spec.fields)
    length = duration(spec.window)
    subject = calibration_subject(model, length, scale)
    stored = read_calibration(conn, baseline.id, segment, subject)
    found = None if stored is None else from_bytes(stored.payload)
    if stored is None or found is None:
        return [
            budgeted,
            "What it was drawn with is not stored for the monitor as it is now: the model file has changed.",
        ]
    made = calibration_made_at(conn, baseline.id, segment, subject)
    when = "" if made is None else f" on {made:%Y-%m-%d %H:%M} UTC"
    return [
        budgeted,
        _drawn(found, scale, stored.seed, when),
        _blocks(found, scale),
        _confidence(found, baseline, length),
    ]


def _kept_for(spec: MonitorSpec, scheme: Scheme) -> str:
    """What of the budget is not for single fields in single windows."""
    parts = {SLOW_DRIFT_SHARE: "slow drift"} if adds_up(spec) else {}
    if judges_pairs(spec, scheme.binning):
        parts[PAIR_PART] = "pairs of fields"
    told = " and ".join(f"{number(100 * part)} % for {what}" for part, what in parts.items())
    return f" Of the budget, {told} are set aside." if told else ""


def _drawn(found: Calibration, scale: DriftScale, seed: int, when: str) -> str:
    sizes = [int(chance.rows) for chance in found.chances]
    return (
        f"Chance was learnt{when} from {found.chances[0].once.n:,} windows for each of {len(sizes)} sizes "
        f"({sizes[0]:,} to {sizes[-1]:,} rows), resampled from the baseline's rows over "
        f"{count(len(scale.fields), 'field', 'fields')} together, with seed {seed}, by version {METHOD_VERSION} of the "
        "method: the same seed gives the same limits."
    )


def _blocks(found: Calibration, scale: DriftScale) -> str:
    if not found.blocks.n:
        return "The baseline has no stretches as long as a window, so only chance was looked at."
    moving = [name for name, centre in zip(scale.fields, found.blocks.centre, strict=True) if centre != 0]
    stretches = count(found.blocks.n, "stretch", "stretches")
    if found.blocks.once is None:
        return f"{stretches} of the baseline, each as long as a window, differ no more than chance allows."
    which = f" ({', '.join(map(repr, moving[:3]))}{' and more' if len(moving) > 3 else ''})" if moving else ""
    return (
        f"{stretches} of the baseline, each as long as a window, differ more than chance allows{which}: the stricter "
        "of both points is the limit."
    )


def _confidence(found: Calibration, baseline: Baseline, length: timedelta) -> str:
    if confidence_of(found.blocks.n, baseline, length) == "normal":
        return "Confidence is normal."
    raised = f"so the limit is {number(UNSURE_MARGIN)} times that."
    if found.blocks.n < LEAST_WINDOWS:
        return (
            f"Confidence is low: the baseline has {found.blocks.n} windows, and under {LEAST_WINDOWS} nobody knows how "
            f"much the stream moves by itself, {raised}"
        )
    return f"Confidence is low: the baseline is shorter than a season, and its stream may move more, {raised}"
