"""Changes of models, planted one at a time: what a reviewer might see in a pull request."""

from typing import NamedTuple


class Change(NamedTuple):
    """One change.

    Args:
        model: whose SQL it is.
        old: words of it, as they are compiled.
        new: what takes their place.
    """

    model: str
    old: str
    new: str


CHANGES = (
    Change("stg_tasks", "nullif(trim(category), '') as", "upper(nullif(trim(category), '')) as"),
    Change("stg_tasks", "        priority,\n", "        'low' as priority,\n"),
    Change("stg_tasks", "        due_date,\n", "        due_date - interval '9' day as due_date,\n"),
    Change("stg_tasks", "cast(due_at as timestamp(6))", "cast(due_at as timestamp(6)) - interval '9' day"),
    Change(
        "stg_tasks", "cast(completed_at as timestamp(6))", "cast(completed_at as timestamp(6)) + interval '30' hour"
    ),
    Change("stg_task_events", "nullif(trim(category), '')", "upper(nullif(trim(category), ''))"),
    Change("stg_task_events", "cast(occurred_at as date)", "cast(occurred_at as date) - interval '1' day"),
    Change(
        "stg_task_events",
        "        event_type,\n",
        "        if(event_type = 'reopened', 'updated', event_type) as event_type,\n",
    ),
    Change("stg_users", "        time_zone,\n", "        'Pacific/Midway' as time_zone,\n"),
    Change("stg_users", "        email_domain,\n", "        upper(email_domain) as email_domain,\n"),
    Change("stg_users", "        name_masked,\n", "        '?' as name_masked,\n"),
    Change("stg_api_requests", "        duration_ms,\n", "        2 * duration_ms as duration_ms,\n"),
    Change("stg_api_requests", "    from source\n", "    from source\n    where status_code < 400\n"),
    Change(
        "int_kept_events",
        "where erased_users.user_id is null",
        "where erased_users.user_id is null and events.version > 1",
    ),
    Change("int_task_states", "tasks.status in ('pending', 'in_progress')", "tasks.status in ('pending')"),
    Change("int_task_states", "/ 3.6e6", "/ 60e3"),
    Change("int_live_tasks", "        and is_live", "        and is_live\n        and status <> 'cancelled'"),
    Change("int_user_changes", "bool_or(event_type = 'deleted')", "bool_or(event_type = 'purged')"),
    Change("int_user_changes", "max(case when event_type != 'purged' then occurred_at end)", "min(occurred_at)"),
    Change("int_users", "min(first_event_at) as", "max(last_event_at) as"),
    Change("int_daily_backlog", "-1 as overdue_step", "-2 as overdue_step"),
    Change("int_daily_activity", "count_if(event_type = 'completed')", "count_if(event_type = 'created')"),
    Change("fct_tasks", "as is_overdue", "and priority = 'high' as is_overdue"),
    Change("fct_tasks", "        priority,\n", "        upper(priority) as priority,\n"),
    Change("fct_daily_backlog", "- deleted_tasks", "- 2 * deleted_tasks"),
    Change("fct_daily_activity", "where events > 0", "where events > 1"),
    Change("fct_task_status_periods", "turning_points.ended_at is null as is_current", "false as is_current"),
    Change("dim_dates", "date_trunc('week', date_day)", "date_trunc('week', date_day) - interval '1' day"),
    Change("dim_users", "        email_domain,\n", "        'example.com' as email_domain,\n"),
    Change("agg_cycle_time", "ceiling(0.9 *", "ceiling(0.1 *"),
    Change("agg_cohort_retention", "round(1e2 *", "round(1e1 *"),
    Change("user_insights", "max(streaks.days)", "min(streaks.days)"),
    Change("user_insights", "order by total desc, category asc", "order by total asc, category asc"),
    Change("business_metrics_kpis", "priority in ('high', 'urgent')", "priority in ('urgent')"),
    Change("user_analytics", "        total_events,\n", "        2 * total_events as total_events,\n"),
    Change("task_analytics_category_trends", "count(*) as total_tasks", "2 * count(*) as total_tasks"),
)
