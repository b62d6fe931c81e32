"""The errors that a regression model is expected to make in windows of one monitor, before labels tell."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from detectors.error_estimation import DLE, ESTIMABLE, error_findings, estimated_error
from detectors.error_model import ErrorModel
from detectors.findings import Finding, unjudged
from detectors.metrics import metric_value
from detectors.performance import MIN_ROWS, TOLERANCE_LOSS
from detectors.performance_profile import PerformanceProfile
from detectors.profile import Profile
from detectors.trust import Comparison, Trust
from modelwatch.baseline_companions import baseline_errors
from modelwatch.cycle.window_companions import not_counted
from modelwatch.scheme import Scheme
from store.records import Baseline, Monitor

_PAST_METRIC = "mae"


class Beside(NamedTuple):
    """What is known of the judged windows beside their performance, looked up where it is needed.

    ``fields`` gives the profile of the fields of a window by its position, ``parted`` the fields that no longer go
    together as at the baseline in the last one.
    """

    fields: Callable[[int], Profile]
    parted: Callable[[], tuple[str, ...]]


class ErrorJudge:
    """Estimates errors from what the fields of a window look like; what is the same for all windows is kept."""

    def __init__(self, conn: Connection, monitor: Monitor, baseline: Baseline, scheme: Scheme) -> None:
        self._conn = conn
        self._min_rows = monitor.spec.min_rows or MIN_ROWS
        self._baseline = baseline
        self._scheme = scheme
        self._model: ErrorModel | None = None
        self._is_read = False

    def findings(
        self,
        reference: Profile,
        windows: Sequence[PerformanceProfile],
        beside: Beside,
        verdict: Callable[[Sequence[Comparison]], Trust],
    ) -> list[Finding]:
        """One finding a metric for the last of the ``windows``; ``verdict`` says whether to rely on it, given how well
        the estimates of earlier windows did."""
        model, current = self._error_model(), beside.fields(-1)
        if model is None and not current.n:
            return [self._unjudged(name, 0, "nodata", "no rows in this window") for name in ESTIMABLE]
        if model is None:
            reason = not_counted("errors", None, current.n)
            return [self._unjudged(name, current.n, "insufficient", reason) for name in ESTIMABLE]
        return error_findings(
            model,
            self._scheme.binning,
            reference,
            current,
            min_rows=self._min_rows,
            relied_on=verdict(self._past(model, windows, beside)),
        )

    def _unjudged(self, metric: str, n_rows: int, status: Literal["insufficient", "nodata"], reason: str) -> Finding:
        return unjudged("estimate", f"{DLE}_{metric}", None, self._baseline.n_rows, n_rows, status, reason)

    def _past(self, model: ErrorModel, windows: Sequence[PerformanceProfile], beside: Beside) -> list[Comparison]:
        """Earlier windows that have labels by now: what was estimated, and what was true."""
        found = []
        for position, window in enumerate(windows[:-1]):
            if window.n_labelled >= MIN_ROWS:
                estimated = estimated_error(model, self._scheme.binning, beside.fields(position), _PAST_METRIC)
                realised = metric_value(window, self._scheme.layout, _PAST_METRIC)
                found.append(Comparison(estimated, realised, TOLERANCE_LOSS * (realised.value or 0.0)))
        return found

    def _error_model(self) -> ErrorModel | None:
        if not self._is_read:
            self._model, self._is_read = baseline_errors(self._conn, self._baseline), True
        return self._model
