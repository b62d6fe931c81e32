"""Has the model got worse since the baseline, for certain? One finding on the running risk after a window."""

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.baseline_risk import bounded_upper_bound
from detectors.findings import FROM_BASELINE, GIVEN, Finding, Status, unjudged
from detectors.label_selection import label_selection
from detectors.loss_sums import LossSums
from detectors.performance import NO_BASELINE_LABELS
from detectors.prediction_powered import PredictionPoweredRisk
from detectors.running_risk import RiskState, Stretch, risen, since_the_beginning
from detectors.window_risk import WindowRisk
from detectors.wording import count, number

RUNNING_RISK = "running_risk"
PREDICTION_POWERED = "prediction_powered_risk"
TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class LossUnits:
    """How losses from 0 to 1 are called, and what a whole loss is worth: 1, or an error in the units of the label."""

    title: str
    whole: float = 1.0

    def shown(self, loss: float) -> str:
        """A loss for people."""
        return f"{loss:.3f}" if self.whole == 1 else number(loss * self.whole)


@dataclass(frozen=True, slots=True)
class WindowLabels:
    """What the labels of the last window add, and say of it ``alone``; ``left_out`` are those without a probability
    where others have one."""

    risk: WindowRisk
    alone: PredictionPoweredRisk
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class RiskLimit:
    """What the running risk is held against, from 0 to 1: ``value``, and ``critical`` from which on it is critical.

    ``baseline`` is the baseline's own risk and ``certain`` what it is below but for half of the chance of error; None
    where the limit is given.
    """

    value: float
    critical: float
    source: str
    tolerance: float = 0.0
    baseline: float | None = None
    certain: float | None = None


def risk_limit(baseline: LossSums, tolerance: float, alpha: float) -> RiskLimit | None:
    """The baseline's upper bound (half of ``alpha``) and the tolerance; None where under two of its rows have labels.

    Critical is twice as far from the baseline's risk. ValueError where ``tolerance`` is no share.
    """
    if not 0 <= tolerance <= 1:
        raise ValueError(f"tolerance {tolerance}: give a share from 0 to 1, like 0.02")
    upper = bounded_upper_bound(baseline, alpha / 2)
    if upper is None or baseline.mean is None:
        return None
    limit = upper + tolerance
    return RiskLimit(limit, 2 * limit - baseline.mean, FROM_BASELINE, tolerance, baseline.mean, upper)


def given_limit(threshold: float) -> RiskLimit:
    """A limit of the user's own, from 0 to 1; critical is twice as far from perfect."""
    return RiskLimit(threshold, 2 * threshold, GIVEN)


def running_risk_finding(
    method: str,
    states: Sequence[RiskState],
    limit: RiskLimit | None,
    units: LossUnits,
    *,
    alpha: float,
    n_baseline: int,
    n_rows: int,
    too_few: str,
    window: WindowLabels,
) -> Finding:
    """The finding on the fold of all windows up to this one, the last of ``states``.

    ``value`` is the mean loss since monitoring began, with an interval that holds at all times at once; where the risk
    has risen, that of the stretch in which it did, with its lower bound (half of ``alpha``, over the whole life) and
    upper bound. A warning where that lower bound is above the limit, critical where it is above twice the margin.
    The effect is the value less the baseline's risk, ``n_current`` the labelled rows of the stretch.

    ``n_rows`` are the rows of the window, ``too_few`` says why it is not judged. Where the labelled rows of ``window``
    differ from the others the reason says so, and confidence is low; where labels are weighed, where they stand for
    more or fewer rows than there are. With the method of prediction-powered risk the reason also tells the risk of the
    window alone, with an interval for one look.
    """
    whole = since_the_beginning(states)
    value = None if whole is None else whole.risk * units.whole
    if not n_rows:
        return unjudged("performance", method, None, n_baseline, 0, "nodata", "no rows in this window", value)
    if limit is None and not too_few:
        too_few = f"{NO_BASELINE_LABELS}: give a baseline with labels, or a threshold"
    if too_few or whole is None or limit is None:
        n = 0 if whole is None else whole.n
        return unjudged("performance", method, None, n_baseline, n, "insufficient", too_few or _NO_LOSS, value)
    rise = risen(states, limit.value, alpha / 2)
    chosen = rise or whole
    weighs = states[-1].weighs
    doubt = _miscount(window.risk) if weighs else _selection(window.risk)
    reason = _sentence(chosen, rise is not None, limit, units)
    if weighs:
        reason += _weighing_in_words(window.left_out)
    if doubt:
        reason += f"; but {doubt}"
    if method == PREDICTION_POWERED:
        reason += _window_in_words(window.alone, units)
    low, high = chosen.interval.low, chosen.interval.high
    return Finding(
        kind="performance",
        method=method,
        field=None,
        value=chosen.risk * units.whole,
        threshold=limit.value * units.whole,
        threshold_source=limit.source,
        p_value=None,
        effect=None if limit.baseline is None else (chosen.risk - limit.baseline) * units.whole,
        n_baseline=n_baseline,
        n_current=chosen.n,
        status=_status(rise, limit),
        reason=reason,
        confidence="low" if doubt else "normal",
        interval_low=None if low is None else low * units.whole,
        interval_high=None if high is None else high * units.whole,
    )


_NO_LOSS = "no labelled row has a known label and a prediction yet"


def _status(rise: Stretch | None, limit: RiskLimit) -> Status:
    if rise is None:
        return "ok"
    return "critical" if (rise.interval.low or 0.0) > limit.critical else "warning"


def _sentence(stretch: Stretch, rose: bool, limit: RiskLimit, units: LossUnits) -> str:
    rows = count(stretch.n, "labelled row", "labelled rows")
    low, high = stretch.interval.low or 0.0, stretch.interval.high or 0.0
    if rose:
        span = "the last window" if stretch.windows == 1 else f"the last {stretch.windows:,} windows"
        here = f"{units.title} rose to {units.shown(stretch.risk)} in {span}, certainly above {units.shown(low)}"
        return f"{here}, on {rows}; {_limit_in_words(limit, units)}"
    here = f"{units.title} since the baseline is {units.shown(stretch.risk)}"
    return f"{here} ({units.shown(low)} to {units.shown(high)}) on {rows}; {_limit_in_words(limit, units)}"


def _selection(window: WindowRisk) -> str:
    """How the labelled rows of a window differ from the others; empty where nothing shows that."""
    selection = label_selection(window.estimated)
    return selection.reason if selection.selected else ""


def _miscount(window: WindowRisk) -> str:
    """That weighed labels stand for fewer or more rows than there are; empty where chance explains that."""
    asked = window.weighted
    if not asked.surplus:
        return ""
    here = f"those of this window stand for {asked.weights:,.0f} of {asked.rows:,} rows"
    if asked.surplus < 0:
        return f"{here}: where a label has not come nothing counts as lost"
    return f"{here}: check the probabilities that are sent"


def _weighing_in_words(left_out: int) -> str:
    """That labels are weighed, and how many of the window are not."""
    without = f", {count(left_out, 'label', 'labels')} without a probability left out" if left_out else ""
    return f"; labels are weighed by the chances they were asked for with{without}"


def _window_in_words(found: PredictionPoweredRisk, units: LossUnits) -> str:
    """The risk of all rows of the window, labelled or not; empty where its scatter is not known."""
    told = (found.value, found.interval.low, found.interval.high)
    value, low, high = ("" if loss is None else units.shown(min(max(loss, 0.0), 1.0)) for loss in told)
    return f"; in this window alone {value} ({low} to {high})" if low else ""


def _limit_in_words(limit: RiskLimit, units: LossUnits) -> str:
    if limit.baseline is None or limit.certain is None:
        return f"the limit is {units.shown(limit.value)}"
    known = f"the baseline's {units.shown(limit.baseline)}, at most {units.shown(limit.certain)}"
    return f"the limit {units.shown(limit.value)} is {known}, and {units.shown(limit.tolerance)} tolerated"
