"""Slow drift of a window's fields: what one window adds, and what all windows since whenever it began amount to.

Each score of each field (see ``drift_directions``) is bet on twice, to rise and to fall. The state of a field is the
fold of what windows added, in their order: an e-detector (Shin, Ramdas and Rinaldo, New England Journal of Statistics
in Data Science 2, 2024) for all bets at once.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.bets import STAKES, deviate_bets
from detectors.drift_directions import Directions
from detectors.window_scores import Counts, Numbers

# The baseline's error is allowed for up to so many of its standard errors: one score in twenty errs further.
_ALLOWED_ERRORS = 1.96
# Above this the mean of a score is too skewed to be read as a normal deviate: the value is too rare in such a window.
_MOST_SKEWED = 1 / 3
# One window multiplies the evidence by no more than exp(4): several have to agree.
_MOST_COUNTED = 3.0
# An alarm ends where the evidence has fallen to this part of the limit.
_ENDS_AT = 0.1


def window_deviates(of: Directions, wander: Numbers, baseline: Counts, window: Counts, min_rows: int) -> Numbers:
    """What a window adds: a normal deviate for each score to rise, and for each to fall, float64[2, n].

    With m the mean score of the window's n values and w its wander (see there), z = (m - 1.96 s / sqrt(N)) sqrt(n) / s
    for a rise, s^2 = 1 + n w, and likewise for -m. So the error of the baseline, which is the same in all windows, is
    allowed for once and whole; what is left is the window's own chance. Skewness is corrected for to the first order
    (Cornish and Fisher 1938). High: the field moved that way. NaN where there are fewer than ``min_rows`` values, or
    a value is too rare for a normal deviate.
    """
    (means,), (n,) = of.means(window[np.newaxis])
    (total,) = of.means(baseline[np.newaxis])[1]
    rows = np.maximum(n, 1.0) / (1 + n * wander)
    allowed = _ALLOWED_ERRORS * np.sqrt(np.maximum(n, 1.0) / np.maximum(total, 1.0))
    skewness = np.concatenate([field.skewness for field in of.fields]) if of.n else np.zeros(0)
    skewed = skewness / np.sqrt(rows)
    found = np.stack([_unskewed(sign * means * np.sqrt(rows) - allowed, sign * skewed) for sign in (1, -1)])
    undefined = (n < max(min_rows, 1)) | (total < max(min_rows, 1)) | (np.abs(skewed) > _MOST_SKEWED)
    return np.where(undefined, np.nan, found)


def _unskewed(deviates: Numbers, skewed: Numbers) -> Numbers:
    """Less what skewness adds to the upper tail; beyond where that correction turns, as at the turn."""
    turn = 3 / np.maximum(np.abs(skewed), 1e-6)
    inside = np.clip(deviates, -turn, turn)
    return inside - skewed * (inside**2 - 1) / 6


@dataclass(frozen=True, slots=True, eq=False)
class SlowDrift:
    """Where the evidence stands after windows in a row.

    ``alarms`` (bool[W]) says after which of them the total had reached the run length and not fallen to a tenth of it
    since. ``log_evidence`` (float64[F]) is the natural logarithm of each field's evidence after the last one, -inf
    where there is none; ``total`` that of all fields together, their plain mean. ``leading`` (intp[F]) is the bet that
    leads in each field: its position among the n scores for a rise, n more for a fall. ``since`` (intp[F]) are the
    windows for which it has paid, as far as can be told.
    """

    alarms: NDArray[np.bool_]
    total: float
    log_evidence: Numbers
    leading: NDArray[np.intp]
    since: NDArray[np.intp]

    @property
    def alarm(self) -> bool:
        """Whether there is one after the last window."""
        return bool(self.alarms[-1])


def accumulate(of: Directions, deviates: Numbers, run_length: float) -> SlowDrift:
    """The evidence after windows in a row, the oldest first, given what each added (float64[W, 2, n]).

    For each bet and stake S = (1 + S before) payoff; a field's evidence is the mean of S over its bets and stakes, and
    the total that over fields. An alarm is a total of ``run_length``: the mean number of windows to the first one
    without drift is at least that, whatever the dependence between fields. Then S is scaled down to the run length, so
    that an alarm ends soon after the drift does. A deviate counts as 3 at most, which only makes the evidence smaller:
    what a single window can show is for the limits of single windows. Undefined bets leave their S as it was, which
    begins at 0. ValueError for a ``run_length`` under 1, and without a window or a score.
    """
    if not 1 <= run_length < math.inf:
        raise ValueError(f"run_length {run_length}: give windows between false alarms, like 1000")
    if not deviates.size:
        raise ValueError(f"deviates of {len(deviates)} windows and {of.n} scores: give at least one of each")
    bets = deviate_bets(np.minimum(deviates, _MOST_COUNTED).reshape(len(deviates), 2 * of.n))
    return _verdict(of, _walk(bets, _log_weights(of), math.log(run_length)), bets)


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """Alarm and logarithm of the total after each window, and that of S for each bet and stake after the last one."""

    alarms: NDArray[np.bool_]
    totals: Numbers
    sums: Numbers


def _walk(bets: Numbers, log_weights: Numbers, limit: float) -> _Walk:
    alarms, totals = np.zeros(len(bets), dtype=np.bool_), np.full(len(bets), -np.inf)
    kept, sums, alarm = np.zeros(bets.shape[1:]), np.full(bets.shape[1:], -np.inf), False
    for at, paid in enumerate(bets):
        defined = ~np.isnan(paid)
        sums = np.where(defined, kept + paid, sums)
        total = float(np.logaddexp.reduce(sums + log_weights, axis=None))
        alarm = total >= limit or (alarm and total > limit + math.log(_ENDS_AT))
        alarms[at], totals[at] = alarm, total
        reached = sums
        sums = sums - max(total - limit, 0.0)
        kept = np.where(defined, np.logaddexp(0.0, sums), kept)
    return _Walk(alarms, totals, reached)


def log_payoff(of: Directions, deviates: Numbers) -> float:
    """The natural logarithm of what bets since a fixed moment paid: an e-value of the windows (float64[W, 2, n]).

    The plain products over windows, averaged over stakes, bets and fields; 0 without a window. High: 20 times or more
    happens in at most one of 20 periods without drift, however often one looks.
    """
    if not of.n:
        return 0.0
    products = np.nan_to_num(deviate_bets(deviates.reshape(len(deviates), 2 * of.n))).sum(axis=0)
    return float(np.logaddexp.reduce(products + _log_weights(of), axis=None))


def _log_weights(of: Directions) -> Numbers:
    """The part of each bet and stake (float64[2n, stakes]): alike for all fields, and for all bets within one."""
    n_scores = np.array([len(field.names) for field in of.fields])
    part = 1 / ((n_scores > 0).sum() * 2 * n_scores[of.field_of] * len(STAKES))
    return np.repeat(np.log(np.tile(part, 2))[:, np.newaxis], len(STAKES), axis=1)


def _verdict(of: Directions, walk: _Walk, bets: Numbers) -> SlowDrift:
    fields = np.tile(of.field_of, 2)
    of_bets = np.logaddexp.reduce(walk.sums, axis=1)
    n_fields = len(of.fields)
    evidence, leading, since = np.full(n_fields, -np.inf), np.zeros(n_fields, np.intp), np.zeros(n_fields, np.intp)
    for field in range(n_fields):
        own = np.flatnonzero(fields == field)
        if not len(own):
            continue
        evidence[field] = np.logaddexp.reduce(of_bets[own]) - math.log(len(own) * len(STAKES))
        leading[field] = own[np.argmax(of_bets[own])]
        stake = int(np.argmax(walk.sums[leading[field]]))
        since[field] = _lasting(bets[:, leading[field], stake])
    return SlowDrift(walk.alarms, float(walk.totals[-1]), evidence, leading, since)


def _lasting(paid: Numbers) -> int:
    """For how many windows a bet has paid: since the beginning that makes its product largest."""
    backwards = np.cumsum(np.nan_to_num(paid[::-1]))
    return int(np.argmax(backwards)) + 1
