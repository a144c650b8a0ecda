"""The first page: key figures, what happens, what is left to do."""

from typing import Literal, cast

import streamlit as st

from transforms.bi import filters
from transforms.bi.dashboard import cards, choices, sections
from transforms.bi.dashboard.figures import SQL, figures

LIVE = "select metric, value from live_kpis"
LIVE_LABELS = {
    "open_tasks": "Open tasks",
    "overdue_tasks": "Overdue",
    "completed_tasks": "Completed",
    "total_tasks": "Tasks",
    "active_users": "Users active",
    "completion_rate_pct": "Completion rate",
}

sections.heading("Overview")
chosen = choices.chosen()
if chosen.live:
    if found := sections.answer(LIVE):
        values = dict(zip(found[0].frame["metric"], found[0].frame["value"], strict=True))
        for column, (metric, label) in zip(st.columns(len(LIVE_LABELS)), LIVE_LABELS.items(), strict=True):
            value = values.get(metric, 0)
            column.metric(label, f"{value:,.1f} %" if metric.endswith("_pct") else f"{value:,.0f}")
        st.caption("As of now: silver, and the changes in bronze that it does not hold. All categories and priorities.")
elif found := sections.answer(filters.apply(SQL, chosen, choices.last_day()).sql):
    answer, when = found
    shown = figures(answer.frame)
    for column, figure in zip(st.columns(len(shown)), shown, strict=True):
        color = cast("Literal['normal', 'inverse', 'off']", figure.good)
        arrow: Literal["auto", "off"] = "off" if figure.delta and not figure.changed else "auto"
        column.metric(figure.label, figure.value, figure.delta, color, help=figure.help, delta_arrow=arrow)
    compared = any(figure.delta for figure in shown)
    arrows = "; arrows compare with the time of the same length before" if compared else ""
    st.caption(f"{sections.sentence(when)[:-1]}{arrows}.")
left, right = st.columns(2)
with left:
    cards.card("open_tasks_per_day")
    cards.card("active_users_per_day")
with right:
    cards.card("created_and_completed_per_week")
    cards.card("overdue_by_priority")
