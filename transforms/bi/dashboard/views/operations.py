"""How the platform itself is doing: the API, the pipeline, how fresh the figures are."""

import pandas as pd
import streamlit as st

from orchestration.contract import RUNS_TABLE
from transforms.bi.dashboard import cards, sections
from transforms.bi.dashboard.athena import QueryError

_FRESHNESS = """
select
    count(*) as runs,
    max(ended_at) as last_run,
    max_by(window_to, ended_at) as window_to,
    max_by(duration_seconds, ended_at) as seconds,
    max_by(rejects, ended_at) as rejects
from pipeline_runs
"""


def _age(minutes: float) -> str:
    """How long ago that is, in the unit in which people would say it."""
    if minutes < 2 * 60:
        return f"{minutes:,.0f} min"
    return f"{minutes / 60:,.0f} h" if minutes < 2 * 24 * 60 else f"{minutes / 60 / 24:,.1f} days"


def freshness() -> bool:
    """When the pipeline ran last, up to when it read, and how long ago that is; whether it has run at all."""
    found = sections.answer(_FRESHNESS)
    if not found:
        return False
    last = found[0].frame.iloc[0]
    if not last.runs:
        sections.explain(
            QueryError("No runs yet", "The pipeline has not written down a run, though gold is built.", "make pipeline")
        )
        return False
    now = pd.Timestamp.now("UTC").tz_localize(None)
    minutes = max(0, (now - pd.Timestamp(last.window_to)).total_seconds() / 60)
    shown = {
        "Data is complete up to": f"{last.window_to:%d %b %H:%M}",
        "Age of the data": _age(minutes),
        "Last run took": f"{last.seconds:,.0f} s",
        "Records rejected in it": f"{last.rejects:,.0f}",
    }
    for column, (label, value) in zip(st.columns(len(shown)), shown.items(), strict=True):
        column.metric(label, value)
    st.caption(f"As of the run that ended on {last.last_run:%d %B %Y at %H:%M} UTC, the last of {last.runs:,.0f}.")
    return True


sections.heading("Operations", without_tasks=True)
st.subheader("Data freshness and the pipeline")
if freshness():
    cards.card("pipeline_cost_per_day")
    cards.card(RUNS_TABLE)
st.subheader("The API")
left, right = st.columns(2)
with left:
    cards.card("api_requests_per_day")
    cards.card("api_errors_by_route")
with right:
    cards.card("api_slowest_routes")
    cards.card("api_cold_starts_per_day")
