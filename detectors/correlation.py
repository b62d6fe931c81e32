"""Did two fields change their relation? The correlation of each pair in a window, against the baseline's.

Two features that were swapped keep every distribution of a single field; what they have to do with a third one changes.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from detectors.comoments import CoMoments, correlations
from detectors.findings import ABOVE_HARMLESS, BUDGETED, FIXED, GIVEN, RAISED, Finding, Status, unjudged
from detectors.noise import CHANCE
from detectors.pair_scatter import LARGEST, PairScatter
from detectors.wording import count, name

METHOD = "correlation"
MIN_ROWS = 100
FIXED_THRESHOLD = 0.1
# The normal approximation needs this many rows for each product of the two kurtoses: few rows of a rare value do
# not make a correlation.
ROWS_PER_KURTOSIS = 5
NAMED_PAIRS = 3


@dataclass(frozen=True, slots=True)
class PairChange:
    """The correlation of two fields at the baseline and in the window, and the change that chance alone reaches.

    ``by_chance`` is the change in this direction that any of all pairs reaches by chance in one of so many windows as
    was asked for; ``z`` is the change in standard errors.
    """

    first: str
    second: str
    before: float
    now: float
    by_chance: float
    z: float
    n_baseline: int
    n_current: int

    @property
    def change(self) -> float:
        """The correlation now less that before."""
        return self.now - self.before

    @property
    def fields(self) -> frozenset[str]:
        return frozenset((self.first, self.second))

    def beyond(self, limit: float) -> bool:
        """Whether the change is beyond a limit, and beyond chance."""
        return abs(self.change) >= max(limit, self.by_chance)


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


def pair_changes(
    scatter: PairScatter,
    baseline: CoMoments,
    current: CoMoments,
    *,
    min_rows: int = MIN_ROWS,
    chance: float = CHANCE,
) -> list[PairChange]:
    """Every pair that can be compared, the most surprising change first.

    Left out are pairs with fewer than ``min_rows`` rows on either side where both are present, or fewer than
    ``ROWS_PER_KURTOSIS`` times the product of their kurtoses, and pairs with a field that is constant on either side.
    ValueError where the sums and the scatter are of different fields.
    """
    if baseline.fingerprint != current.fingerprint:
        raise ValueError("the sums of products are of different binnings: count the rows of one of them again")
    if not baseline.n_fields == current.n_fields == len(scatter.fields):
        raise ValueError(f"sums of {baseline.n_fields} and {current.n_fields} fields, scatter of {len(scatter.fields)}")
    before, now = correlations(baseline), correlations(current)
    weights = np.multiply.outer(scatter.kurtosis, scatter.kurtosis)
    least = np.fmax(max(min_rows, 4), ROWS_PER_KURTOSIS * np.where(np.isnan(weights), np.inf, weights))
    kept = np.isfinite(before) & np.isfinite(now) & (np.minimum(baseline.n, current.n) >= least)
    rows, columns = np.nonzero(np.triu(kept, 1))
    point = float(-ndtri(chance / 2 / max(len(rows), 1)))
    with np.errstate(divide="ignore"):
        errors = np.sqrt(scatter.spread(before) ** 2 * (1 / baseline.n + 1 / current.n) + scatter.wander)
    changes = [
        PairChange(
            scatter.fields[i],
            scatter.fields[j],
            float(before[i, j]),
            float(now[i, j]),
            *_by_chance(float(before[i, j]), float(now[i, j]), float(errors[i, j]), point),
            int(baseline.n[i, j]),
            int(current.n[i, j]),
        )
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    return sorted(changes, key=lambda change: -abs(change.change) / max(change.by_chance, FIXED_THRESHOLD))


def correlation_finding(
    scatter: PairScatter,
    baseline: CoMoments,
    current: CoMoments,
    *,
    threshold: float | None = None,
    min_rows: int = MIN_ROWS,
    chance: float | None = None,
    about: AboutFields = NOTHING_KNOWN,
) -> Finding:
    """The change of correlation of the pair of fields that changed most against its limit, of the whole model.

    Pearson's correlation of coarse ranks (about Spearman's), pairwise over the rows where both fields are present.
    Correlations are compared on Fisher's scale, artanh r, with the standard error that the baseline's rows and its
    stretches give. The limit is .1, raised to the change that any of all pairs reaches with probability ``chance`` in a
    window, what a budget leaves to it (None: once in 1,000 windows; Bonferroni). Critical where a pair is at twice its
    limit and nothing in ``about`` speaks against it. The value is the size of the change, the effect has its sign, the
    p-value is that of the pair times the number of pairs.

    Insufficient where no pair can be compared; see ``pair_changes``.
    """
    n_baseline, n = baseline.n_rows, current.n_rows
    if not n:
        return unjudged("drift", METHOD, None, n_baseline, 0, "nodata", "no rows in this window")
    if baseline.n_fields < 2:
        reason = "fewer than two fields have values in order that vary at the baseline"
        return unjudged("drift", METHOD, None, n_baseline, n, "insufficient", reason)
    changes = pair_changes(scatter, baseline, current, min_rows=min_rows, chance=CHANCE if chance is None else chance)
    if not changes:
        reason = f"no two fields vary together in enough rows to be compared, at least {min_rows:,} are needed"
        return unjudged("drift", METHOD, None, n_baseline, n, "insufficient", reason)
    top = changes[0] if threshold is None else max(changes, key=lambda change: abs(change.change))
    raised = top.by_chance > FIXED_THRESHOLD
    limit, source = (top.by_chance, RAISED if chance is None else BUDGETED) if raised else (FIXED_THRESHOLD, FIXED)
    if threshold is not None:
        limit, source = threshold, GIVEN
    return Finding(
        kind="drift",
        method=METHOD,
        field=None,
        value=abs(top.change),
        threshold=limit,
        threshold_source=source,
        p_value=min(1.0, 2 * len(changes) * float(ndtr(-abs(top.z)))),
        effect=top.change,
        n_baseline=top.n_baseline,
        n_current=top.n_current,
        status=_status(changes, top, limit, about, given=threshold is not None),
        reason=_words(changes, top, limit, about),
        confidence="low" if source in (RAISED, BUDGETED) else "normal",
    )


def parted_fields(changes: Sequence[PairChange]) -> tuple[str, ...]:
    """The two fields whose correlation changed most beyond its limit; none where no pair's did."""
    if not changes or not changes[0].beyond(FIXED_THRESHOLD):
        return ()
    return changes[0].first, changes[0].second


def _by_chance(before: float, now: float, error: float, point: float) -> tuple[float, float]:
    """The change that is reached ``point`` standard errors away, and how many the change is."""
    kept_before, kept_now = (min(max(each, -LARGEST), LARGEST) for each in (before, now))
    z = (math.atanh(kept_now) - math.atanh(kept_before)) / error
    reached = math.tanh(math.atanh(kept_before) + math.copysign(point * error, z))
    return abs(reached - kept_before), z


def _status(changes: Sequence[PairChange], top: PairChange, limit: float, about: AboutFields, *, given: bool) -> Status:
    if abs(top.change) < limit:
        return "ok"
    if given:
        return "critical" if abs(top.change) >= 2 * limit and about.alarming(top) else "warning"
    far = (change for change in changes if abs(change.change) >= 2 * max(FIXED_THRESHOLD, change.by_chance))
    return "critical" if any(map(about.alarming, far)) else "warning"


def _words(changes: Sequence[PairChange], top: PairChange, limit: float, about: AboutFields) -> str:
    words = f"correlation of {_pair(top)}, the largest change of {len(changes):,} pairs"
    others = [each for each in changes if each != top and each.beyond(limit)]
    if abs(top.change) >= limit and others:
        shown = ", ".join(_pair(each) for each in others[: NAMED_PAIRS - 1])
        rest = len(others) - NAMED_PAIRS + 1
        words += f"; also of {shown}" + (f" and {rest:,} more" if rest > 0 else "")
    if about.left_out:
        words += f"; {count(about.left_out, 'more field is', 'more fields are')} not paired"
    return words


def _pair(change: PairChange) -> str:
    return f"{name(change.first)} and {name(change.second)} {change.before:.2f} -> {change.now:.2f}"
