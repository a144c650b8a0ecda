"""`streamlit run` starts here: the look of every page, and the way between them."""

import pathlib

import streamlit as st

from transforms.bi.dashboard import sections
from transforms.bi.dashboard.athena import QueryError, run_query

PAGES = pathlib.Path(__file__).parent / "pages"
_STYLE = """
<style>
.block-container {padding-top: 2.5rem; max-width: 1200px}
[data-testid="stMetric"] {background: #FFFFFF; border: 1px solid #DDE3EA; border-radius: 6px; padding: 0.8rem 1rem}
[data-testid="stMetricLabel"] {color: #52606D}
[data-testid="stMetricLabel"] p, [data-testid="stMetricValue"] div {white-space: normal; overflow-wrap: anywhere}
[data-testid="stMetricValue"] {font-size: 1.5rem}
h1 {font-size: 1.9rem !important; padding-bottom: 0.2rem !important}
h4 {padding-top: 0 !important}
</style>
"""


def main() -> None:
    """Show the chosen page."""
    st.set_page_config(page_title="Todo insights", page_icon=":material/insights:", layout="wide")
    st.html(_STYLE)
    page = st.navigation(
        [
            st.Page(PAGES / "overview.py", title="Overview", icon=":material/dashboard:", default=True),
            st.Page(PAGES / "work.py", title="Work", icon=":material/task_alt:"),
            st.Page(PAGES / "people.py", title="People", icon=":material/group:"),
            st.Page(PAGES / "operations.py", title="Operations", icon=":material/monitoring:"),
            st.Page(PAGES / "questions.py", title="Saved queries", icon=":material/query_stats:"),
        ]
    )
    try:
        page.run()
    except QueryError as error:
        sections.explain(error)
        # kept answers are given up too: they may be of before the remedy
        st.button("Try again", icon=":material/refresh:", on_click=run_query.clear)


main()
