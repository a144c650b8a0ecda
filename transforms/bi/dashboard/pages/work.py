"""How work flows: the backlog, how long things take, what kinds there are."""

import streamlit as st

from transforms.bi.dashboard import sections

day = sections.heading("Work")
left, right = st.columns(2)
with left:
    sections.card("burn_down_last_30_days", day)
    sections.card("cycle_time_by_priority", day)
    sections.card("category_trends", day)
    sections.card("due_in_the_next_seven_days", day)
with right:
    sections.card("backlog_change_by_week", day)
    sections.card("cycle_time_per_week", day)
    sections.card("completion_rate_by_category", day)
    sections.card("time_in_each_status", day)
sections.card("oldest_open_tasks", day)
