"""The rows behind one row of a saved query's answer, which a link can name: `?query=<name>&explain=<values>`."""

from typing import Any

import pandas as pd
import streamlit as st

from transforms.bi.dashboard import sections
from transforms.bi.explain.cells import Cell, ExplainError, rows_of, take_apart
from transforms.bi.saved_queries import SavedQuery

MOST_CHOICES = 500
"""Rows of an answer that can be chosen; a longer list is no choice."""

MOST_ROWS = 1000
_BETWEEN = " · "


def offer(query: SavedQuery, frame: pd.DataFrame, parameter: str = "explain") -> bool:
    """Let somebody choose a row of the answer, and show what was counted for it.

    Args:
        query: what was asked.
        frame: its answer.
        parameter: of the address, which names the chosen row.

    Returns:
        whether there is something to explain: rows that were aggregated.
    """
    try:
        cell = take_apart(query.sql)
    except ExplainError:
        return False
    choices = list_choices(cell, frame)
    if not choices:
        return False
    names = ["", *choices]
    requested = st.query_params.get(parameter, "")
    chosen = st.selectbox(
        "Explain a row: show what it counts",
        names,
        index=names.index(requested) if requested in choices else 0,
        format_func=lambda name: name or "choose one",
        key=f"explain-{query.name}",
    )
    if not chosen:
        st.query_params.pop(parameter, None)
        return True
    st.query_params[parameter] = chosen
    if found := sections.answer(f"{rows_of(cell, choices[chosen])} limit {MOST_ROWS}"):
        answer, _ = found
        sections.rows(answer.frame.drop(columns=list(choices[chosen])))
        counted, some = len(answer.frame), " at least" if len(answer.frame) == MOST_ROWS else ""
        st.caption(f"{counted:,} row{'' if counted == 1 else 's'} behind {chosen}{some}.")
    return True


def list_choices(cell: Cell, frame: pd.DataFrame) -> dict[str, dict[str, str | None]]:
    """The values by which each row of an answer is known, by the words that a person chooses it by.

    Args:
        cell: the query, taken apart.
        frame: its answer.
    """
    keys = [key for key in cell.keys if key in frame.columns]
    choices: dict[str, dict[str, str | None]] = {}
    for row in frame[keys].head(MOST_CHOICES).itertuples(index=False):
        values = dict(zip(keys, map(_as_athena, row), strict=True))
        choices[_BETWEEN.join(value or "null" for value in values.values())] = values
    return choices


def _as_athena(value: Any) -> str | None:
    """A value as Athena casts it to text."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M:%S.%f}"[:-3]
    return str(value).lower() if isinstance(value, bool) else str(value)
