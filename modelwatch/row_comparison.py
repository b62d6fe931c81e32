"""Methods that compare rows, by the name a monitor gives them: the one door to joint drift and to Evidently's tests."""

from collections.abc import Sequence

from detectors.findings import Finding
from detectors.joint_drift import JOINT_METHODS, joint_drift_finding
from detectors.joint_drift import MIN_ROWS as JOINT_MIN_ROWS
from modelwatch.evidently_rows.process import Limits
from modelwatch.evidently_rows.tests_by_name import MIN_ROWS, evidently_findings
from modelwatch.row_samples import RowSample
from store.row_methods import EVIDENTLY_PREFIX, is_row_based, wrong_row_method


def row_based_findings(
    baseline: RowSample,
    current: RowSample,
    method: str,
    *,
    seed: int,
    threshold: float | None = None,
    min_rows: int | None = None,
    fields: Sequence[str] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> list[Finding]:
    """The findings of a row-based method on the sampled rows of a window.

    ``mmd`` and ``domain_classifier`` give one finding for the whole window (its field is None), a test of Evidently
    one for each field of a kind that it is for. ``fields`` are those to look at, all of the baseline by default.
    ``seed`` fixes what is drawn at random; ``limits`` bound Evidently's process. ValueError names a method or field
    that is unknown. What goes wrong in Evidently is a finding with the status ``error``.
    """
    if not is_row_based(method) or wrong_row_method(method):
        raise ValueError(wrong_row_method(method) or f"method {method!r} compares sums, not rows")
    names = list(baseline.kinds) if fields is None else list(fields)
    unknown = [name for name in names if name not in baseline.kinds]
    if unknown:
        raise ValueError(f"field {unknown[0]!r} is not in the baseline: it has {', '.join(baseline.kinds)}")
    before, now = baseline.of_fields(names), current.of_fields(names)
    if method in JOINT_METHODS:
        least = min_rows or JOINT_MIN_ROWS
        return [
            joint_drift_finding(method, before.columns, now.columns, seed=seed, threshold=threshold, min_rows=least)
        ]
    test = method.removeprefix(EVIDENTLY_PREFIX)
    return evidently_findings(before, now, test, threshold=threshold, min_rows=min_rows or MIN_ROWS, limits=limits)
