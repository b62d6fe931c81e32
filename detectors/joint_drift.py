"""Did the fields change together? One finding for the whole window, from its rows, though no single field may move."""

from collections.abc import Callable, Mapping

from detectors.columns import Column
from detectors.domain_classifier import DomainClassifierResult, domain_classifier
from detectors.findings import FIXED, GIVEN, RAISED, Finding, Status, unjudged
from detectors.mmd import mmd
from detectors.wording import count, name, number

MIN_ROWS = 200
# Where the limit of MMD comes from: it has no value that is large by custom.
PERMUTED = "permutations"
# A classifier that is right in 55 of 100 pairs.
AUC_LIMIT = 0.55
_NAMED_FIELDS = 3
_LEAST_DROP = 0.005

Columns = Mapping[str, Column]


def joint_drift_finding(
    method: str,
    baseline: Columns,
    current: Columns,
    *,
    seed: int,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
) -> Finding:
    """Compare the rows of two samples, over the fields of ``baseline``, by ``mmd`` or ``domain_classifier``.

    A value at the limit is a warning. It is critical at twice the limit; for the classifier, whose value begins at .5,
    at twice the limit's distance from there. Without a ``threshold`` the classifier's limit is .55, raised to what
    chance passes once in 1,000 windows, and that of MMD the value that one in 1,000 permutations passes. The effect
    of MMD is its square root, that of the classifier the AUC less .5. Under ``min_rows`` rows on either side the
    finding is insufficient. ValueError where there is no such method, or ``current`` lacks a field.
    """
    if method not in JOINT_METHODS:
        raise ValueError(f"method {method!r} is not known: use one of {', '.join(JOINT_METHODS)}")
    n_baseline, n_current = _n_rows(baseline), _n_rows(current)
    if not n_current:
        return unjudged("drift", method, None, n_baseline, 0, "nodata", "no rows in this window")
    for n_rows, side in ((n_baseline, "the baseline's sample"), (n_current, "the window")):
        if n_rows < max(min_rows, 1):
            few = f"{side} has {count(n_rows, 'row', 'rows')}, at least {max(min_rows, 1):,} are needed"
            return unjudged("drift", method, None, n_baseline, n_current, "insufficient", few)
    return JOINT_METHODS[method](baseline, current, seed, threshold)


def _mmd(baseline: Columns, current: Columns, seed: int, threshold: float | None) -> Finding:
    found = mmd(baseline, current, seed=seed)
    if found.value is None or found.limit is None:
        return unjudged("drift", "mmd", None, found.n_baseline, found.n_current, "insufficient", found.reason)
    limit = found.limit if threshold is None else threshold
    return Finding(
        kind="drift",
        method="mmd",
        field=None,
        value=found.value,
        threshold=limit,
        threshold_source=PERMUTED if threshold is None else GIVEN,
        p_value=found.p_value,
        effect=max(found.value, 0.0) ** 0.5,
        n_baseline=found.n_baseline,
        n_current=found.n_current,
        status=_status(found.value, limit, 2 * limit),
        reason=f"squared discrepancy {number(found.value)} of whole rows; {number(found.limit)} by chance",
        confidence="normal",
    )


def _domain_classifier(baseline: Columns, current: Columns, seed: int, threshold: float | None) -> Finding:
    found = domain_classifier(baseline, current, seed=seed)
    if found.value is None or found.limit is None:
        rows = found.n_baseline, found.n_current
        return unjudged("drift", "domain_classifier", None, *rows, "insufficient", found.reason)
    raised = found.limit > AUC_LIMIT
    limit = max(found.limit, AUC_LIMIT) if threshold is None else threshold
    return Finding(
        kind="drift",
        method="domain_classifier",
        field=None,
        value=found.value,
        threshold=limit,
        threshold_source=GIVEN if threshold is not None else RAISED if raised else FIXED,
        p_value=found.p_value,
        effect=found.value - 0.5,
        n_baseline=found.n_baseline,
        n_current=found.n_current,
        status=_status(found.value, limit, 2 * limit - 0.5),
        reason=_telling(found),
        confidence="low" if raised and threshold is None else "normal",
    )


def _telling(found: DomainClassifierResult) -> str:
    """What the classifier made of it, and which fields told it most."""
    area = f"a classifier tells the window from the baseline with ROC AUC {number(found.value or 0.0)}"
    interval = f"{area} ({number(found.low or 0.0)} to {number(found.high or 0.0)})"
    named = [f"{name(each.field)} ({number(each.drop)})" for each in found.fields if each.drop >= _LEAST_DROP]
    return f"{interval}, mostly by {', '.join(named[:_NAMED_FIELDS])}" if named else interval


def _status(value: float, limit: float, critical: float) -> Status:
    if value < limit:
        return "ok"
    return "critical" if value >= critical else "warning"


def _n_rows(columns: Columns) -> int:
    return len(next(iter(columns.values()))) if columns else 0


JOINT_METHODS: Mapping[str, Callable[[Columns, Columns, int, float | None], Finding]] = {
    "domain_classifier": _domain_classifier,
    "mmd": _mmd,
}
