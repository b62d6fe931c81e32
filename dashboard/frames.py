"""Recorded results as frames, and the plain selections from them that every page and chart needs."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from dashboard import states
from store.records import Result

# Of these kinds a value below its limit may be the bad one.
LESS_MAY_BE_WORSE = ("performance", "estimate")
# The method of results about the part of the stream that is worst; which part it is stands in their reason.
WORST_SEGMENT = "worst_segment"
_BAD = ["warning", "critical"]
_TEXTS = ("monitor", "kind", "method", "status", "reason")
_OPTIONAL_TEXTS = ("field", "segment", "version", "threshold_source", "confidence", "baseline")
_NUMBERS = ("value", "threshold", "p_value", "effect", "interval_low", "interval_high")
_COUNTS = ("n_baseline", "n_current")
_INSTANTS = ("window_start", "window_end", "computed_at")


def results_frame(results: Sequence[Result]) -> pd.DataFrame:
    """One row a result. Absent texts are ``""`` (whole model, whole stream), absent numbers NaN.

    Added columns: ``id`` (-1 where absent), ``rank`` of the status, 0 the worst, and ``ratio``, the value as a
    multiple of its limit: what colours and rankings are drawn from (NaN for performance, where less may be worse).
    """
    columns: dict[str, object] = {name: [getattr(r, name) for r in results] for name in _TEXTS}
    columns |= {name: [getattr(r, name) or "" for r in results] for name in _OPTIONAL_TEXTS}
    columns |= {name: np.array([_number(getattr(r, name)) for r in results], dtype=float) for name in _NUMBERS}
    columns |= {name: np.array([getattr(r, name) for r in results], dtype=np.int64) for name in _COUNTS}
    columns |= {
        name: pd.DatetimeIndex([getattr(r, name) for r in results], dtype="datetime64[us, UTC]") for name in _INSTANTS
    }
    columns["id"] = np.array([-1 if r.id is None else r.id for r in results], dtype=np.int64)
    columns["rank"] = np.array([states.status(r.status).rank for r in results], dtype=np.int64)
    frame = pd.DataFrame(columns)
    limit = frame["threshold"].where((frame["threshold"] > 0) & ~frame["kind"].isin(LESS_MAY_BE_WORSE))
    frame["ratio"] = frame["value"] / limit
    return frame


def of_kinds(frame: pd.DataFrame, *kinds: str) -> pd.DataFrame:
    """The results of these kinds."""
    return frame[frame["kind"].isin(kinds)]


def of_segment(frame: pd.DataFrame, segment: str) -> pd.DataFrame:
    """The results of one segment; ``""`` is the whole stream."""
    return frame[frame["segment"] == segment]


def whole_windows(frame: pd.DataFrame) -> pd.DataFrame:
    """The results about drift of a window as a whole."""
    return frame[(frame["kind"] == "drift") & (frame["method"] == "drift") & (frame["field"] == "")]


def worst_segments(frame: pd.DataFrame) -> pd.DataFrame:
    """The results that say in which part of the stream a window is worst, of drift or of performance."""
    return frame[frame["method"] == WORST_SEGMENT]


def broken_segments(frame: pd.DataFrame) -> pd.DataFrame:
    """Of these the ones of the last window of each monitor that was judged, where a part is beyond its limit.

    Where none is, the part that is worst by chance is no news.
    """
    worst = worst_segments(frame)
    last = latest_windows(worst[worst["status"].isin(["ok", *_BAD])])
    return last[last["status"].isin(_BAD)]


def latest_windows(frame: pd.DataFrame) -> pd.DataFrame:
    """The results of the last window of each monitor."""
    if frame.empty:
        return frame
    return frame[frame["window_end"] == frame.groupby("monitor")["window_end"].transform("max")]


def worst_first(frame: pd.DataFrame) -> pd.DataFrame:
    """By status, then by the multiple of the limit, then by name."""
    return frame.sort_values(
        ["rank", "ratio", "field", "method"], ascending=[True, False, True, True], na_position="last", kind="stable"
    )


def one_a_field(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Of the results that share ``keys``, the worst that says something; one without a verdict only if all are.

    A check that is undefined for a field must not hide that another one passed.
    """
    open_verdict = frame["status"].isin(["insufficient", "nodata"])
    ordered = worst_first(frame).assign(open_verdict=open_verdict).sort_values("open_verdict", kind="stable")
    return ordered.drop_duplicates(list(keys)).drop(columns="open_verdict")


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a frame, their columns as attributes."""
    return iter(frame.itertuples(index=False))


def one_length(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The results of the monitors whose windows are the longest, and the names of the monitors left out.

    Windows of different lengths would lie on top of each other in one picture.
    """
    if frame.empty:
        return frame, ()
    lengths = (frame["window_end"] - frame["window_start"]).groupby(frame["monitor"]).median()
    tolerance = timedelta(hours=2)  # a local day has 23 to 25 hours
    chosen = lengths[lengths >= lengths.max() - tolerance].index
    left_out = tuple(sorted(set(lengths.index) - set(chosen)))
    return frame[frame["monitor"].isin(chosen)], left_out


def baseline_value(series: pd.DataFrame) -> float | None:
    """The baseline's own figure of a metric, as the last results imply it: effect is value less baseline."""
    known = series[series["value"].notna() & series["effect"].notna()].sort_values("window_end")
    return None if known.empty else float(known["value"].iloc[-1] - known["effect"].iloc[-1])


def _number(value: float | None) -> float:
    return np.nan if value is None else value
