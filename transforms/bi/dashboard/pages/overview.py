"""The first page: key figures, what happens, what is left to do."""

from typing import Literal, cast

import streamlit as st

from transforms.bi.dashboard import sections
from transforms.bi.dashboard.figures import SQL, figures

sections.heading("Overview")
if found := sections.answer(SQL):
    answer, when = found
    shown = figures(answer.frame)
    for column, figure in zip(st.columns(len(shown)), shown, strict=True):
        color = cast("Literal['normal', 'inverse', 'off']", figure.good)
        column.metric(figure.label, figure.value, figure.delta, delta_color=color, help=figure.help)
    st.caption(f"{sections.sentence(when)[:-1]}; arrows compare with the time of the same length before.")
left, right = st.columns(2)
with left:
    sections.card("open_tasks_per_day")
    sections.card("active_users_per_day")
with right:
    sections.card("created_and_completed_per_week")
    sections.card("overdue_by_priority")
