{{ config(tags=['every_row']) }}

-- What users see of their own tasks sums up to what the business sees of all of them. What is overdue does not: days of
-- users begin at other times than days of UTC.
with

insights as (
    select
        coalesce(sum(total_tasks), 0) as total_tasks,
        coalesce(sum(open_tasks), 0) as open_tasks,
        coalesce(sum(completed_tasks), 0) as completed_tasks
    from {{ ref('user_insights') }}
),

tasks as (
    select
        count(*) as total_tasks,
        count_if(is_open) as open_tasks,
        count_if({{ is_completed('status') }}) as completed_tasks
    from {{ ref('fct_tasks') }}
),

cycle_times as (
    select coalesce(sum(completed_tasks), 0) as completed_tasks from {{ ref('agg_cycle_time') }}
)

select
    insights.total_tasks,
    tasks.total_tasks as expected_total,
    insights.open_tasks,
    tasks.open_tasks as expected_open,
    insights.completed_tasks,
    tasks.completed_tasks as expected_completed,
    cycle_times.completed_tasks as completed_with_a_cycle_time
from insights
cross join tasks
cross join cycle_times
where
    insights.total_tasks != tasks.total_tasks
    or insights.open_tasks != tasks.open_tasks
    or insights.completed_tasks != tasks.completed_tasks
    or cycle_times.completed_tasks != tasks.completed_tasks
