"""The fleet: which model needs somebody, and is data arriving."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import clock, guard, links, reads, show, tables, verdict
from dashboard.facts import ModelFacts, level
from dashboard.states import NEEDS_SOMEBODY

# More links than this would push the table off the screen; the table has them all.
MOST_LINKS = 6

_COLUMNS = {
    "model": st.column_config.TextColumn("Model", pinned=True, width=130),
    "state": st.column_config.TextColumn("State", width=113),
    "why": st.column_config.TextColumn("Why", width=248),
    "since": st.column_config.TextColumn("Since", width=66),
    "last_event": st.column_config.TextColumn("Last event", width=85, help="When the last event was received."),
    "events": st.column_config.BarChartColumn("Events a day", width=95, y_min=0, help="Events of the last 14 days."),
    "last_window": st.column_config.TextColumn("Last judged", width=88, help="The last window that was judged."),
    "baseline": st.column_config.TextColumn("Compared with", width=200, help="The baseline: rows, age, origin."),
    "deliveries": st.column_config.TextColumn("Delivery", width=92, help="Alert messages that were given up."),
    "owner": st.column_config.TextColumn("Owner", width=95),
}


def page() -> None:
    """Draw the page."""
    url = guard.usable_store()
    now = clock.now()
    models = reads.fleet(url)
    if not models:
        _empty()
        return
    show.headline(verdict.fleet_headline(models, now))
    if told := verdict.fleet_discoveries(models):
        show.note(told)
    _links(models)
    _table(tables.fleet(models, now))


def _empty() -> None:
    show.headline("No models yet.")
    show.sentence("Describe a model in a file and apply it:")
    st.code("modelwatch apply model.yaml", language=None)


def _links(models: Sequence[ModelFacts]) -> None:
    needy = [facts for facts in sorted(models, key=verdict.urgency) if level(facts) in NEEDS_SOMEBODY]
    if not needy:
        return
    with st.container(horizontal=True):
        for facts in needy[:MOST_LINKS]:
            st.page_link("views/model.py", label=f"Open {facts.name}", query_params={links.MODEL: facts.name})


def _table(rows: pd.DataFrame) -> None:
    chosen = st.dataframe(
        rows,
        hide_index=True,
        column_config=_COLUMNS,
        on_select="rerun",
        selection_mode="single-row",
        height="content",
        placeholder="",
        column_order=[name for name in _COLUMNS if name != "deliveries" or rows[name].ne("").any()],
        alt="Models, the one that needs somebody most first",
        key="fleet",
    )
    show.note("Tick a row to open the model. Times are those of each model's own time zone.")
    selected = chosen["selection"]["rows"]
    if selected:
        st.switch_page("views/model.py", query_params={links.MODEL: str(rows["model"].iloc[selected[0]])})


if __name__ == "__main__":
    page()
