{#- The business's key figures as common table expressions, from the relations `live_tasks` (rows as in fct_tasks) and
    `users` (with last_updated): gold's as of the last run and the live ones are the same figures. -#}
{% macro key_figures(day) -%}
    {%- set names = [
        'total_users', 'active_users', 'total_tasks', 'pending_tasks', 'in_progress_tasks', 'completed_tasks',
        'cancelled_tasks', 'open_tasks', 'overdue_tasks', 'high_priority_tasks', 'completion_rate_pct',
        'cycle_time_p50_hours', 'cycle_time_p90_hours'
    ] -%}
    task_figures as (
        select
            count(*) as total_tasks,
            count_if(status = 'pending') as pending_tasks,
            count_if(status = 'in_progress') as in_progress_tasks,
            count_if({{ is_completed('status') }}) as completed_tasks,
            count_if(status = 'cancelled') as cancelled_tasks,
            count_if(is_open) as open_tasks,
            count_if(is_overdue) as overdue_tasks,
            count_if(priority in ('high', 'urgent')) as high_priority_tasks,
            round({{ completion_rate_pct('status') }}, 2) as completion_rate_pct,
            {{ nearest_rank('cycle_time_hours', 0.5) }} as cycle_time_p50_hours,
            {{ nearest_rank('cycle_time_hours', 0.9) }} as cycle_time_p90_hours
        from live_tasks
    ),

    user_figures as (
        select
            count(*) as total_users,
            count_if({{ is_active('last_updated', day) }}) as active_users
        from users
    ),

    figures as (
        select
            user_figures.*,
            task_figures.*
        from user_figures
        cross join task_figures
    ),

    -- Crossing the one row of figures with their names reads the tasks once; a union would read them once per metric.
    metrics (metric) as (
        values
        {%- for metric in names %}
        ('{{ metric }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ),

    named as (
        select
            metrics.metric,

            cast(
                case metrics.metric
                    {%- for metric in names %}
                    when '{{ metric }}' then figures.{{ metric }}
                    {%- endfor %}
                end as double
            ) as value
        from figures
        cross join metrics
    )
{%- endmacro %}
