"""The overview's key figures: now, and against the week before."""

import dataclasses
from typing import Any

import pandas as pd

from transforms.bi.metrics import render

TEMPLATE = """
with

as_of as (
    select max(backlog_date) as day from fct_daily_backlog
),

flows as (
    select
        sum(if(backlog.backlog_date > as_of.day - interval '7' day, backlog.created_tasks, 0)) as created,
        sum(if(backlog.backlog_date <= as_of.day - interval '7' day, backlog.created_tasks)) as created_before,
        sum(if(backlog.backlog_date > as_of.day - interval '7' day, backlog.completed_tasks, 0)) as completed,
        sum(if(backlog.backlog_date <= as_of.day - interval '7' day, backlog.completed_tasks)) as completed_before
    from fct_daily_backlog as backlog
    cross join as_of
    where backlog.backlog_date > as_of.day - interval '14' day
),

levels as (
    select
        max(if(backlog_date = as_of.day, open_tasks)) as open_tasks,
        max(if(backlog_date = as_of.day, overdue_tasks)) as overdue,
        max(if(backlog_date < as_of.day, open_tasks)) as open_tasks_before,
        max(if(backlog_date < as_of.day, overdue_tasks)) as overdue_before
    from fct_daily_backlog
    cross join as_of
    where backlog_date in (as_of.day, as_of.day - interval '7' day)
),

people as (
    select
        count(distinct if(activity.activity_date > as_of.day - interval '7' day, activity.user_id)) as active_users,
        count(distinct if(activity.activity_date <= as_of.day - interval '7' day, activity.user_id))
            as active_users_before
    from fct_daily_activity as activity
    cross join as_of
    where activity.activity_date > as_of.day - interval '14' day
),

cycles as (
    select
        if(tasks.completed_at >= as_of.day - interval '27' day, tasks.cycle_time_hours) as hours,
        if(tasks.completed_at < as_of.day - interval '27' day, tasks.cycle_time_hours) as hours_before
    from fct_tasks as tasks
    cross join as_of
    where tasks.completed_at >= as_of.day - interval '55' day and tasks.cycle_time_hours is not null
),

speed as (
    select
        {{ nearest_rank('hours', 0.5) }} as cycle_hours,
        {{ nearest_rank('hours_before', 0.5) }} as cycle_hours_before
    from cycles
)

select
    flows.*,
    levels.*,
    speed.*,
    people.active_users,
    -- without days before there is nothing to compare with
    if(flows.created_before is not null, people.active_users_before) as active_users_before
from flows
cross join levels
cross join people
cross join speed
"""
SQL = render(TEMPLATE)


@dataclasses.dataclass(frozen=True)
class Figure:
    """One key figure.

    Args:
        value: as it is shown.
        delta: against the time before, with its sign; None when there is no time before.
        good: which way is good: `normal` up, `inverse` down, `off` neither.
        changed: whether it is another figure than before.
    """

    label: str
    value: str
    delta: str | None
    good: str
    help: str
    changed: bool = False


def figures(frame: pd.DataFrame) -> list[Figure]:
    """The key figures in the one row that `SQL` gives."""
    row = frame.iloc[0]
    now = "At the end of the last day, against seven days before"
    week = "The last 7 calendar days, the last of which is not over, against the 7 before"
    month = "Median of the last 28 calendar days, against the 28 before"
    return [
        _figure("Open tasks now", row.open_tasks, row.open_tasks_before, "inverse", now),
        _figure("Overdue now", row.overdue, row.overdue_before, "inverse", now),
        _figure("Created, 7 days", row.created, row.created_before, "off", week),
        _figure("Completed, 7 days", row.completed, row.completed_before, "normal", week),
        _figure("Users active, 7 days", row.active_users, row.active_users_before, "normal", week),
        _figure("Median cycle time, 28 days", row.cycle_hours, row.cycle_hours_before, "inverse", month, " h"),
    ]


def _figure(label: str, now: Any, before: Any, good: str, help_: str, unit: str = "") -> Figure:
    if pd.isna(now):
        return Figure(label, "–", None, "off", help_)
    digits = 1 if unit else 0
    delta = None if pd.isna(before) else f"{now - before:+,.{digits}f}{unit}"
    changed = bool(now != before)
    return Figure(label, f"{now:,.{digits}f}{unit}", delta, good if changed else "off", help_, changed)
