"""Who comes, who stays, when they work; no names, no addresses."""

import streamlit as st

from transforms.bi.dashboard import cards, sections

sections.heading("People", without_tasks=True)
cards.card("cohort_retention")
left, right = st.columns(2)
with left:
    cards.card("new_users_per_week")
    cards.card("most_active_users")
with right:
    cards.card("activity_by_weekday")
    cards.card("users_by_email_domain")
cards.card("activity_by_hour")
