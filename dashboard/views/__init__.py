"""The pages; Streamlit runs each file as a script, after ``dashboard/app.py``.

The folder must not be called ``pages``: Streamlit would run such files by themselves, without the navigation, for
whoever comes by a link before anybody has opened the first page.
"""
