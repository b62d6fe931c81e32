"""Did the distribution of a field change? One finding for each field of a window.

Compared are the values that are there. What is missing, mistyped, not finite or of a new category is a matter of
``quality``; the rows of rare and new categories count as one category here.
"""

from collections.abc import Mapping, Sequence

from detectors.binning import Binning
from detectors.bins import CategoryBins, NumericBins
from detectors.distances import Distance, total_variation
from detectors.drift_limits import DriftLimit
from detectors.drift_methods import (
    CATEGORY_METHODS,
    DEFAULT_METHODS,
    NUMERIC_METHODS,
    FieldKind,
    Measured,
    compared_counts,
    deviation,
    kind_of,
    measure,
    moved,
)
from detectors.field_profile import FieldProfile
from detectors.findings import (
    ABOVE_HARMLESS,
    CALIBRATED,
    FIXED,
    GIVEN,
    LOWERED,
    RAISED,
    Finding,
    Status,
    unjudged,
)
from detectors.profile import Profile
from detectors.wording import count, name, number, percent

__all__ = ["DEFAULT_METHODS", "MIN_ROWS", "drift_findings", "methods_named"]

MIN_ROWS = 100

# These end at 1, so twice a raised threshold may be out of reach: half the way is critical too.
_BOUNDED = {"ks", "total_variation", "jensen_shannon"}
_BOUNDED_CRITICAL = 0.5
_AS_BEFORE = "; lasts since earlier windows, which labels showed to be harmless"


def methods_named(method: str) -> dict[FieldKind, str]:
    """The kinds of field that a method is for, each with the method: ``ks`` leaves categories to the default.

    ValueError where there is no such method.
    """
    kinds: dict[FieldKind, str] = {}
    if method in NUMERIC_METHODS:
        kinds["numeric"] = method
    if method in CATEGORY_METHODS:
        kinds |= {"categorical": method, "boolean": method}
    if not kinds:
        raise ValueError(f"method {method!r} is not known: use one of {', '.join(NUMERIC_METHODS)}")
    return kinds


def drift_findings(
    binning: Binning,
    baseline: Profile,
    current: Profile,
    *,
    methods: Mapping[FieldKind, str] | None = None,
    threshold: float | None = None,
    limits: Mapping[str, DriftLimit] | None = None,
    min_rows: int = MIN_ROWS,
    fields: Sequence[str] | None = None,
) -> list[Finding]:
    """A finding for each field, in the order of the binning (or of ``fields``, where given).

    ``methods`` names the method of each kind of field; kinds left out get KS (numeric) or total variation.
    Without a ``threshold`` the limit is that of ``limits`` (see ``drift_limits``), and where that has none the method's
    fixed one, raised to what chance alone passes once in 1,000 times at these numbers of rows. A value at the limit is
    a warning; at twice the limit, or from .5 on for methods that end at 1, it is critical. Not so with calibrated
    limits, which say that something changed and not how much: ``stream_drift`` asks about harm.
    The p-value is then the calibrated one, of the field by itself; else that of the method, where it has one.
    Under ``min_rows`` values on either side the finding is insufficient.

    The effect is the Wasserstein distance in standard deviations of the baseline for numeric fields (None where the
    baseline is constant), and the total variation for the others. ValueError names a field or method that is unknown.
    """
    chosen = {**DEFAULT_METHODS, **(methods or {})}
    unknown = set(fields or ()) - set(binning.names)
    if unknown:
        raise ValueError(f"field {sorted(unknown)[0]!r} is not in the baseline: it has {', '.join(binning.names)}")
    findings = []
    for field in binning.names if fields is None else fields:
        before, now = baseline.field(binning, field), current.field(binning, field)
        given = _given(threshold) or (limits or {}).get(field)
        findings.append(_finding(chosen[kind_of(before)], before, now, given, min_rows))
    return findings


def _given(threshold: float | None) -> DriftLimit | None:
    return None if threshold is None else DriftLimit(threshold, GIVEN, "normal")


def _finding(
    method: str, baseline: FieldProfile, current: FieldProfile, given: DriftLimit | None, min_rows: int
) -> Finding:
    field = baseline.definition.name
    n_baseline, n_current = (int(counts.sum()) for counts in compared_counts(baseline, current))
    if not current.n:
        return unjudged("drift", method, field, n_baseline, n_current, "nodata", "no rows in this window")
    reason = _too_few(n_baseline, n_current, min_rows)
    if reason:
        return unjudged("drift", method, field, n_baseline, n_current, "insufficient", reason)
    measured = measure(method, baseline, current)
    distance = measured.distance
    if distance.value is None:
        return unjudged("drift", method, field, n_baseline, n_current, "insufficient", distance.reason)
    limit = given or _fixed(measured)
    return Finding(
        kind="drift",
        method=method,
        field=field,
        value=distance.value,
        threshold=limit.value,
        threshold_source=limit.source,
        p_value=distance.p_value if limit.p_value is None else limit.p_value,
        effect=_effect(baseline, current),
        n_baseline=n_baseline,
        n_current=n_current,
        status=_status(method, distance.value, limit),
        reason=_reason(method, baseline, current, distance) + (_AS_BEFORE if limit.source == ABOVE_HARMLESS else ""),
        confidence=limit.confidence,
    )


def _too_few(n_baseline: int, n_current: int, min_rows: int) -> str:
    # At least one value is needed on either side, whatever min_rows says.
    least = max(min_rows, 1)
    if n_baseline < least:
        return f"the baseline has {count(n_baseline, 'row', 'rows')} with a value, at least {least:,} are needed"
    if n_current < least:
        return f"{count(n_current, 'row', 'rows')} with a value, at least {least:,} are needed"
    return ""


def _fixed(measured: Measured) -> DriftLimit:
    if measured.noise > measured.fixed:
        return DriftLimit(measured.noise, RAISED, "low")
    return DriftLimit(measured.fixed, FIXED, "normal")


def _status(method: str, value: float, limit: DriftLimit) -> Status:
    if value < limit.value or value == 0.0:
        return "ok"
    if limit.source in (CALIBRATED, LOWERED, ABOVE_HARMLESS):
        return "warning"
    extreme = method in _BOUNDED and value >= _BOUNDED_CRITICAL
    return "critical" if extreme or value >= 2 * limit.value else "warning"


def _effect(baseline: FieldProfile, current: FieldProfile) -> float | None:
    if kind_of(baseline) == "numeric":
        return moved(baseline, current).value
    return total_variation(*compared_counts(baseline, current)).value


def _reason(method: str, baseline: FieldProfile, current: FieldProfile, distance: Distance) -> str:
    if isinstance(baseline.definition, NumericBins):
        at = distance.location if method == "ks" and distance.value else None
        return _numeric_reason(baseline.definition, baseline, current, at)
    return _category_reason(baseline.definition, baseline, current)


def _numeric_reason(bins: NumericBins, baseline: FieldProfile, current: FieldProfile, at: int | None) -> str:
    """How the mean moved against the baseline's scatter, and where the two distributions are furthest apart."""
    before, now, scatter = baseline.mean(), current.mean(), deviation(baseline)
    if before is None or now is None:
        return "values too large to average"
    unit = f"baseline sd {number(scatter)}" if scatter else "constant at the baseline"
    sentence = f"mean {number(before)} -> {number(now)} ({unit})"
    if at is None or at >= len(bins.edges):
        return sentence
    return f"{sentence}; largest change of the distribution at {number(float(bins.edges[at]))}"


def _category_reason(bins: CategoryBins, baseline: FieldProfile, current: FieldProfile) -> str:
    """The category whose share changed most."""
    before, now = compared_counts(baseline, current)
    change = total_variation(before, now)
    if not change.value:
        return "no category changed its share"
    at = change.location or 0
    what = f"share of {name(bins.categories[at])}" if at < len(bins.categories) else "share of rare and new categories"
    return f"{what} {percent(before[at] / before.sum())} -> {percent(now[at] / now.sum())}, the largest change"
