"""What findings amount to once it is known of which window, monitor and baseline they are: results."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from detectors.findings import Finding
from modelwatch.cycle.moving_baselines import Compared
from store.records import Baseline, Evidence, Model, Monitor, Payoff, Result, Run


class Judged(NamedTuple):
    """A computed run: its results, how many rows (labelled ones for performance) it has seen, and what it adds to
    evidence that grows over windows; drift of the month so far as a test of the fleet, where one is made."""

    run: Run
    results: list[Result]
    n_seen: int
    evidence: list[Evidence]
    payoff: Payoff | None = None


@dataclass(frozen=True, slots=True)
class ResultMaker:
    """Makes the results of one monitor against a baseline, computed at one instant."""

    model: Model
    monitor: Monitor
    baseline: Baseline
    now: datetime

    def result(
        self, run: Run, segment: str, version: str | None, finding: Finding, compared: Compared | None
    ) -> Result:
        """The result of a finding on a segment, most of whose rows ``version`` served.

        ``compared`` is what the window is compared with where that moves with it.
        """
        return Result(
            model=self.model.name,
            version=version,
            monitor=self.monitor.name,
            kind=finding.kind,
            method=finding.method,
            field=finding.field,
            segment=segment or None,
            window_start=run.window_start,
            window_end=run.window_end,
            n_baseline=finding.n_baseline,
            n_current=finding.n_current,
            value=finding.value,
            threshold=finding.threshold,
            threshold_source=finding.threshold_source,
            p_value=finding.p_value,
            effect=finding.effect,
            severity=finding.severity,
            severity_score=finding.severity_score,
            confidence=finding.confidence,
            status=finding.status,
            reason=finding.reason,
            baseline=_lineage(self.baseline, compared),
            computed_at=self.now,
            revision=run.revision,
            interval_low=finding.interval_low,
            interval_high=finding.interval_high,
        )

    def failed(self, run: Run, reason: str) -> Judged:
        """The result of a run that could not be computed, whatever was tried: status ``error``, with the reason."""
        result = Result(
            model=self.model.name,
            version=None,
            monitor=self.monitor.name,
            kind=self.monitor.spec.kind,
            method=self.monitor.spec.kind,
            field=None,
            segment=None,
            window_start=run.window_start,
            window_end=run.window_end,
            n_baseline=self.baseline.n_rows,
            n_current=0,
            value=None,
            threshold=None,
            threshold_source=None,
            p_value=None,
            effect=None,
            severity="none",
            severity_score=None,
            confidence=None,
            status="error",
            reason=reason,
            baseline=_lineage(self.baseline, None),
            computed_at=self.now,
            revision=run.revision,
        )
        return Judged(run, [result], 0, [])


def _lineage(baseline: Baseline, compared: Compared | None) -> str:
    """The baseline in force, by its number and the start of its content hash, and what moves with the window."""
    name = f"{baseline.id}:{baseline.content_hash[:12]}"
    return name if compared is None else f"{name} {compared.lineage}"
