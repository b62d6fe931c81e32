"""Drift of windows of one monitor by a method that compares rows: some of the log with some of the baseline."""

from collections.abc import Sequence

from sqlalchemy import Engine

from detectors.findings import Finding, unjudged
from modelwatch.evidently_rows.process import Limits
from modelwatch.row_comparison import row_based_findings
from modelwatch.row_samples import seed_of
from modelwatch.scheme import Scheme
from modelwatch.segment_names import values_in
from modelwatch.window_rows import kept_rows, window_rows
from store.records import Baseline, Monitor, Run

# A lease must outlast all windows of a batch, and a test in a process of its own may take its whole time.
BATCH_RUNS = 5
SECONDS = 100


class RowJudge:
    """Compares rows of windows of one monitor."""

    def __init__(self, engine: Engine, monitor: Monitor, baseline: Baseline, scheme: Scheme) -> None:
        self._engine = engine
        self._spec = monitor.spec
        self._baseline = baseline
        self._binning = scheme.binning

    def findings(self, run: Run, segment: str, n_rows: int) -> Sequence[Finding]:
        """One finding of the window as a whole, or one for each field, by the method; ``n_rows`` are in the window."""
        method = str(self._spec.method)
        baseline = self._baseline
        if not n_rows:
            return [unjudged("drift", method, None, baseline.n_rows, 0, "nodata", "no rows in this window")]
        if segment and values_in(segment, self._binning.names) is None:
            reason = "rows of pairs of values that are counted together are not sampled"
            return [unjudged("drift", method, None, baseline.n_rows, n_rows, "insufficient", reason)]
        with self._engine.connect() as conn:
            kept = kept_rows(conn, baseline, segment)
            if kept is None:
                reason = "no rows were kept of this baseline: set it again with modelwatch baseline"
                return [unjudged("drift", method, None, baseline.n_rows, n_rows, "insufficient", reason)]
            current = window_rows(conn, baseline, kept, self._binning, run.window_start, run.window_end, segment)
        # The connection is given back before the comparison, which may take minutes.
        return row_based_findings(
            kept,
            current,
            method,
            seed=seed_of(f"{baseline.content_hash} {run.window_end} {segment}"),
            threshold=self._spec.threshold,
            min_rows=self._spec.min_rows,
            fields=self._spec.fields,
            limits=Limits(seconds=SECONDS),
        )
