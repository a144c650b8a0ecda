with

tasks as (
    select * from {{ ref('stg_tasks') }}
),

erased_users as (
    select user_id from {{ ref('stg_users') }} where is_deleted
),

-- A profile and its owner's tasks travel separately: tasks may still look alive in the run that learns of an erasure.
live_tasks as (
    select tasks.*
    from tasks
    left join erased_users on tasks.user_id = erased_users.user_id
    where
        not tasks.is_deleted
        and erased_users.user_id is null
)

select
    task_id,
    user_id,

    status,
    priority,
    category,

    due_date,
    created_at,
    updated_at,
    completed_at,

    version
from live_tasks
