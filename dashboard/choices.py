"""The choices at the top of the model page, each bound to the address, so that a copied link restores them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import pandas as pd
import streamlit as st

from dashboard import links, words
from dashboard.facts import ModelFacts

ALL = "all monitors"
_WHOLE = ""


def asked_model() -> str | None:
    """The model that the address names, before any widget has read it."""
    return st.query_params.get(links.MODEL) or st.session_state.get(links.MODEL)


def model(names: Sequence[str]) -> str:
    """Which model, of ``names``; the address must name one. It is never a default, so it stays in the address."""
    chosen = st.selectbox("Model", sorted(names), index=None, key=links.MODEL, bind="query-params", width=220)
    return names[0] if chosen is None else chosen


def span() -> str:
    """How far back: one of ``links.RANGES``."""
    chosen = st.segmented_control(
        "Range",
        links.RANGES,
        default=links.DEFAULT_RANGE,
        required=True,
        key=links.RANGE,
        bind="query-params",
        help="How far back from the last window that was judged.",
    )
    return chosen or links.DEFAULT_RANGE


def until() -> date | None:
    """The last day to show; None is the newest there is."""
    chosen = st.date_input(
        "Up to", value=None, key=links.UNTIL, bind="query-params", format="YYYY-MM-DD", width=140,
        help="The last day to show. Empty: the newest.",
    )  # fmt: skip
    return chosen if isinstance(chosen, date) else None


def monitor(results: pd.DataFrame) -> str:
    """Which monitor, or ALL."""
    names = sorted(results["monitor"].unique())
    if len(names) < 2:
        return ALL
    chosen = st.selectbox("Monitor", [ALL, *names], key=links.MONITOR, bind="query-params", width=180)
    return ALL if chosen is None else chosen


def segment(results: pd.DataFrame) -> str:
    """Which segment; ``""`` is the whole stream. Not asked where there are no segments."""
    names = sorted(set(results["segment"].unique()) - {_WHOLE})
    if not names:
        return _WHOLE
    chosen = st.selectbox(
        "Segment", [_WHOLE, *names], format_func=_segment_name, key=links.SEGMENT, bind="query-params", width=180
    )
    return _WHOLE if chosen is None else chosen


def field(names: Sequence[str]) -> str:
    """Which field to look at closely; the first of ``names``, the worst, until one is chosen.

    There is no default: one that follows the data would leave a chosen field out of the address on the day it is
    the worst, and a copied link would show another one later.
    """
    chosen = st.selectbox(
        "Field",
        list(names),
        index=None,
        placeholder=f"{words.shorten(names[0])} (the worst)",
        key=links.FIELD,
        bind="query-params",
        width=320,
    )
    return names[0] if chosen is None else chosen


def measure(measures: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Which (monitor, method) of the field; the first is the worst. Not asked where there is one."""
    if len(measures) == 1:
        return measures[0]
    names = [f"{monitor}/{method}" for monitor, method in measures]
    shown = {
        name: f"{words.method(method)} ({monitor})" for name, (monitor, method) in zip(names, measures, strict=True)
    }
    chosen = _of_worst_first("Measured by", names, shown, links.MEASURE)
    return measures[names.index(chosen)]


def metric(names: Sequence[str]) -> str:
    """Which metric of performance; the first is the worst."""
    return _of_worst_first("Metric", names, {name: words.method(name) for name in names}, links.METRIC)


def result(labels: Mapping[int, str]) -> int | None:
    """Which result to say more about, by its id; None until one is chosen."""
    return st.selectbox(
        "Result",
        list(labels),
        index=None,
        placeholder="Choose a result",
        format_func=lambda result_id: labels[result_id],
        key="result",
        width=620,
    )


def window(labels: Sequence[str]) -> int:
    """Which window, by its position; the first until one is chosen."""
    chosen = st.selectbox("Window", range(len(labels)), format_func=lambda at: labels[at], key="window", width=320)
    return 0 if chosen is None else chosen


def _of_worst_first(label: str, names: Sequence[str], shown: dict[str, str], key: str) -> str:
    """One of ``names``, the first until one is chosen; without a default, as for ``field``."""
    chosen = st.selectbox(
        label,
        list(names),
        index=None,
        placeholder=shown[names[0]],
        format_func=lambda name: shown[name],
        key=key,
        bind="query-params",
        width=240,
    )
    return names[0] if chosen is None else chosen


def period(facts: ModelFacts, span_text: str, until_day: date | None) -> tuple[datetime | None, datetime | None]:
    """From when to when windows may end, (None, None) for all. A span ends with the last window judged."""
    last = facts.last_judged
    end = datetime(until_day.year, until_day.month, until_day.day, tzinfo=facts.zone) if until_day else None
    until_instant = end + timedelta(days=1) if end else (last.end if last else None)
    if span_text == "all" or until_instant is None:
        return None, until_instant
    return until_instant - timedelta(days=int(span_text.removesuffix("d"))), until_instant


def _segment_name(name: str) -> str:
    return name or "whole stream"
