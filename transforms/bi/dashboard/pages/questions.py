"""Every saved query, with its chart, its rows and its SQL; `?query=<name>` leads straight to one."""

import streamlit as st

from transforms.bi.dashboard import sections
from transforms.bi.saved_queries import all_queries

sections.heading("Saved queries", without_tasks=True)
queries = {query.name: query for query in all_queries()}
requested = st.query_params.get("query", "")
chosen = st.selectbox(
    f"{len(queries)} questions, the same that Athena’s editor lists as saved queries",
    list(queries),
    index=list(queries).index(requested) if requested in queries else 0,
    format_func=lambda name: queries[name].title,
)
query = queries[chosen]
st.query_params["query"] = query.name
st.markdown(query.description)
if found := sections.answer(query.sql):
    answer, when = found
    if sections.is_partial(query, answer):
        st.caption(sections.PARTIAL)
    sections.show(query, answer)
    counted = f"{len(answer.frame):,} row" + ("" if len(answer.frame) == 1 else "s")
    st.caption(
        f"{f'{counted} {when}'.strip()}; Athena read {answer.scanned:,} bytes. Answers are kept for five minutes."
    )
    if query.chart.kind != "table" and not answer.frame.empty:
        with st.expander("Rows"):
            sections.rows(answer.frame)
with st.expander("SQL"):
    st.code(query.sql, language="sql")
