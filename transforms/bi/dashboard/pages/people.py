"""Who comes, who stays, when they work; no names, no addresses."""

import streamlit as st

from transforms.bi.dashboard import sections

sections.heading("People", without_tasks=True)
sections.card("cohort_retention")
left, right = st.columns(2)
with left:
    sections.card("new_users_per_week")
    sections.card("most_active_users")
with right:
    sections.card("activity_by_weekday")
    sections.card("users_by_email_domain")
sections.card("activity_by_hour")
