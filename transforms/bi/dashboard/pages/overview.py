"""The first page: key figures, what happens, what is left to do."""

from typing import Literal, cast

import streamlit as st

from transforms.bi.dashboard import sections
from transforms.bi.dashboard.figures import SQL, figures
from transforms.bi.dashboard.gold import NoAnswerError, ask

day = sections.heading("Overview")
try:
    shown = figures(ask(SQL).frame)
except NoAnswerError as error:
    sections.explain(error)
else:
    for column, figure in zip(st.columns(len(shown)), shown, strict=True):
        color = cast("Literal['normal', 'inverse', 'off']", figure.good)
        column.metric(figure.label, figure.value, figure.delta, delta_color=color, help=figure.help)
    st.caption(f"A{sections.as_of(day)[1:]}; arrows compare with the time before, see each figure’s question mark.")
left, right = st.columns(2)
with left:
    sections.card("open_tasks_per_day", day)
    sections.card("active_users_per_day", day)
with right:
    sections.card("created_and_completed_per_week", day)
    sections.card("overdue_by_priority", day)
