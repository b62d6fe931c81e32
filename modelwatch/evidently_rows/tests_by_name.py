"""Evidently's tests by name, one field at a time, as findings."""

from collections.abc import Mapping
from typing import Any

from detectors.findings import GIVEN, Finding, Status, unjudged
from detectors.wording import count, number
from modelwatch.evidently_rows.aliasing import aliased
from modelwatch.evidently_rows.process import Failure, Limits, run
from modelwatch.row_samples import RowSample
from store.definitions import FieldKind
from store.row_methods import EVIDENTLY_CATEGORY_TESTS, EVIDENTLY_NUMERIC_TESTS, EVIDENTLY_PREFIX

MIN_ROWS = 100
# Where a limit comes from that nobody has stated.
EVIDENTLYS_OWN = "Evidently's own"
# These measure a distance. All others answer with a p-value, which falls when the distributions part.
DISTANCES = frozenset({"ed", "hellinger", "jensenshannon", "kl_div", "psi", "wasserstein"})


def evidently_findings(
    baseline: RowSample,
    current: RowSample,
    test: str,
    *,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> list[Finding]:
    """A finding for each field of a kind that the test is for, in the order of the baseline.

    The value and the verdict are Evidently's, over the values that are there; the limit is its own, or ``threshold``.
    A distance is critical at twice its limit. A p-value says nothing of size: it warns below the limit, and no more.
    Under ``min_rows`` values on either side a finding is insufficient, so is one whose field the test cannot take
    (the reason says why), and where the process fails all findings are errors with its reason.
    """
    method = f"{EVIDENTLY_PREFIX}{test}"
    names = [name for name, kind in baseline.kinds.items() if test in _offered(kind)]
    early = {name: _unjudged(method, name, baseline, current, min_rows) for name in names}
    judged = [name for name in names if early[name] is None]
    answers = _answers(baseline.of_fields(judged), current.of_fields(judged), test, threshold, limits)
    return [
        early[name] or _finding(method, name, baseline, current, answers[name], threshold is not None) for name in names
    ]


def _offered(kind: FieldKind) -> tuple[str, ...]:
    return EVIDENTLY_NUMERIC_TESTS if kind == "numeric" else EVIDENTLY_CATEGORY_TESTS


def _answers(
    baseline: RowSample, current: RowSample, test: str, threshold: float | None, limits: Limits
) -> Mapping[str, Mapping[str, Any] | Failure]:
    """What the child says of each field."""
    if not baseline.columns:
        return {}
    rows = aliased(baseline, current)
    found = run({"what": "test", "test": test, "threshold": threshold}, rows, limits)
    if isinstance(found, Failure):
        return dict.fromkeys(baseline.columns, found)
    return {rows.texts[alias]: found.values["fields"][alias] for alias in rows.fields}


def _unjudged(method: str, name: str, baseline: RowSample, current: RowSample, min_rows: int) -> Finding | None:
    n_baseline, n_current = baseline.n_present(name), current.n_present(name)
    if not current.n_rows:
        return unjudged("drift", method, name, n_baseline, 0, "nodata", "no rows in this window")
    for n_rows, side in ((n_baseline, "the baseline's sample has "), (n_current, "")):
        if n_rows < max(min_rows, 1):
            few = f"{side}{count(n_rows, 'row', 'rows')} with a value, at least {max(min_rows, 1):,} are needed"
            return unjudged("drift", method, name, n_baseline, n_current, "insufficient", few)
    return None


def _finding(
    method: str, name: str, baseline: RowSample, current: RowSample, answer: Mapping[str, Any] | Failure, given: bool
) -> Finding:
    n_baseline, n_current = baseline.n_present(name), current.n_present(name)
    if isinstance(answer, Failure):
        reason = f"Evidently gave no answer: {answer.reason}"
        return unjudged("drift", method, name, n_baseline, n_current, "error", reason)
    if "failure" in answer:
        reason = f"Evidently's test cannot take this field: {answer['failure']}"
        return unjudged("drift", method, name, n_baseline, n_current, "insufficient", reason)
    score, threshold = answer["score"], answer["threshold"]
    is_distance = method.removeprefix(EVIDENTLY_PREFIX) in DISTANCES
    what = "distance" if is_distance else "p-value"
    return Finding(
        kind="drift",
        method=method,
        field=name,
        value=score,
        threshold=threshold,
        threshold_source=GIVEN if given else EVIDENTLYS_OWN,
        p_value=None if is_distance else score,
        effect=None,
        n_baseline=n_baseline,
        n_current=n_current,
        status=_status(answer["drifted"], is_distance and score >= 2 * threshold),
        reason=f"{what} {number(score)}, drift {'from' if is_distance else 'below'} {number(threshold)}",
        confidence="normal",
    )


def _status(drifted: bool, extreme: bool) -> Status:
    if not drifted:
        return "ok"
    return "critical" if extreme else "warning"
