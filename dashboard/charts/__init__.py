"""Charts as pure functions: a frame in, an Altair chart out. No reading, no Streamlit."""
