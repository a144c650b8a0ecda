"""What every page is made of: a heading that says how fresh gold is, and cards that each answer one saved query."""

import datetime as dt
from typing import Any

import pandas as pd
import streamlit as st

from transforms.bi.dashboard.charts import draw, words
from transforms.bi.dashboard.gold import DATABASE, Answer, NoAnswerError, ask
from transforms.bi.saved_queries import SavedQuery, all_queries

_LAST_DAY = "select max(backlog_date) as day from fct_daily_backlog"


def heading(title: str) -> dt.date:
    """The page's title and the day that its figures are as of; the page ends here when gold has nothing to show."""
    st.title(title)
    try:
        last = ask(_LAST_DAY).frame["day"].iloc[0]
    except NoAnswerError as error:
        explain(error)
        st.stop()
    if pd.isna(last):
        explain(NoAnswerError("Gold is empty: no task has ever been created.", "make demo"))
        st.stop()
    day: dt.date = pd.Timestamp(last).date()
    st.caption(f"Figures {as_of(day)} (UTC), the last day in `{DATABASE}`. Deleted tasks count in none of them.")
    return day


def as_of(day: dt.date) -> str:
    """`as of Sunday 22 November 2026`."""
    return f"as of {day:%A} {day.day} {day:%B %Y}"


def explain(error: NoAnswerError) -> None:
    """Say what is missing and which command helps."""
    with st.container(border=True):
        st.markdown(f"#### Nothing to show yet\n{error.why}")
        if error.remedy:
            st.markdown("What to run, in a terminal in this project’s folder:")
            st.code(error.remedy, language="sh")
            st.caption("Then press R here, or reload the page.")


def question(name: str) -> SavedQuery:
    """The saved query of that file name."""
    (found,) = (query for query in all_queries() if query.name == name)
    return found


def card(name: str, when: dt.date | None = None) -> None:
    """One saved query with its title, its chart or its rows, and what they are as of."""
    query = question(name)
    with st.container(border=True):
        st.markdown(f"**{query.title}**")
        try:
            answer = ask(query.sql)
        except NoAnswerError as error:
            explain(error)
            return
        show(query, answer)
        dated = f" A{as_of(when)[1:]}." if when else ""
        st.caption(query.description + dated)


def show(query: SavedQuery, answer: Answer) -> None:
    """An answer as its chart, or as rows when it has none."""
    if answer.frame.empty:
        st.info("No rows: nothing like this has happened yet.")
        return
    drawn = draw(query.chart, answer.frame)
    if drawn is None:
        rows(answer.frame)
    else:
        st.altair_chart(drawn, theme=None)


def rows(frame: pd.DataFrame) -> None:
    """An answer's rows, under names that people read."""
    columns: dict[str, Any] = {}
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            whole = (frame[name].dropna().dt.normalize() == frame[name].dropna()).all()
            columns[name] = st.column_config.DatetimeColumn(
                words(name), format="D MMM YYYY" if whole else "D MMM YYYY, HH:mm"
            )
        else:
            columns[name] = st.column_config.Column(words(name))
    st.dataframe(frame, hide_index=True, column_config=columns)
