"""Cards: each answers one saved query about what is chosen in the sidebar, and shows the rows behind its figures."""

import dataclasses

import streamlit as st

from transforms.bi import filters
from transforms.bi.dashboard import choices, explanation, sections
from transforms.bi.dashboard.athena import QueryError
from transforms.bi.filters import Filtered
from transforms.bi.saved_queries import SavedQuery


def card(name: str) -> None:
    """One saved query with its title, its chart or its rows, what they are as of, and what they count.

    Raises:
        UnreachableError: Athena would answer no other card either.
    """
    query, filtered = filter_query(sections.question(name))
    found = sections.try_query(query.sql)  # before the card is begun: a page that ends here has no empty one
    with st.container(border=True):
        st.markdown(f"**{query.title}**")
        if isinstance(found, QueryError):
            sections.explain(found)
            return
        shown, when = found
        sections.show(query, shown)
        partial = f" {sections.PARTIAL}" if sections.is_partial(query, shown) else ""
        words = describe_filters(filtered)
        st.caption(f"{query.description}{partial} {words}{'' if filtered.is_live else sections.sentence(when)}")
        if not shown.frame.empty:
            with st.expander("Explain"):
                if not explanation.offer(query, shown.frame, f"explain-{name}"):
                    sections.rows(shown.frame)


def filter_query(query: SavedQuery) -> tuple[SavedQuery, Filtered]:
    """A saved query about what is chosen in the sidebar.

    Raises:
        QueryError: Athena cannot say which day gold's last build was on.
    """
    filtered = filters.apply(query.sql, choices.chosen(), choices.last_day())
    return dataclasses.replace(query, sql=filtered.sql), filtered


def describe_filters(filtered: Filtered) -> str:
    """What of the choice a card cannot obey, and whether it is live; ends with a blank unless it is empty."""
    words = "As of now. " if filtered.is_live else ""
    if filtered.unfiltered:
        words += f"Of all categories and priorities: {', '.join(filtered.unfiltered)} does not tell tasks apart. "
    return words
