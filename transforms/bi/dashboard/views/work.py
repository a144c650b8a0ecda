"""How work flows: the backlog, how long things take, what kinds there are."""

import streamlit as st

from transforms.bi.dashboard import cards, sections

sections.heading("Work")
left, right = st.columns(2)
with left:
    cards.card("burn_down_last_30_days")
    cards.card("cycle_time_by_priority")
    cards.card("category_trends")
    cards.card("due_in_the_next_seven_days")
with right:
    cards.card("backlog_change_by_week")
    cards.card("cycle_time_per_week")
    cards.card("completion_rate_by_category")
    cards.card("time_in_each_status")
cards.card("oldest_open_tasks")
