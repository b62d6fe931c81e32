"""Before a page reads: is there a store, and is it one that these pages can read?"""

import streamlit as st

from dashboard import reads, show
from dashboard.server import DATABASE_URL
from store.engine import StoreError, schema_state


def usable_store() -> str:
    """The address of a store that can be read; otherwise says what to do and ends the page."""
    url = reads.store_url()
    if not url:
        _refuse("No store is set.", f"Set {DATABASE_URL}, or start the dashboard with:", "modelwatch dashboard")
    try:
        state = schema_state(reads.engine(url))
    except StoreError as error:
        _refuse("The store cannot be opened.", str(error), "modelwatch doctor")
    if state != "current":
        found = {
            "empty": "The store is empty.",
            "behind": "The store is older than this dashboard.",
            "ahead": "The store is newer than this dashboard: update modelwatch here.",
        }[state]
        _refuse(found, "Prepare it with:", "modelwatch migrate")
    return url


def _refuse(what: str, hint: str, command: str) -> None:
    show.headline(what)
    show.sentence(hint)
    st.code(command, language=None)
    st.stop()
