"""Putting text on a page such that names chosen by others come out as text."""

from collections.abc import Sequence

import streamlit as st

from dashboard import states, words
from dashboard.verdict import Verdict

_COLOURS = {
    "critical": "red",
    "warning": "orange",
    "error": "orange",
    "nodata": "gray",
    "pending": "blue",
    "insufficient": "gray",
    "waiting": "gray",
    "ok": "green",
}


def headline(text: str) -> None:
    """The sentence to read first."""
    st.markdown(f"### {words.plain(text)}")


def sentence(text: str) -> None:
    """One sentence of running text."""
    st.markdown(words.plain(text))


def note(text: str) -> None:
    """Small print."""
    st.caption(words.plain(text))


def section(title: str) -> None:
    """The title of a part of a page; it is ours, but may carry a name."""
    st.markdown(f"#### {words.plain(title)}")


def titled(title: str, sentences: Sequence[str]) -> None:
    """Sentences under a small title, each on a line of its own."""
    st.markdown(f"**{words.plain(title)}**")
    _paragraph(sentences)


def verdict(said: Verdict) -> None:
    """The state, the sentence, what explains it, and the next command where there is one."""
    shown = states.level(said.level)
    st.badge(words.plain(shown.label), color=_COLOURS[said.level])  # type: ignore[arg-type]
    headline(said.headline)
    if said.details:
        _paragraph(said.details)
    if said.command:
        st.code(said.command, language=None)


def _paragraph(lines: Sequence[str]) -> None:
    # Two spaces at the end of a line break it within one paragraph.
    st.markdown("  \n".join(words.plain(line) for line in lines))
