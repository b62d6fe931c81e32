"""One model: what is wrong with it since when, field by field, metric by metric, and who was told."""

from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard import (
    choices,
    clock,
    closer,
    frames,
    guard,
    labels,
    links,
    queries,
    reads,
    sections,
    show,
    verdict,
    words,
)
from dashboard.charts.palette import palette
from dashboard.facts import ModelFacts
from dashboard.sections import Picture


def page() -> None:
    """Draw the page."""
    url = guard.usable_store()
    now = clock.now()
    models = reads.fleet(url)
    if not models:
        show.headline("No models yet.")
        show.sentence("Describe a model in a file and apply it:")
        st.code("modelwatch apply model.yaml", language=None)
        return
    names = [facts.name for facts in sorted(models, key=verdict.urgency)]
    asked = choices.asked_model()
    if asked is None:
        st.switch_page("views/model.py", query_params={links.MODEL: names[0]})
    if asked not in names:
        _unknown(asked)
        return
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    with bar:
        name = choices.model(names)
        span = choices.span()
        until_day = choices.until()
    facts = next(facts for facts in models if facts.name == name)
    since, until = choices.period(facts, span, until_day)
    everything = reads.results(url, name, since, until)
    with bar:
        monitor = choices.monitor(everything)
        segment = choices.segment(everything)
    facts = replace(facts, labels=labels.known(everything))
    show.verdict(verdict.judge(facts, now))
    show.note(_about(facts, now))
    _runbook(facts)
    if everything.empty:
        _nothing(facts)
        return
    if len(everything) >= queries.MOST_RESULTS:
        show.note(f"Only the newest {queries.MOST_RESULTS:,} results are shown: choose a shorter range.")
    chosen = everything if monitor == choices.ALL else everything[everything["monitor"] == monitor]
    chosen = frames.of_segment(chosen, segment)
    picture = Picture(facts, now, palette(st.context.theme.type))
    _sections(url, chosen, picture)
    closer.one_result(chosen, picture)
    closer.full_report(name, chosen, segment, picture)
    sections.messages(reads.messages(url, name))


def _unknown(asked: str) -> None:
    """An old link, or a misspelt one: never show another model in place of the one asked for."""
    show.headline(f"There is no model named {words.shorten(asked)}.")
    show.sentence("The link may be older than the store, or the name misspelt.")
    st.page_link("views/fleet.py", label="See all models")


def _sections(url: str, chosen: pd.DataFrame, picture: Picture) -> None:
    inputs = frames.of_kinds(chosen, "drift", "quality")
    transitions = reads.transitions(url, picture.facts.name)
    sections.fields_over_time(inputs, transitions, picture)
    sections.drift_as_a_whole(inputs, picture)
    sections.fields_table(inputs, picture)
    sections.one_field(inputs, transitions, picture)
    sections.performance(frames.of_kinds(chosen, *frames.LESS_MAY_BE_WORSE), transitions, picture)
    sections.quality(chosen, picture)


def _about(facts: ModelFacts, now: datetime) -> str:
    parts = []
    if facts.baseline is not None:
        made = words.age(facts.baseline.created_at, now)
        rows = words.count(facts.baseline.n_rows, "row")
        origin = words.shorten(facts.baseline.origin, 60)
        parts.append(f"Compared with {origin} (version {words.shorten(facts.baseline.version)}, {rows}, set {made})")
    if facts.last_received is not None:
        parts.append(f"last event {words.age(facts.last_received, now)}")
    if facts.owner:
        parts.append(f"owner {words.shorten(facts.owner, 60)}")
    parts.append(f"times in {facts.zone.key}")
    return " · ".join(parts)


def _runbook(facts: ModelFacts) -> None:
    """The runbook is a link only when it is one that a browser opens as a page."""
    if facts.runbook.startswith(("https://", "http://")):
        st.link_button("Runbook", facts.runbook, icon=":material/menu_book:")
    elif facts.runbook:
        show.note(f"Runbook: {facts.runbook}")


def _nothing(facts: ModelFacts) -> None:
    if facts.windows:
        show.sentence("No window was judged in this time range. Choose a longer one above.")


if __name__ == "__main__":
    page()
