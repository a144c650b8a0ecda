"""The rows behind a metric: the tasks or users that it counts now, of one user, or on one day, with their last events.

The metrics' own definitions say what counts (transforms/dbt/macros/metrics.sql). The published figure is read beside
the rows, so that both can be compared.
"""

# ruff: noqa: S608  metrics, columns and days are names and dates, users and tasks are escaped literals

import dataclasses
import datetime as dt
from typing import Literal

from transforms.bi.explain.cells import ExplainError
from transforms.bi.metrics import render

Kind = Literal["count", "share", "rank"]
TASK_COLUMNS = "tasks.task_id, tasks.user_id, tasks.status, tasks.priority, tasks.category, tasks.due_date"
_TODAY = "cast(at_timezone(with_timezone(insights.as_of, 'UTC'), insights.time_zone) as date)"
# of live tasks; `counted` is 1 for each task that the metric counts
_TASKS = {
    "total_tasks": "true",
    "open_tasks": "{{ is_open('tasks.status') }}",
    "completed_tasks": "{{ is_completed('tasks.status') }}",
    "pending_tasks": "tasks.status = 'pending'",
    "in_progress_tasks": "tasks.status = 'in_progress'",
    "cancelled_tasks": "tasks.status = 'cancelled'",
    "high_priority_tasks": "tasks.priority in ('high', 'urgent')",
    "overdue_tasks": "tasks.is_overdue",
    "completion_rate_pct": "{{ is_completed('tasks.status') }}",
}
_RANKS = {"cycle_time_p50_hours": 0.5, "cycle_time_p90_hours": 0.9}
_USERS = {"total_users": "true", "active_users": "{{ is_active('users.last_updated', 'as_of.day') }}"}
_LEVELS = ("open_tasks", "overdue_tasks")
_FLOWS = ("created", "completed", "reopened", "cancelled", "deleted", "restored")
OF_A_USER = frozenset({"total_tasks", "open_tasks", "completed_tasks", "overdue_tasks", "completion_rate_pct", *_RANKS})
"""Metrics that `user_insights`, and so `/insights`, has of each user."""

OF_A_DAY = frozenset({*_LEVELS, *(f"{flow}_tasks" for flow in _FLOWS)})
"""Metrics that `fct_daily_backlog` has of each day."""

METRICS = tuple(sorted({*_TASKS, *_RANKS, *_USERS, *OF_A_DAY}))


@dataclasses.dataclass(frozen=True)
class Explanation:
    """How to see what a metric counts.

    Args:
        figure: SQL of the figure that is published, one row and column; empty when none is for this choice.
        rows: SQL of the rows behind it, with a column `counted`, or `hours` of a cycle time.
        kind: `count`: as many as have `counted` 1; `share`: their percentage; `rank`: hours by nearest rank.
        share: of a rank, such as 0.5 for the median.
    """

    figure: str
    rows: str
    kind: Kind
    share: float = 0


def explain_metric(metric: str, user: str = "", day: dt.date | None = None) -> Explanation:
    """How to see what a metric counts.

    Args:
        metric: one of METRICS.
        user: identifier of a user; empty for all.
        day: the end of a past day, UTC; None for what is published now.

    Raises:
        ExplainError: there is no such metric, or not of a user or a day.
    """
    if metric not in METRICS:
        raise ExplainError(f"there is no metric {metric}; there are: {', '.join(METRICS)}")
    if day and metric not in OF_A_DAY:
        raise ExplainError(f"{metric} is not kept by day; these are: {', '.join(sorted(OF_A_DAY))}")
    if not day and metric not in {*_TASKS, *_RANKS, *_USERS}:
        raise ExplainError(f"{metric} is a figure of one day: say which one with --day")
    if user and metric in _USERS:
        raise ExplainError(f"{metric} counts users, and is no figure of one user")
    if day:
        return _of_day(metric, user, day)
    if metric in _USERS:
        return _users(metric)
    return _tasks(metric, user)


def events_of(task: str) -> str:
    """SQL of every change of a task, the first one first."""
    return f"select * from fct_task_events where task_id = {_literal(task)} order by version, occurred_at"


def _tasks(metric: str, user: str) -> Explanation:
    if user and metric in OF_A_USER:
        figure = f"select {metric} from user_insights where user_id = {_literal(user)}"
    elif user:
        figure = ""
    else:
        figure = f"select value from business_metrics_kpis where metric = {_literal(metric)}"
    counted = _TASKS.get(metric, _TASKS["completed_tasks"])
    source, where = "fct_tasks as tasks", "true"
    if user and metric == "overdue_tasks":
        # by the clock of the user, as user_insights has it
        source = "int_live_tasks as tasks inner join user_insights as insights on tasks.user_id = insights.user_id"
        arguments = f'"tasks.is_open", "tasks.due_date", "{_TODAY}", "tasks.due_at", "insights.as_of"'
        counted = f"{{{{ is_overdue({arguments}) }}}}"
    if user:
        where = f"tasks.user_id = {_literal(user)}"
    shown = f"{TASK_COLUMNS}, if({counted}, 1, 0) as counted"
    if metric in _RANKS:
        shown, where = (
            f"{TASK_COLUMNS}, tasks.cycle_time_hours as hours",
            f"{where} and tasks.cycle_time_hours is not null",
        )
        return Explanation(
            figure, _with_last_event(f"select {shown} from {source} where {where}"), "rank", _RANKS[metric]
        )
    share = metric == "completion_rate_pct"
    if not share:
        where = f"{where} and ({counted})"
    return Explanation(
        figure, _with_last_event(f"select {shown} from {source} where {where}"), "share" if share else "count"
    )


def _with_last_event(tasks: str) -> str:
    return render(f"""
with

tasks as (
    {tasks}
),

last_events as (
    select
        task_id,
        max_by(event_id, version) as last_event_id,
        max_by(event_type, version) as last_event,
        max(occurred_at) as last_event_at,
        count(*) as events
    from fct_task_events
    where task_id in (select task_id from tasks)
    group by task_id
)

select tasks.*, last_events.last_event_id, last_events.last_event, last_events.last_event_at, last_events.events
from tasks
left join last_events on tasks.task_id = last_events.task_id
order by tasks.user_id, tasks.task_id
""")


def _users(metric: str) -> Explanation:
    return Explanation(
        f"select value from business_metrics_kpis where metric = {_literal(metric)}",
        render(f"""
with as_of as (select max(backlog_date) as day from fct_daily_backlog)
select users.user_id, users.first_seen, users.last_updated, users.total_events as events, 1 as counted
from user_analytics as users
cross join as_of
where {_USERS[metric]}
order by users.user_id
"""),
        "count",
    )


def _of_day(metric: str, user: str, day: dt.date) -> Explanation:
    date = f"date '{day}'"
    # nothing publishes the figure of one user's past day
    figure = "" if user else f"select {metric} from fct_daily_backlog where backlog_date = {date}"
    of_user = f"and user_id = {_literal(user)}" if user else ""
    columns = "task_id, user_id, status, priority, category, due_date"
    event = "event_id as last_event_id, event_type as last_event, occurred_at as last_event_at, 1 as counted"
    if metric not in _LEVELS:
        effect = metric.removesuffix("_tasks")
        return Explanation(
            figure,
            render(f"""
select {columns}, {event}
from int_kept_events
where event_date = {date} {of_user} and {{{{ backlog_effect() }}}} = '{effect}'
order by user_id, task_id, version
"""),
            "count",
        )
    late = f"and {{{{ overdue_from('due_date') }}}} <= {date}" if metric == "overdue_tasks" else ""
    return Explanation(
        figure,
        render(f"""
with

states as (
    select *, row_number() over (partition by task_id order by version desc, occurred_at desc, event_id desc) as place
    from fct_task_events
    where event_date <= {date} {of_user}
)

select {columns}, {event}
from states
where place = 1 and {{{{ is_open_after_change() }}}} {late}
order by user_id, task_id
"""),
        "count",
    )


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
