"""What is measured of one contender; every function takes its rows of the table of verdicts (``verdicts``)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.quality.harm import HarmVerdict
from benchmarks.quality.intervals import NOTHING, Interval, mean, rate, resampled
from benchmarks.quality.scores import Paging, auroc, best_level, paging, tuned_threshold
from benchmarks.quality.streams import NATURAL
from benchmarks.quality.verdicts import at_binding_size, in_order, of_part, visible_harm

# A model-month is so many windows: one a day.
MONTH = 30
EQUAL_RATE = 1 / MONTH
# With fewer windows to tune on, the threshold would be chance.
LEAST_TUNED = 100
CONCEPT, COVARIATE = ("agrawal", "another concept"), ("agrawal", "older people")
CONTROLS = (COVARIATE, ("car_price", "other cars, smaller errors"))
# An estimate is off where it misses the truth by more.
OFF = 0.05


def false_alarms(rows: pd.DataFrame) -> Interval:
    """False alarms in a model-month on permuted windows, at the contender's own default."""
    null = of_part(rows, "tune", "null")
    return rate(null["alarm"].to_numpy(np.bool_), null["cluster"].tolist()).times(MONTH)


def natural_alarms(rows: pd.DataFrame) -> Interval:
    """Alarms in a model-month on rows in their order, before any known change; season and trend are in it."""
    chosen = _before_changes(rows)
    return rate(chosen["alarm"].to_numpy(np.bool_), chosen["stream"].tolist()).times(MONTH)


def natural_alarms_without_harm(rows: pd.DataFrame) -> Interval:
    """Those of these alarms in whose windows the labels show no harm; a month has thirty windows of either kind."""
    chosen = _before_changes(rows)
    return rate((chosen["alarm"] & ~chosen["hurts"]).to_numpy(np.bool_), chosen["stream"].tolist()).times(MONTH)


def natural_new_alerts(rows: pd.DataFrame) -> Interval:
    """Windows of the same rows in which a field alarms that did not in the window before: those send a message."""
    chosen = _before_changes(rows)
    new: list[bool] = []
    for _, stream in chosen.groupby("stream", sort=False):
        before: set[str] = set()
        for fields in stream["fields"]:
            new.append(bool(set(fields) - before))
            before = set(fields)
    return rate(np.array(new, dtype=np.bool_), chosen["stream"].tolist()).times(MONTH)


def _before_changes(rows: pd.DataFrame) -> pd.DataFrame:
    natural = of_part(rows, "natural")
    return natural[natural["of"] == NATURAL]


def retuned(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of binding size with ``equal``: an alarm at the equal false-alarm rate, tuned stream by stream.

    Streams with too few windows to tune on are left out.
    """
    bound = at_binding_size(rows)
    kept: list[pd.DataFrame] = []
    for _, stream in bound.groupby("stream", sort=False):
        tuning = stream.loc[stream["part"] == "tune", "statistic"].to_numpy(np.float64)
        if len(tuning) >= LEAST_TUNED:
            kept.append(stream.assign(equal=stream["statistic"] > tuned_threshold(tuning, EQUAL_RATE)))
    return pd.concat(kept) if kept else bound[:0].assign(equal=False)


def equal_false_alarms(tuned: pd.DataFrame) -> Interval:
    """False alarms in a model-month that the re-tuned threshold really gives, on windows it was not tuned on."""
    null = of_part(tuned, "null")
    return rate(null["equal"].to_numpy(np.bool_), null["cluster"].tolist()).times(MONTH)


def power(tuned: pd.DataFrame, *, harm: HarmVerdict) -> Interval:
    """Share of windows of harmful scenarios, or of harmless shifts (no breaks), that alarm at the equal rate."""
    chosen = visible_harm(tuned)
    chosen = chosen[chosen["harm"] == "harmful"] if harm == "harmful" else _harmless_shifts(chosen)
    return rate(chosen["equal"].to_numpy(np.bool_), chosen["cluster"].tolist())


def power_by_effect(tuned: pd.DataFrame) -> dict[tuple[str, float], Interval]:
    """The same for each family and size of injection, whatever harm it does."""
    scenario = of_part(tuned, "scenario")
    return {
        (str(chosen["family"].iloc[0]), float(chosen["effect_size"].iloc[0])): rate(
            chosen["equal"].to_numpy(np.bool_), chosen["cluster"].tolist()
        )
        for _, chosen in scenario.groupby(["family", "effect_size"], sort=False)
    }


def delay(tuned: pd.DataFrame) -> Interval:
    """Windows until the first alarm of harmful scenarios at the equal rate; a run without one counts its length + 1."""
    chosen = visible_harm(tuned)
    chosen = chosen[chosen["harm"] == "harmful"]
    firsts: list[float] = []
    clusters: list[object] = []
    for (cluster, _), run in chosen.sort_values("position").groupby(["cluster", "seed"], sort=False):
        hits = np.flatnonzero(run["equal"].to_numpy(np.bool_))
        firsts.append(float(hits[0] + 1 if len(hits) else len(run) + 1))
        clusters.append(cluster)
    return mean(np.array(firsts), clusters)


def harmless_alarms(rows: pd.DataFrame) -> Interval:
    """Share of windows of harmless shifts (no breaks: those must be reported) that alarm by default."""
    chosen = _harmless_shifts(visible_harm(rows))
    return rate(chosen["alarm"].to_numpy(np.bool_), chosen["cluster"].tolist())


def harmless_pages(rows: pd.DataFrame) -> Interval:
    """The same share that pages."""
    chosen = _harmless_shifts(visible_harm(rows))
    return rate(chosen["pages"].to_numpy(np.bool_), chosen["cluster"].tolist())


def harm_paged(rows: pd.DataFrame) -> Interval:
    """Share of windows of harmful scenarios that page without a label; flipped labels left out."""
    chosen = visible_harm(rows)
    chosen = chosen[chosen["harm"] == "harmful"]
    return rate(chosen["pages"].to_numpy(np.bool_), chosen["cluster"].tolist())


def harm_paged_with_labels(rows: pd.DataFrame) -> Interval:
    """The same, flipped labels too, once the labels have come as well."""
    chosen = of_part(rows, "scenario")
    chosen = chosen[chosen["harm"] == "harmful"]
    return rate((chosen["pages"] | chosen["by_labels"]).to_numpy(np.bool_), chosen["cluster"].tolist())


def population_pages(rows: pd.DataFrame) -> Interval:
    """Share of windows of harmless population shifts that page, without a label."""
    chosen = _harmless_shifts(visible_harm(rows))
    chosen = chosen[chosen["nature"] == "population"]
    return rate(chosen["pages"].to_numpy(np.bool_), chosen["cluster"].tolist())


def harmless_pages_by_labels(rows: pd.DataFrame) -> Interval:
    """Share of windows of harmless shifts (no breaks) that page for what the labels show."""
    chosen = _harmless_shifts(visible_harm(rows))
    return rate(chosen["by_labels"].to_numpy(np.bool_), chosen["cluster"].tolist())


def _harmless_shifts(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["harm"] == "harmless") & (rows["nature"] != "break")]


def natural_share(rows: pd.DataFrame, change: tuple[str, str], column: str) -> Interval:
    """Share of natural windows under a known change that alarm (or page)."""
    natural = of_part(rows, "natural")
    chosen = natural[(natural["stream"] == change[0]) & (natural["of"] == change[1])]
    return rate(chosen[column].to_numpy(np.bool_), list(range(len(chosen))))


def swaps_found(rows: pd.DataFrame) -> Interval:
    """Share of windows with two fields swapped, to harm, that a joint test of the contender's finds."""
    chosen = visible_harm(rows)
    chosen = chosen[(chosen["family"] == "swapped") & (chosen["harm"] == "harmful") & chosen["parted"].notna()]
    return rate(chosen["parted"].to_numpy(np.bool_), chosen["cluster"].tolist())


def concept_paged_at_once(rows: pd.DataFrame) -> bool | None:
    """Whether the first window under another concept pages once its labels are there; None where none was judged."""
    natural = of_part(rows, "natural")
    first = natural[(natural["stream"] == CONCEPT[0]) & (natural["of"] == CONCEPT[1]) & (natural["position"] == 0)]
    return bool(first["by_labels"].iloc[0]) if len(first) else None


def joint_false_alarms(rows: pd.DataFrame) -> Interval:
    """How often in a model-month it finds such fields in permuted windows."""
    null = of_part(rows, "tune", "null")
    null = null[null["parted"].notna()]
    return rate(null["parted"].to_numpy(np.bool_), null["cluster"].tolist()).times(MONTH)


def severity_by_stream(rows: pd.DataFrame) -> dict[str, Interval]:
    """AUROC of severity for harm, harmful against harmless scenarios; a stream without either says NaN."""
    return {str(name): _severity(stream) for name, stream in visible_harm(rows).groupby("stream", sort=False)}


def _severity(chosen: pd.DataFrame) -> Interval:
    severity = chosen["severity"].to_numpy(np.float64)
    harmful = (chosen["harm"] == "harmful").to_numpy(np.bool_)
    return resampled(chosen["cluster"].tolist(), lambda rows: auroc(severity[rows], harmful[rows]), len(chosen))


def severity_macro(rows: pd.DataFrame) -> Interval:
    """The mean of the streams' AUROC, of streams that have both harmful and harmless scenarios."""
    chosen = visible_harm(rows)
    severity = chosen["severity"].to_numpy(np.float64)
    harmful = (chosen["harm"] == "harmful").to_numpy(np.bool_)
    streams = np.unique(chosen["stream"].to_numpy(), return_inverse=True)[1]

    def macro(drawn: NDArray[np.int64]) -> float:
        of_streams = [drawn[streams[drawn] == stream] for stream in range(int(streams.max()) + 1)]
        values = [auroc(severity[part], harmful[part]) for part in of_streams]
        known = [value for value in values if not np.isnan(value)]
        return float(np.mean(known)) if known else float("nan")

    return resampled(chosen["cluster"].tolist(), macro, len(chosen)) if len(chosen) else NOTHING


@dataclass(frozen=True, slots=True)
class PagingResult:
    """Paging by the contender's own decision, and at a level of severity that was chosen on the other streams."""

    own: Paging
    elsewhere: Paging


def paging_result(rows: pd.DataFrame) -> PagingResult:
    """Windows of harmful and of harmless scenarios; harmless breaks count as harmless."""
    chosen = visible_harm(rows)
    harmful = (chosen["harm"] == "harmful").to_numpy(np.bool_)
    severity = chosen["severity"].to_numpy(np.float64)
    streams = chosen["stream"].to_numpy()
    at_level = np.zeros(len(chosen), dtype=np.bool_)
    for stream in in_order(streams.tolist()):
        here = streams == stream
        if not here.all():
            at_level[here] = severity[here] >= best_level(severity[~here], harmful[~here])
    return PagingResult(paging(chosen["pages"].to_numpy(np.bool_), harmful), paging(at_level, harmful))


def breaks_reported(rows: pd.DataFrame) -> Interval:
    """Share of runs of breaks (missing or x100 on 5 % of the rows or more) with an alarm within two windows."""
    chosen = of_part(rows, "scenario")
    chosen = chosen[chosen["reportable"] & (chosen["position"] < 2)]
    found = chosen.groupby(["cluster", "seed"], sort=False)["alarm"].any()
    return rate(found.to_numpy(np.bool_), [key[0] for key in found.index])


def missed(rows: pd.DataFrame) -> list[str]:
    """Harmful scenarios, also those that need labels, that alarm by default in fewer than half of their windows."""
    scenario = of_part(rows, "scenario")
    shares = scenario[scenario["harm"] == "harmful"].groupby("of", sort=False)["alarm"].mean()
    return [str(name) for name, share in shares.items() if share < 0.5]


@dataclass(frozen=True, slots=True)
class EstimateResult:
    """Mean absolute error of the estimated accuracy on permuted and on harmful windows, in points.

    ``off`` are windows, permuted or of any scenario, where it misses by more than 5 points, ``flagged`` the share of
    those it did not stand by, and ``flagged_right`` the share of the good ones it did not stand by all the same. Once
    the labels of the windows before in a run are known it is ``flagged_later`` and ``flagged_right_later``.
    ``flagged_visible`` leaves out flipped labels, which nothing shows but labels.
    """

    null: Interval
    harmful: Interval
    off: int
    flagged: float
    flagged_visible: float
    flagged_right: float
    flagged_later: float
    flagged_right_later: float


def estimate_result(rows: pd.DataFrame) -> EstimateResult | None:
    """None where the contender makes no estimates. Label flips count: an estimate claims to know them."""
    known = of_part(rows[rows["estimate"].notna()], "tune", "null", "scenario")
    if not len(known):
        return None
    error = (known["estimate"] - (1 - known["loss"])).abs()
    null, harmful = known["part"].isin(("tune", "null")), known["harm"] == "harmful"
    off = error > OFF
    doubted = known["trusted"].eq(False)
    later = doubted | known["missed_before"]
    return EstimateResult(
        _points(error[null], known[null]),
        _points(error[harmful], known[harmful]),
        int(off.sum()),
        _share(doubted[off]),
        _share(doubted[off & (known["nature"] != "concept")]),
        _share(doubted[~off]),
        _share(later[off]),
        _share(later[~off]),
    )


def _share(chosen: "pd.Series[bool]") -> float:
    return float(chosen.mean()) if len(chosen) else float("nan")


def _points(error: "pd.Series[float]", rows: pd.DataFrame) -> Interval:
    return mean(np.asarray(error, dtype=np.float64), rows["cluster"].tolist()).times(100)
