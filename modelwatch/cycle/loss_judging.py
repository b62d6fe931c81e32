"""In which part of the stream the model got worse: windows of one monitor, from what it lost by group."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from detectors.findings import Finding, unjudged
from detectors.group_losses import GroupLosses, decode_losses, no_losses, total_losses
from detectors.worst_segment import METHOD, MIN_ROWS, Loss, worst_segment_finding
from modelwatch.baselines import LOG_ORIGIN
from modelwatch.losses import LOSSES, searched_groups
from modelwatch.scheme import Scheme
from store.companions import read_baseline_companion, read_companions
from store.definitions import MonitorSpec
from store.records import Baseline, Run

_BY_EARLIER = "were counted by an earlier release, without their groups"


class LossJudge:
    """Finds the worst part of windows of one monitor; what the baseline lost is read once.

    All versions of the model are looked at together, against the baseline in force.
    """

    def __init__(self, conn: Connection, spec: MonitorSpec, baseline: Baseline, scheme: Scheme) -> None:
        self._conn = conn
        self._spec = spec
        self._baseline = baseline
        self._groups = searched_groups(scheme)
        self._loss: Loss = "absolute error" if scheme.layout.classes is None else "error"
        self._before: GroupLosses | None = None
        self._is_read = False

    def finding(self, run: Run, n_rows: int, n_labelled: int, n_baseline: int) -> Finding:
        """``n_labelled`` and ``n_baseline`` are the labelled rows of the window and of the baseline."""
        if not self._is_read:
            self._before, self._is_read = self._of_baseline(), True
        current = self._between(run.window_start, run.window_end)
        reason = ""
        if n_baseline and self._before is None:
            reason = f"the labels of the baseline {_BY_EARLIER}: set it again with modelwatch baseline"
        elif n_labelled and current is None:
            reason = f"the labels of this window {_BY_EARLIER}"
        if reason:
            return unjudged("performance", METHOD, None, n_baseline, n_labelled, "insufficient", reason)
        none = no_losses(self._groups)
        least = self._spec.min_rows or MIN_ROWS
        return worst_segment_finding(
            self._groups, self._before or none, current or none, n_rows, loss=self._loss, min_rows=least
        )

    def _of_baseline(self) -> GroupLosses | None:
        baseline = self._baseline
        if baseline.origin.startswith(LOG_ORIGIN) and baseline.start and baseline.end:
            # The labels of a baseline that was made of the log come when they come.
            return self._between(baseline.start, baseline.end)
        kept = read_baseline_companion(self._conn, baseline.id, LOSSES)
        return self._total([] if kept is None else [kept])

    def _between(self, start: datetime, end: datetime) -> GroupLosses | None:
        hours = read_companions(self._conn, self._baseline.binning_id, LOSSES, start, end)
        return self._total([hour.payload for hour in hours])

    def _total(self, payloads: Sequence[bytes]) -> GroupLosses | None:
        """None where nothing was kept."""
        if not payloads:
            return None
        return total_losses(self._groups, (decode_losses(self._groups, payload) for payload in payloads))
