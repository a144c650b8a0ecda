"""`streamlit run` starts here: the look of every page, and the way between them."""

import pathlib

import streamlit as st

from transforms.bi.dashboard import choices, sections
from transforms.bi.dashboard.athena import QueryError, run_query

# not called pages: Streamlit would take a folder of that name for pages that are found by themselves
PAGES = pathlib.Path(__file__).parent / "views"
_STYLE = """
<style>
.block-container {padding-top: 2.5rem; max-width: 1200px}
[data-testid="stMetric"] {border: 1px solid rgba(128, 140, 152, 0.35); border-radius: 6px; padding: 0.8rem 1rem}
[data-testid="stMetricLabel"] p, [data-testid="stMetricValue"] div {white-space: normal; overflow-wrap: anywhere}
[data-testid="stMetricValue"] {font-size: 1.5rem}
/* six tiles side by side: some labels take two lines */
@media (min-width: 640px) {[data-testid="stMetricLabel"] {min-height: 2.8em; align-items: start}}
h1 {font-size: 1.9rem !important; padding-bottom: 0.2rem !important}
h4 {padding-top: 0 !important}
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stExpander"],
  details > summary, button {display: none !important}
  [data-testid="stMain"], .stApp, [data-testid="stAppViewContainer"] {
    position: static !important; overflow: visible !important}
  [data-testid="stMetric"], [data-testid="stVegaLiteChart"], [data-testid="stVerticalBlockBorderWrapper"] {
    break-inside: avoid}
}
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
    choices.offer()
    try:
        page.run()
    except QueryError as error:
        sections.explain(error)
        # kept answers are given up too: they may be of before the remedy
        st.button("Try again", icon=":material/refresh:", on_click=run_query.clear)


main()
