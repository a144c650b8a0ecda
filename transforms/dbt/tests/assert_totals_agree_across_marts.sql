{{ config(tags=['every_row']) }}

-- The same tasks are counted by user, by category and in total: three sums, one figure.
with

by_user as (
    select
        coalesce(sum(total_tasks), 0) as total_tasks,
        coalesce(sum(completed_tasks), 0) as completed_tasks
    from {{ ref('task_analytics_user_metrics') }}
),

by_category as (
    select
        coalesce(sum(total_tasks), 0) as total_tasks,
        coalesce(sum(completed_tasks), 0) as completed_tasks
    from {{ ref('task_analytics_category_trends') }}
),

overall as (
    select
        max(case when metric = 'total_tasks' then cast(value as bigint) end) as total_tasks,
        max(case when metric = 'completed_tasks' then cast(value as bigint) end) as completed_tasks
    from {{ ref('business_metrics_kpis') }}
)

select
    by_user.total_tasks as by_user_total,
    by_category.total_tasks as by_category_total,
    overall.total_tasks as overall_total,
    by_user.completed_tasks as by_user_completed,
    by_category.completed_tasks as by_category_completed,
    overall.completed_tasks as overall_completed
from by_user
cross join by_category
cross join overall
where
    by_user.total_tasks != overall.total_tasks
    or by_category.total_tasks != overall.total_tasks
    or by_user.completed_tasks != overall.completed_tasks
    or by_category.completed_tasks != overall.completed_tasks
