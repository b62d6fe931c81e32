"""Streamlit pages over recorded results."""
