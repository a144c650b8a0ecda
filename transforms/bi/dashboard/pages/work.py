"""How work flows: the backlog, how long things take, what kinds there are."""

import streamlit as st

from transforms.bi.dashboard import sections

sections.heading("Work")
left, right = st.columns(2)
with left:
    sections.card("burn_down_last_30_days")
    sections.card("cycle_time_by_priority")
    sections.card("category_trends")
    sections.card("due_in_the_next_seven_days")
with right:
    sections.card("backlog_change_by_week")
    sections.card("cycle_time_per_week")
    sections.card("completion_rate_by_category")
    sections.card("time_in_each_status")
sections.card("oldest_open_tasks")
