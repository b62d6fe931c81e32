"""What a detector found: one frozen record for each method and field."""

from dataclasses import dataclass
from typing import Literal

FindingKind = Literal["drift", "quality", "performance", "estimate"]
Status = Literal["ok", "warning", "critical", "insufficient", "nodata", "error"]
Severity = Literal["none", "low", "high"]
Confidence = Literal["normal", "low"]

# Where a threshold came from.
FIXED = "fixed"
RAISED = "fixed, raised for small samples"
BUDGETED = "fixed, raised to the budget of false alarms"
GIVEN = "given"
FROM_BASELINE = "baseline"
WIDENED = "baseline, widened for small samples"
CALIBRATED = "calibrated"
LOWERED = "calibrated, lower after a high window"
ABOVE_HARMLESS = "calibrated, above a change that labels showed to be harmless"

_SEVERITY: dict[Status, Severity] = {"warning": "low", "critical": "high"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One method's verdict on one field (None: the whole model) of a window.

    ``value`` is the statistic and ``threshold`` the limit it was held against, in the same units, or None where
    there is none; ``threshold_source`` says where the limit came from. ``effect`` is the size of the change in units
    a person can read (see the method). ``n_baseline`` and ``n_current`` are the rows compared. ``reason`` is one
    sentence: what changed, or why nothing can be said.

    ``confidence`` is low where the threshold had to be raised for small samples (for a performance metric: to more
    than twice its tolerance), where a calibration rests on too little, and where nothing could be judged.
    ``severity_score`` is how much the changes of a whole window, or a break of one field, may hurt, 1 where paging
    begins; None elsewhere.
    ``interval_low`` and ``interval_high`` are the ends of the 95 % interval of ``value``, None where it has none.
    """

    kind: FindingKind
    method: str
    field: str | None
    value: float | None
    threshold: float | None
    threshold_source: str | None
    p_value: float | None
    effect: float | None
    n_baseline: int
    n_current: int
    status: Status
    reason: str
    confidence: Confidence
    severity_score: float | None = None
    interval_low: float | None = None
    interval_high: float | None = None

    @property
    def severity(self) -> Severity:
        """Warning is low, critical is high, all else none."""
        return _SEVERITY.get(self.status, "none")


def unjudged(
    kind: FindingKind,
    method: str,
    field: str | None,
    n_baseline: int,
    n_current: int,
    status: Literal["insufficient", "nodata", "error"],
    reason: str,
    value: float | None = None,
) -> Finding:
    """A finding without a verdict, and why; ``value`` where it is known all the same."""
    return Finding(kind, method, field, value, None, None, None, None, n_baseline, n_current, status, reason, "low")
