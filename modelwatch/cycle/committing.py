"""Results, alert steps, transitions and messages of computed runs: all in one transaction, or nothing.

The transaction is fenced by the epoch of the claim. A worker that was stopped past its lease finds its runs claimed
by somebody else, and changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Engine

from alerts.body import SuspectFacts
from alerts.lifecycle import Subject, announcement, n_firing, step, subject
from alerts.messages import Changed, Context, messages_for, to_outbox
from alerts.secondary import metrics_first, rule_for
from dashboard.links import model_address
from detectors.root_cause import RootCause
from detectors.stream_drift import METHOD as STREAM_DRIFT
from detectors.worst_segment import METHOD as WORST_SEGMENT
from modelwatch.cycle.fleet_discovery import keep_payoff
from modelwatch.cycle.result_making import Judged
from modelwatch.cycle.suspects import suspects_behind
from store.alerts import add_transitions, alert_states, save_alerts
from store.deploys import deploys
from store.engine import writing
from store.monitors import channels
from store.outbox import enqueue
from store.profiles import is_counted_to
from store.records import Alert, Baseline, Model, Monitor, Result, Transition
from store.results import add_results
from store.runs import finish_runs, release_runs
from store.window_evidence import save_evidence


class SupersededError(Exception):
    """The lease on the runs was lost; somebody else computes them."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a batch of runs came to."""

    n_windows: int = 0
    n_results: int = 0
    n_fired: int = 0
    n_resolved: int = 0

    def __add__(self, other: "Committed") -> "Committed":
        return Committed(
            self.n_windows + other.n_windows,
            self.n_results + other.n_results,
            self.n_fired + other.n_fired,
            self.n_resolved + other.n_resolved,
        )


@dataclass(frozen=True, slots=True)
class Committer:
    """Commits runs of one monitor.

    ``counted_to`` are the watermarks of the baseline's binning as they were before the windows were computed: how far
    the logs were counted. ``now`` is the instant windows are judged by, ``clock`` gives wall time, from which on
    messages are due. ``new_id`` gives random message ids, ``dashboard`` is the address of the dashboard.
    """

    engine: Engine
    model: Model
    monitor: Monitor
    baseline: Baseline
    counted_to: tuple[int, int]
    dashboard: str | None
    now: datetime
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]

    def commit(self, judged: Sequence[Judged]) -> Committed:
        """Commit runs in the order of their windows; nothing at all when the lease on any of them was lost.

        Nothing either when rows were counted since they were computed, for some might be of their windows: the runs
        go back on the plan. (A row that is counted later notes the run it belongs to. One whose counting has begun
        and is not committed can have noted only the runs that were claimed by then.)
        """
        try:
            with writing(self.engine) as conn:
                if not is_counted_to(conn, self.baseline.binning_id, self.counted_to):
                    release_runs(conn, [each.run for each in judged])
                    return Committed()
                if not finish_runs(conn, [(each.run, each.n_seen) for each in judged]):
                    raise SupersededError
                states = {subject(alert): alert for alert in alert_states(conn, self.monitor.id)}
                total = Committed()
                for each in judged:
                    total += self._commit_run(conn, each, states)
                return total
        except SupersededError:
            return Committed()

    def _commit_run(self, conn: Connection, judged: Judged, states: dict[Subject, Alert]) -> Committed:
        ids = add_results(conn, self.model.id, self.monitor.id, judged.run.id, judged.results)
        save_evidence(conn, self.monitor.id, self.baseline.id, judged.evidence)
        if judged.payoff is not None:
            keep_payoff(conn, self.monitor.id, self.baseline.id, judged.payoff)
        results = [replace(result, id=result_id) for result, result_id in zip(judged.results, ids, strict=True)]
        changed = self._step(conn, judged, results, states)
        found = self._suspects(conn, changed)
        context = Context(
            definition=self.model.definition,
            monitor=self.monitor,
            baseline=self.baseline,
            deploys=deploys(conn, self.model.id) if changed else (),
            dashboard=self._page(),
            n_firing=n_firing(states.values()),
            suspects=() if found is None else [SuspectFacts(**asdict(each)) for each in found.suspects],
            cause=None if found is None else found.sentence,
        )
        messages = messages_for(changed, context, self.now)
        to = channels(conn, self.model.id) if messages else ()
        enqueue(conn, to_outbox(messages, to, self.clock(), self.new_id))
        announced = [announcement(each.change) for each in changed]
        return Committed(1, len(results), announced.count("firing"), announced.count("resolved"))

    def _suspects(self, conn: Connection, changed: Sequence[Changed]) -> RootCause | None:
        """What may be behind the alerts that begin to fire, as far as it is known now; None where none does."""
        fired = [each.result for each in changed if announcement(each.change) == "firing"]
        return suspects_behind(conn, self.model, self.baseline, fired) if fired else None

    def _page(self) -> str | None:
        """The address of the page that shows what the messages tell."""
        if self.dashboard is None:
            return None
        return model_address(self.model.name, monitor=self.monitor.name, base=self.dashboard)

    def _step(
        self,
        conn: Connection,
        judged: Judged,
        results: Sequence[Result],
        states: dict[Subject, Alert],
    ) -> list[Changed]:
        """Step the alert of every result; the alerts whose state changed."""
        touched: list[Alert] = []
        changes = []
        for result in metrics_first(each for each in results if _raises_alerts(each)):
            before = states.get(subject(result))
            spec = rule_for(result, results, states, self.monitor.spec)
            after, change = step(before, result, spec, model_id=self.model.id, monitor_id=self.monitor.id)
            if after is None or after is before:
                continue
            touched.append(after)
            states[subject(result)] = after
            if change is not None:
                changes.append((after, change, result))
        saved = {
            subject(alert): replace(alert, id=alert_id)
            for alert, alert_id in zip(touched, save_alerts(conn, touched), strict=True)
        }
        states.update(saved)
        changed = [Changed(saved[subject(alert)], change, result) for alert, change, result in changes]
        add_transitions(conn, [self._transition(judged, each) for each in changed])
        return changed

    def _transition(self, judged: Judged, changed: Changed) -> Transition:
        if changed.alert.id is None:
            raise ValueError("an alert is saved before its transitions")
        return Transition(
            alert_id=changed.alert.id,
            run_id=judged.run.id,
            from_state=changed.change.before,
            to_state=changed.change.after,
            window_end=judged.run.window_end,
            at=self.now,
        )


def _raises_alerts(result: Result) -> bool:
    """Drift of a window as a whole, and of its worst segment, says what fields say, and those have alerts of their own.
    An estimate made without labels is evidence to look at: what it rests on may have changed, and labels will tell."""
    said_by_fields = result.kind == "drift" and result.method in (STREAM_DRIFT, WORST_SEGMENT)
    return not said_by_fields and result.kind != "estimate"
