"""Whether pairs of fields still go together as at the baseline, in windows of one monitor."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection

from detectors.comoments import CoMoments
from detectors.correlation import METHOD, AboutFields, correlation_finding, moved_by_themselves, parted_fields
from detectors.findings import Finding, unjudged
from detectors.importance import IMPORTANT
from detectors.pair_changes import MIN_ROWS, pair_changes
from detectors.pair_scatter import PairScatter
from modelwatch.baseline_companions import baseline_pairs
from modelwatch.companions import n_ordered_fields
from modelwatch.cycle.calibrating import confidence_of
from modelwatch.cycle.references import importances, outputs_of
from modelwatch.cycle.window_companions import Hours, not_counted, pairs_of
from modelwatch.scheme import Scheme
from store.definitions import duration
from store.records import Baseline, Model, Monitor


class PairJudge:
    """Judges the pairs of fields of the whole stream; what is the same for all windows is kept."""

    def __init__(self, conn: Connection, model: Model, monitor: Monitor, baseline: Baseline, scheme: Scheme) -> None:
        self._conn = conn
        self._model = model
        self._spec = monitor.spec
        self._baseline = baseline
        self._scheme = scheme
        self._known: tuple[PairScatter, CoMoments] | None = None
        self._is_read = False
        self._important: frozenset[str] | None = None

    def finding(
        self,
        window: Hours,
        compared: Hours | None,
        beside: Sequence[Finding],
        chance: float,
        harmless: Callable[[], Sequence[Hours]] = tuple,
    ) -> Finding:
        """The change of correlation between a window and what it is ``compared`` with (None: the baseline).

        ``beside`` are the findings on single fields in the same window. ``chance`` is the probability of a false alarm
        that the window may have. ``harmless`` are earlier windows that labels showed to be so, asked for where a pair
        passes its limit.
        """
        n_rows = sum(hour.n_rows for hour in window)
        if not n_rows:
            return unjudged("drift", METHOD, None, self._baseline.n_rows, 0, "nodata", "no rows in this window")
        known = self._at_baseline()
        current = self._total(window)
        missing = not_counted("correlations", current.n_rows if known else None, n_rows)
        if missing or known is None:
            return unjudged("drift", METHOD, None, self._baseline.n_rows, n_rows, "insufficient", missing)
        scatter, before = known
        chosen = self._chosen(scatter)
        judged = partial(
            correlation_finding,
            scatter.of(chosen),
            (before if compared is None else self._total(compared)).of(chosen),
            current.of(chosen),
            threshold=self._spec.threshold if self._spec.method == METHOD else None,
            min_rows=self._spec.min_rows or MIN_ROWS,
            chance=chance,
            confidence=confidence_of(scatter.n_stretches, self._baseline, duration(self._spec.window)),
            about=self._about(scatter, beside),
        )
        found = judged()
        if compared is not None or found.status not in ("warning", "critical"):
            return found
        return judged(harmless=[self._total(hours).of(chosen) for hours in harmless()])

    def parted(self, window: Hours) -> tuple[str, ...]:
        """Fields that go together no longer as at the baseline in a window; none where that is not known."""
        known = self._at_baseline()
        if known is None:
            return ()
        scatter, before = known
        changes = pair_changes(scatter, before, self._total(window))
        important = self._important_fields()
        return parted_fields([each for each in changes if important is None or each.fields & important])

    def _at_baseline(self) -> tuple[PairScatter, CoMoments] | None:
        if not self._is_read:
            self._known, self._is_read = baseline_pairs(self._conn, self._baseline), True
        return self._known

    def _total(self, hours: Hours) -> CoMoments:
        return pairs_of(self._conn, self._baseline, self._scheme.binning, hours)

    def _chosen(self, scatter: PairScatter) -> list[int]:
        """The positions of the fields that the monitor watches."""
        watched = self._spec.fields
        return [at for at, name in enumerate(scatter.fields) if watched is None or name in watched]

    def _about(self, scatter: PairScatter, beside: Sequence[Finding]) -> AboutFields:
        left_out = n_ordered_fields(self._scheme.binning) - len(scatter.fields)
        return AboutFields(moved_by_themselves(beside), self._important_fields(), 0 if self._spec.fields else left_out)

    def _important_fields(self) -> frozenset[str] | None:
        if self._important is None:
            known = importances(self._conn, self._model, self._baseline, self._scheme).shares
            if not known:
                return None
            matter = (name for name, share in known.items() if share >= IMPORTANT)
            self._important = frozenset((*matter, *outputs_of(self._scheme)))
        return self._important
