"""The dashboard: what ``streamlit run`` starts. Two pages, the fleet and one model."""

import streamlit as st

# Drawn here: an icon by name would be fetched from a host of its maker by every browser.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="none" stroke="#1f6fc4" '
    'stroke-width="2.4" stroke-linejoin="round" d="M2 13h5l3-8 4 14 3-6h5"/></svg>'
)
FLEET = "views/fleet.py"
MODEL = "views/model.py"


def main() -> None:
    """Set up the navigation and run the page that the address names."""
    st.set_page_config(page_title="modelwatch", page_icon=ICON, layout="wide")
    # Streamlit leaves a hand's breadth free above the page.
    st.html("<style>.stMainBlockContainer { padding-top: 4.5rem; }</style>")
    # The default page answers at "/" alone, whatever its ``url_path``: its hidden twin answers at "/fleet".
    pages = [
        st.Page(FLEET, title="Fleet", icon=":material/dashboard:", url_path="overview", default=True),
        st.Page(FLEET, title="Fleet", icon=":material/dashboard:", url_path="fleet", visibility="hidden"),
        st.Page(MODEL, title="Model", icon=":material/monitoring:", url_path="model"),
    ]
    st.navigation(pages, position="top").run()


main()
