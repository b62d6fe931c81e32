"""Did two fields change their relation? The correlation of each pair in a window, against the baseline's.

Two features that were swapped keep every distribution of a single field; what they have to do with a third one changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.comoments import CoMoments
from detectors.findings import (
    ABOVE_HARMLESS,
    BUDGETED,
    FIXED,
    GIVEN,
    RAISED,
    Confidence,
    Finding,
    Status,
    unjudged,
)
from detectors.lasting_pairs import above_harmless
from detectors.noise import CHANCE
from detectors.pair_changes import FIXED_THRESHOLD, MIN_ROWS, PairChange, pair_changes
from detectors.pair_scatter import PairScatter
from detectors.wording import count, name

METHOD = "correlation"
NAMED_PAIRS = 3


@dataclass(frozen=True, slots=True)
class AboutFields:
    """What else is known of the fields: a change of correlation is critical where it is the only sign of harm.

    ``changed`` are fields that drifted or broke themselves in the window, which explains their pairs. ``important`` are
    those that matter to the model (None: nobody knows, so all may). ``left_out`` fields are more than are paired.
    """

    changed: frozenset[str] = frozenset()
    important: frozenset[str] | None = None
    left_out: int = 0

    def alarming(self, change: PairChange) -> bool:
        matters = self.important is None or bool(change.fields & self.important)
        return matters and not change.fields & self.changed


NOTHING_KNOWN = AboutFields()


def moved_by_themselves(findings: Iterable[Finding]) -> frozenset[str]:
    """The fields that drifted in the window; a drift that is known to do no harm explains their pairs as well."""
    return frozenset(
        each.field
        for each in findings
        if each.field and (each.status in ("warning", "critical") or each.threshold_source == ABOVE_HARMLESS)
    )


def correlation_finding(
    scatter: PairScatter,
    baseline: CoMoments,
    current: CoMoments,
    *,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
    chance: float | None = None,
    confidence: Confidence = "normal",
    about: AboutFields = NOTHING_KNOWN,
    harmless: Sequence[CoMoments] = (),
) -> Finding:
    """The change of correlation of the pair of fields that changed most against its limit, of the whole model.

    Pearson's correlation of coarse ranks (about Spearman's), pairwise over the rows where both fields are present.
    Correlations are compared on Fisher's scale, artanh r, with the standard error that the baseline's rows and its
    stretches give, and Student's distribution where few stretches tell it. The limit is .1, raised to the change that
    any of all pairs reaches with probability ``chance`` in a window, what a budget leaves to it (None: once in 1,000
    windows; Bonferroni), further where ``confidence`` in how the stream moves is low, and above what pairs did in
    windows that labels showed to be ``harmless``. Critical where a pair is at twice its limit and nothing in ``about``
    speaks against it. The value is the size of the change, the effect has its sign, the p-value is that of the pair
    times the number of pairs.

    Insufficient where no pair can be compared; see ``pair_changes``.
    """
    n_baseline, n = baseline.n_rows, current.n_rows
    if not n:
        return unjudged("drift", METHOD, None, n_baseline, 0, "nodata", "no rows in this window")
    if baseline.n_fields < 2:
        reason = "fewer than two fields have values in order that vary at the baseline"
        return unjudged("drift", METHOD, None, n_baseline, n, "insufficient", reason)
    share = CHANCE if chance is None else chance
    changes = pair_changes(scatter, baseline, current, min_rows=min_rows, chance=share, confidence=confidence)
    if harmless and threshold is None:
        changes = above_harmless(changes, scatter, baseline, harmless, current, chance=share, confidence=confidence)
    if not changes:
        reason = f"no two fields vary together in enough rows to be compared, at least {min_rows:,} are needed"
        return unjudged("drift", METHOD, None, n_baseline, n, "insufficient", reason)
    top = changes[0] if threshold is None else max(changes, key=lambda change: abs(change.change))
    limit, source = _limit(top, chance) if threshold is None else (threshold, GIVEN)
    return Finding(
        kind="drift",
        method=METHOD,
        field=None,
        value=abs(top.change),
        threshold=limit,
        threshold_source=source,
        p_value=min(1.0, len(changes) * top.p_value),
        effect=top.change,
        n_baseline=top.n_baseline,
        n_current=top.n_current,
        status=_status(changes, top, limit, about, given=threshold is not None),
        reason=_words(changes, top, limit if threshold is not None else FIXED_THRESHOLD, about),
        confidence="low" if source in (RAISED, BUDGETED) else confidence,
    )


def parted_fields(changes: Sequence[PairChange]) -> tuple[str, ...]:
    """The two fields whose correlation changed most beyond its limit; none where no pair's did."""
    if not changes or not changes[0].beyond(FIXED_THRESHOLD):
        return ()
    return changes[0].first, changes[0].second


def _limit(top: PairChange, chance: float | None) -> tuple[float, str]:
    if top.by_chance <= FIXED_THRESHOLD:
        return FIXED_THRESHOLD, FIXED
    if top.known:
        return top.by_chance, ABOVE_HARMLESS
    return top.by_chance, RAISED if chance is None else BUDGETED


def _status(changes: Sequence[PairChange], top: PairChange, limit: float, about: AboutFields, *, given: bool) -> Status:
    if abs(top.change) < limit:
        return "ok"
    if given:
        return "critical" if abs(top.change) >= 2 * limit and about.alarming(top) else "warning"
    far = (change for change in changes if change.times_limit >= 2)
    return "critical" if any(map(about.alarming, far)) else "warning"


def _words(changes: Sequence[PairChange], top: PairChange, least: float, about: AboutFields) -> str:
    """``least`` is how much a change must be to be named beside the first, if chance does not reach further."""
    words = f"correlation of {_pair(top)}, the largest change of {len(changes):,} pairs"
    others = [each for each in changes if each != top and each.beyond(least)]
    if top.beyond(least) and others:
        shown = ", ".join(_pair(each) for each in others[: NAMED_PAIRS - 1])
        rest = len(others) - NAMED_PAIRS + 1
        words += f"; also of {shown}" + (f" and {rest:,} more" if rest > 0 else "")
    if n_known := sum(change.known for change in changes):
        words += f"; {count(n_known, 'change lasts', 'changes last')} since windows that labels showed to be harmless"
    if about.left_out:
        words += f"; {count(about.left_out, 'more field is', 'more fields are')} not paired"
    return words


def _pair(change: PairChange) -> str:
    return f"{name(change.first)} and {name(change.second)} {change.before:.2f} -> {change.now:.2f}"
