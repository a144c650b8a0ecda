"""What of gold the pages are about: chosen in the sidebar, kept in the address, so that a link shows the same.

`?from=2026-11-01&to=2026-11-22&category=work&category=&priority=high&live=1`: an empty category stands for tasks
without one.
"""

import datetime as dt
from typing import Any

import pandas as pd
import streamlit as st

from transforms.bi.dashboard.athena import QueryError, run_query
from transforms.bi.dashboard.charts import PRIORITIES
from transforms.bi.filters import Filters

_LAST = "select max(backlog_date) as day from fct_daily_backlog"
_CATEGORIES = "select distinct coalesce(category, '') as category from fct_tasks order by category"
_ALL, _OWN = "All days", "From … to …"
RANGES = {_ALL: None, "Last 7 days": 7, "Last 30 days": 30, "Last 90 days": 90, _OWN: None}
NO_CATEGORY = "no category"
_KEPT = "choices"


def last_day() -> dt.date:
    """The last day that gold knows; today when it knows none.

    Raises:
        QueryError: Athena cannot say.
    """
    found = run_query(_LAST).frame["day"].iloc[0]
    return dt.datetime.now(dt.UTC).date() if pd.isna(found) else pd.Timestamp(found).date()


def chosen() -> Filters:
    """What the address says; what is no date or no priority says nothing."""
    given = st.query_params
    return Filters(
        _day(given.get("from", "")),
        _day(given.get("to", "")),
        tuple(given.get_all("category")),
        tuple(one for one in given.get_all("priority") if one in PRIORITIES),
        given.get("live") == "1",
    )


def describe_nothing() -> str:
    """Why an answer has no rows: nothing has happened, or nothing of what is chosen."""
    now = chosen()
    if now.start or now.end or now.categories or now.priorities:
        return "No rows: nothing like this in what is chosen."
    return "No rows: nothing like this has happened yet."


def offer() -> None:
    """The sidebar's widgets; they begin as the address says and write back to it."""
    _restore()
    before = chosen()
    with st.sidebar:
        st.markdown("**What is shown**")
        try:
            last = last_day()
            known = [str(one) for one in run_query(_CATEGORIES).frame["category"]]
        except QueryError:
            # the page says what is wrong
            return
        start, end = _range(before, last)
        categories = st.multiselect(
            "Categories",
            sorted({*known, *before.categories}),
            list(before.categories),
            format_func=lambda one: one or NO_CATEGORY,
            placeholder="all",
        )
        priorities = st.multiselect("Priorities", list(PRIORITIES), list(before.priorities), placeholder="all")
        live = st.toggle(
            "Live",
            before.live,
            help="As of now, where figures can be: silver and the changes in bronze that it does not hold. "
            "It needs a role that may read bronze.",
        )
    _write(Filters(start, end, tuple(categories), tuple(priorities), live))


def _range(before: Filters, last: dt.date) -> tuple[dt.date | None, dt.date | None]:
    names = list(RANGES)
    is_bounded = bool(before.start or before.end)
    length = (last - before.start).days + 1 if before.start and before.end in (None, last) else None
    current = next((name for name, days in RANGES.items() if days and days == length), _OWN if is_bounded else _ALL)
    picked = st.selectbox("Days", names, index=names.index(current))
    if picked == _ALL:
        return None, None
    days = RANGES[picked]
    if days:
        return last - dt.timedelta(days=days - 1), None
    start = st.date_input("From", before.start or last - dt.timedelta(days=29), format="YYYY-MM-DD")
    end = st.date_input("To", before.end or last, format="YYYY-MM-DD")
    return _only(start), _only(end)


def _only(picked: Any) -> dt.date | None:
    return picked if isinstance(picked, dt.date) else None


def _write(filters: Filters) -> None:
    words: dict[str, Any] = {
        "from": str(filters.start or ""),
        "to": str(filters.end or ""),
        "category": list(filters.categories),
        "priority": list(filters.priorities),
        "live": "1" if filters.live else "",
    }
    for name, value in words.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)
    st.session_state[_KEPT] = {name: value for name, value in words.items() if value}


def _restore() -> None:
    """A way to another page leaves the address behind: what was chosen goes along."""
    if any(name in st.query_params for name in ("from", "to", "category", "priority", "live")):
        return
    for name, value in st.session_state.get(_KEPT, {}).items():
        st.query_params[name] = value


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
