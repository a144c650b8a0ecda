"""Every saved query, with its chart, its rows and its SQL; `?query=<name>` leads straight to one.

`&explain=<values>` opens the rows behind one row of the answer.
"""

import streamlit as st

from transforms.bi.dashboard import cards, explanation, sections
from transforms.bi.saved_queries import SavedQuery, all_queries


def values_of(saved: SavedQuery) -> dict[str, int]:
    """The parameters' values, which the address can name: `?query=most_active_users&rows=5`."""
    values = {}
    for name, default in saved.parameters.items():
        requested = st.query_params.get(name, "")
        begin = int(requested) if requested.isdecimal() else default
        picked = st.number_input(name.capitalize(), min_value=0, value=begin, step=1, key=f"{saved.name}-{name}")
        values[name] = int(picked)
        if picked == default:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = str(picked)
    return values


sections.heading("Saved queries", without_tasks=True)
queries = {query.name: query for query in all_queries()}
requested = st.query_params.get("query", "")
chosen = st.selectbox(
    f"{len(queries)} questions, the same that Athena’s editor lists as saved queries",
    list(queries),
    index=list(queries).index(requested) if requested in queries else 0,
    format_func=lambda name: queries[name].title,
)
query, filtered = cards.filter_query(queries[chosen].with_values(values_of(queries[chosen])))
st.query_params["query"] = query.name
st.markdown(query.description)
if found := sections.answer(query.sql):
    answer, when = found
    if sections.is_partial(query, answer):
        st.caption(sections.PARTIAL)
    sections.show(query, answer)
    if words := cards.describe_filters(filtered):
        st.caption(words)
    counted = f"{len(answer.frame):,} row" + ("" if len(answer.frame) == 1 else "s")
    st.caption(
        f"{f'{counted} {when}'.strip()}; Athena read {answer.scanned:,} bytes. Answers are kept for five minutes."
    )
    explanation.offer(query, answer.frame)
    if query.chart.kind != "table" and not answer.frame.empty:
        with st.expander("Rows"):
            sections.rows(answer.frame)
with st.expander("SQL"):
    st.code(query.sql, language="sql")
