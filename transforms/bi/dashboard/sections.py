"""What every page is made of: a heading that says how fresh gold is, and cards that each answer one saved query."""

from typing import Any

import pandas as pd
import streamlit as st

from transforms.bi.dashboard import as_of, choices
from transforms.bi.dashboard.athena import (
    DATABASE,
    QueryError,
    QueryResult,
    UnreachableError,
    run_query,
)
from transforms.bi.dashboard.charts import draw, words
from transforms.bi.saved_queries import SavedQuery, all_queries

PARTIAL = "What is dashed or lighter is not over yet."


def heading(title: str, *, without_tasks: bool = False) -> None:
    """The page's title, and what its figures are as of.

    Args:
        without_tasks: whether the page has something to show while no task has ever been created.

    Raises:
        QueryError: there is nothing to show on this page.
    """
    st.title(title)
    when = as_of.describe_freshness(as_of.BACKLOG)
    if when:
        st.caption(
            f"Figures {when} (UTC), the last day in `{DATABASE}`. "
            "What is open or done now counts no deleted task; what happened counts tasks that were deleted since, too."
        )
    elif not without_tasks:
        raise QueryError("No tasks yet", "Gold is built, and no task has ever been created.", "make demo")
    else:
        st.caption(f"No task has ever been created, as far as `{DATABASE}` knows.")


def explain(error: QueryError) -> None:
    """Say what is missing and which command helps."""
    with st.container(border=True):
        st.markdown(f"#### {error.what}\n{error.why}")
        if error.remedy:
            st.markdown("What to run, in a terminal in this project’s folder:")
            st.code(error.remedy, language="sh")


def question(name: str) -> SavedQuery:
    """The saved query of that file name."""
    (found,) = (query for query in all_queries() if query.name == name)
    return found


def answer(sql: str) -> tuple[QueryResult, str] | None:
    """What Athena answers and what that is as of; None when it does not, which the page then explains.

    Raises:
        UnreachableError: it would answer nothing else either.
    """
    found = try_query(sql)
    if isinstance(found, QueryError):
        explain(found)
        return None
    return found


def try_query(sql: str) -> tuple[QueryResult, str] | QueryError:
    """What Athena answers and what that is as of, or why it does not.

    Raises:
        UnreachableError: it would answer nothing else either.
    """
    try:
        return run_query(sql), as_of.describe_freshness(sql)
    except UnreachableError:
        raise
    except QueryError as error:
        return error


def sentence(when: str) -> str:
    """`as of …` as a sentence of its own; empty when nothing is."""
    return f"{when[:1].upper()}{when[1:]}." if when else ""


def is_partial(query: SavedQuery, answer: QueryResult) -> bool:
    """Whether an answer ends with a day or week that is not over."""
    column = query.chart.partial
    return bool(column) and not answer.frame.empty and bool(answer.frame[column].astype(bool).any())


def show(query: SavedQuery, answer: QueryResult) -> None:
    """An answer as its chart, or as rows when it has none."""
    if answer.frame.empty:
        st.info(choices.describe_nothing())
        return
    drawn = draw(query.chart, answer.frame, dark=st.context.theme.type == "dark")
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
    st.dataframe(frame, hide_index=True, column_config=columns, placeholder="–")
