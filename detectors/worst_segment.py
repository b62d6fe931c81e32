"""In which part of the stream did the model get worse? All groups of all fields are searched, at the price of that.

Each group is held against the rest of the same window, and both against what they were at the baseline: what hits all
rows alike, and a group that was always bad, are no news here.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from detectors.findings import FROM_BASELINE, WIDENED, Finding, unjudged
from detectors.group_losses import GroupLosses, LossGroups
from detectors.multiplicity import holm
from detectors.performance import NO_BASELINE_LABELS, TOLERANCE_LOSS, TOLERANCE_SHARE
from detectors.wording import count, number, percent

METHOD = "worst_segment"
MIN_ROWS = 50
# The chance that any group of an unchanged window is called worse.
LEVEL = 0.001
_NAMED_MORE = 2

Loss = Literal["error", "absolute error"]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Groups, or what is left of their field without them: rows, mean loss and scatter (each [G]). ``share`` is the
    mean with half a row of either kind added, so that an error rate of few rows is not 0."""

    n: Numbers
    mean: Numbers
    variance: Numbers
    share: Numbers


def worst_segment_finding(
    groups: LossGroups,
    baseline: GroupLosses,
    current: GroupLosses,
    n_rows: int,
    *,
    loss: Loss = "error",
    min_rows: int = MIN_ROWS,
) -> Finding:
    """The group whose loss rose most against the rest of the window, which has ``n_rows`` rows.

    Value: how much the mean loss of the group rose since the baseline, or how much its distance to that of the rest
    did, whichever is less: a group does not get worse because others got better. Threshold: the larger
    of a tolerance (.01 for an error rate, 5 % of the baseline's mean absolute error) and the value whose one-sided
    p-value over all m judged groups is .001 (Bonferroni, which is what Holm asks of the smallest). Beyond it is a
    warning, from twice it on critical. Effect: what the group adds to the mean loss of the whole window, value x its
    share of the rows. The p-value is adjusted for the search by Holm. ``field`` is None: which group it is may change
    from window to window, and is the beginning of the reason.

    Judged are groups that have ``min_rows`` labelled rows and leave as many, in the window and at the baseline. Of
    those beyond their threshold the one with the largest effect is named, else the one with the smallest p-value.
    """
    labelled, before = _n_labelled(groups, current), _n_labelled(groups, baseline)
    if not n_rows and not labelled:
        return unjudged("performance", METHOD, None, before, 0, "nodata", "no rows in this window")
    least = max(min_rows, 2)
    reason = _too_few(before, labelled, least) if groups.fields else "the baseline has no feature to look into"
    if reason:
        return unjudged("performance", METHOD, None, before, labelled, "insufficient", reason)
    search = _search(groups, baseline, current, loss, least)
    if not len(search.judged):
        reason = f"no group of any field has {least:,} labelled rows, and leaves as many, on both sides"
        return unjudged("performance", METHOD, None, before, labelled, "insufficient", reason)
    at = search.worst
    value, limit = float(search.value[at]), float(search.limit[at])
    return Finding(
        kind="performance",
        method=METHOD,
        field=None,
        value=value,
        threshold=limit,
        threshold_source=WIDENED if search.is_widened[at] else FROM_BASELINE,
        p_value=float(search.p_values[at]),
        effect=float(search.effect[at]),
        n_baseline=before,
        n_current=labelled,
        status="ok" if value <= limit else "critical" if value >= 2 * limit else "warning",
        reason=_reason(groups, search, loss),
        confidence="normal",
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """The judged groups (positions [J] among all), and for each how it stands."""

    judged: NDArray[np.int64]
    now: tuple[Numbers, Numbers]
    then: tuple[Numbers, Numbers]
    n: NDArray[np.int64]
    value: Numbers
    limit: Numbers
    is_widened: NDArray[np.bool_]
    deviates: Numbers
    effect: Numbers

    @property
    def found(self) -> NDArray[np.int64]:
        """Those beyond their limit, the one with the largest effect first."""
        beyond = np.flatnonzero(self.value > self.limit)
        return beyond[np.argsort(-self.effect[beyond], kind="stable")]

    @property
    def worst(self) -> int:
        return int(self.found[0]) if len(self.found) else int(np.argmax(self.deviates))

    @property
    def p_values(self) -> Numbers:
        """One-sided, adjusted for the search."""
        return holm(ndtr(-self.deviates))


def _search(groups: LossGroups, baseline: GroupLosses, current: GroupLosses, loss: Loss, least: int) -> _Search:
    sides = [_sides(groups, losses, loss) for losses in (current, baseline)]
    judged = np.flatnonzero(np.all([side.n >= least for pair in sides for side in pair], axis=0))
    (group, rest), (group_then, rest_then) = ([_of(side, judged) for side in pair] for pair in sides)
    rise, rise_of_rest = group.mean - group_then.mean, rest.mean - rest_then.mean
    value = np.minimum(rise, rise - rise_of_rest)
    # The larger of the two scatters: a small group without an error is not free of errors, it is small.
    group_scatter = np.maximum(group.variance, group_then.variance)
    rest_scatter = np.maximum(rest.variance, rest_then.variance)
    own_scatter = _between(group, group_then) if loss == "error" else group_scatter
    error = np.sqrt(
        own_scatter / group.n + group_scatter / group_then.n + rest_scatter * (1 / rest.n + 1 / rest_then.n)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        deviates = np.where(error > 0, value / error, np.sign(value) * np.inf)
    chance = -ndtri(LEVEL / max(len(judged), 1)) * error
    tolerance = TOLERANCE_SHARE if loss == "error" else TOLERANCE_LOSS * _mean(groups, baseline)
    return _Search(
        judged,
        (group.mean, rest.mean),
        (group_then.mean, rest_then.mean),
        current.n[judged],
        value,
        np.maximum(chance, tolerance),
        chance > tolerance,
        np.nan_to_num(deviates),
        value * group.n / (group.n + rest.n),
    )


def _sides(groups: LossGroups, losses: GroupLosses, loss: Loss) -> tuple[_Side, _Side]:
    """Every group, and the rest of the rows of its field."""
    own = losses.n.astype(np.float64), losses.total, losses.squares
    rest = [_whole(groups, values) - values for values in own]
    return _side(*own, loss), _side(rest[0], rest[1], rest[2], loss)


def _whole(groups: LossGroups, values: Numbers) -> Numbers:
    """For every group the sum over all groups of its field."""
    of_field = groups.of_field
    return np.asarray(np.bincount(of_field, values, len(groups.fields))[of_field])


def _side(n: Numbers, total: Numbers, squares: Numbers, loss: Loss) -> _Side:
    rows = np.maximum(n, 1.0)
    mean, share = total / rows, (total + 0.5) / (rows + 1)
    scatter = np.maximum(squares - total * mean, 0.0) / np.maximum(rows - 1, 1.0)
    return _Side(n, mean, share * (1 - share) if loss == "error" else scatter, share)


def _between(a: _Side, b: _Side) -> Numbers:
    """The scatter of errors at the rate half way between two. That of the higher rate would call a rise less certain
    than it is: of few errors the tail is longer upwards."""
    middle = (a.share + b.share) / 2
    return middle * (1 - middle)


def _of(side: _Side, groups: NDArray[np.int64]) -> _Side:
    return _Side(side.n[groups], side.mean[groups], side.variance[groups], side.share[groups])


def _n_labelled(groups: LossGroups, losses: GroupLosses) -> int:
    """Rows of the first field: every row is in one group of each."""
    return int(losses.n[: groups.offsets[1]].sum()) if groups.fields else 0


def _mean(groups: LossGroups, losses: GroupLosses) -> float:
    return float(losses.total[: groups.offsets[1]].sum()) / max(_n_labelled(groups, losses), 1)


def _too_few(before: int, labelled: int, least: int) -> str:
    if not before:
        return f"{NO_BASELINE_LABELS}: whether a group was always bad is not known"
    if before < 2 * least:
        return f"the baseline has {count(before, 'labelled row', 'labelled rows')}, at least {2 * least:,} are needed"
    if labelled < 2 * least:
        return f"{count(labelled, 'labelled row', 'labelled rows')}, at least {2 * least:,} are needed"
    return ""


def _reason(groups: LossGroups, search: _Search, loss: Loss) -> str:
    at, titles = search.worst, groups.titles
    now, rest, then, rest_then = (_shown(float(values[at]), loss) for values in (*search.now, *search.then))
    sentence = (
        f"{titles[search.judged[at]]}: {loss} {now} against {rest} elsewhere (at the baseline {then} against "
        f"{rest_then}), {count(int(search.n[at]), 'row', 'rows')}"
    )
    if not len(search.found):
        return f"no group got worse than the rest, of {len(search.judged):,} judged; the most evident: {sentence}"
    more = [titles[search.judged[other]] for other in search.found[1:]]
    named = f"; also {', '.join(more[:_NAMED_MORE])}" if more else ""
    return sentence + named + (f" and {len(more) - _NAMED_MORE} more" if len(more) > _NAMED_MORE else "")


def _shown(value: float, loss: Loss) -> str:
    return percent(value) if loss == "error" else number(value)
