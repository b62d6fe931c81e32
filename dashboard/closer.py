"""A closer look: one result in the words of the program, and Evidently's full report of one window."""

from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard import choices, frames, program, reads, show, states, words
from dashboard.sections import Picture

MOST_RESULTS = 200
MOST_WINDOWS = 60
_REPORT = "report"


class Window(NamedTuple):
    """The half-open span [start, end) of one check."""

    start: datetime
    end: datetime


def one_result(chosen: pd.DataFrame, picture: Picture) -> None:
    """The words about one result, once it is chosen: asking takes some seconds."""
    offered = _offered(chosen)
    if offered.empty:
        return
    show.section("One result in words")
    labels = {row.id: _result_label(row, picture) for row in frames.each(offered)}
    asked = choices.result(labels)
    if asked is None:
        return
    with st.spinner("Looking up how it came about …"):
        found = reads.words_about(asked)
    if isinstance(found, program.Failure):
        show.sentence(f"There are no words about it: {found.reason}.")
        return
    show.sentence(found.headline)
    for title, sentences in found.sections:
        show.titled(title, sentences)


def full_report(model: str, chosen: pd.DataFrame, segment: str, picture: Picture) -> None:
    """A button that makes the full report of a window, and then one that saves it.

    It is saved rather than shown: a page made elsewhere has no business in this one.
    """
    windows = _windows(chosen)
    if not windows or not program.arguments():
        return
    show.section("Full report of a window")
    labels = [words.window(window.start, window.end, picture.facts.zone, picture.year) for window in windows]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        window = windows[choices.window(labels)]
        pressed = st.button("Make the full report", icon=":material/description:")
    about = (model, window, segment)
    if pressed:
        with st.spinner("Evidently compares the window with the baseline: half a minute to some minutes …"):
            st.session_state[_REPORT] = about, program.full_report(model, window.start, window.end, segment)
    # The last one alone is kept: each is some megabytes.
    of, made = st.session_state.get(_REPORT, (about, None))
    made = made if of == about else None
    if isinstance(made, program.Failure):
        show.sentence(f"There is no report: {made.reason}.")
    elif made is not None:
        show.note("A page that needs no server and asks nothing of any: save it, and open it in a browser.")
        name = _file_name(model, window)
        st.download_button("Save the report", made, name, "text/html", icon=":material/download:", on_click="ignore")
    else:
        show.note("Evidently's own report, on up to 5,000 rows of either side. Its verdicts are by its own limits.")


def _offered(chosen: pd.DataFrame) -> pd.DataFrame:
    """Bad results, the newest windows first, then all others of the last windows, the worst first."""
    bad = frames.worst_first(chosen[chosen["status"].isin(["warning", "critical"])])
    bad = bad.sort_values("window_end", ascending=False, kind="stable")
    last = frames.worst_first(frames.latest_windows(chosen))
    return pd.concat([bad, last]).drop_duplicates("id").head(MOST_RESULTS)


def _windows(chosen: pd.DataFrame) -> list[Window]:
    """The windows that have rows, the newest first."""
    spans = chosen.loc[chosen["n_current"] > 0, ["window_start", "window_end"]].drop_duplicates()
    spans = spans.sort_values(["window_end", "window_start"], ascending=False).head(MOST_WINDOWS)
    pairs = zip(spans["window_start"], spans["window_end"], strict=True)
    return [Window(start.to_pydatetime(), end.to_pydatetime()) for start, end in pairs]


def _result_label(row: Any, picture: Picture) -> str:
    window = words.window(row.window_start, row.window_end, picture.facts.zone, picture.year)
    of = f" of {words.shorten(row.field)}" if row.field else ""
    where = f" in {words.shorten(row.segment)}" if row.segment else ""
    return f"{window}: {words.method(row.method)}{of}{where}, {states.status(row.status).label} ({row.monitor})"


def _file_name(model: str, window: Window) -> str:
    return f"{model}-{window.start:%Y-%m-%d-%H%M}.html"
