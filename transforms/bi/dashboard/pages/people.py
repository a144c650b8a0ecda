"""Who comes, who stays, when they work; no names, no addresses."""

import streamlit as st

from transforms.bi.dashboard import sections

day = sections.heading("People")
sections.card("cohort_retention", day)
left, right = st.columns(2)
with left:
    sections.card("new_users_per_week", day)
    sections.card("most_active_users", day)
with right:
    sections.card("activity_by_weekday", day)
    sections.card("users_by_email_domain", day)
sections.card("activity_by_hour", day)
