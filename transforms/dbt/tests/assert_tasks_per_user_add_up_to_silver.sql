{{ config(tags=['every_row']) }}

-- Reads silver itself, not the models between, so that a row lost or doubled on the way shows.
with

in_silver as (
    select count(*) as live_tasks
    from {{ source('silver', 'tasks') }}
    where
        not is_deleted
        and user_id not in (select user_id from {{ source('silver', 'users') }} where is_deleted)
),

in_gold as (
    select coalesce(sum(total_tasks), 0) as total_tasks from {{ ref('task_analytics_user_metrics') }}
)

select
    in_silver.live_tasks,
    in_gold.total_tasks
from in_silver
cross join in_gold
where in_silver.live_tasks != in_gold.total_tasks
