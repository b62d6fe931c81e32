"""What the pages read: the queries, kept for a few seconds so that many open pages cost the store one reading."""

import os
from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard import clock, program, queries
from dashboard.facts import ModelFacts
from dashboard.server import DATABASE_URL
from store.engine import Engine, open_engine

FRESH_SECONDS = 5
# What is said of a result changes only as other monitors judge its window.
WORDS_SECONDS = 60


def store_url() -> str:
    """The address of the store, from the environment; empty when it is not set."""
    return os.environ.get(DATABASE_URL, "")


@st.cache_resource(show_spinner=False)
def engine(url: str) -> Engine:
    """The engine on a store, opened once a process."""
    return open_engine(url)


@st.cache_data(ttl=FRESH_SECONDS, show_spinner=False)
def fleet(url: str) -> list[ModelFacts]:
    """All models."""
    return queries.fleet(engine(url), clock.now())


@st.cache_data(ttl=FRESH_SECONDS, show_spinner=False)
def results(url: str, name: str, since: datetime | None, until: datetime | None) -> pd.DataFrame:
    """The recorded results of a model as a frame of ``frames.results_frame``."""
    return queries.results(engine(url), name, since, until)


@st.cache_data(ttl=FRESH_SECONDS, show_spinner=False)
def transitions(url: str, name: str) -> pd.DataFrame:
    """Changes of the alerts of a model."""
    return queries.transitions(engine(url), name)


@st.cache_data(ttl=FRESH_SECONDS, show_spinner=False)
def messages(url: str, name: str) -> pd.DataFrame:
    """The last messages about a model."""
    return queries.messages(engine(url), name, clock.now())


@st.cache_data(ttl=WORDS_SECONDS, show_spinner=False, max_entries=200)
def words_about(result_id: int) -> program.Words | program.Failure:
    """What the program says of a result."""
    return program.words_about(result_id)
