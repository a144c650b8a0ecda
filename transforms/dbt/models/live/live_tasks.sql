with

tasks as (
    select * from {{ ref('int_current_tasks') }}
),

erased_users as (
    select user_id
    from {{ ref('int_current_users') }}
    where is_deleted
),

states as (
    select
        tasks.*,
        {{ is_open('tasks.status') }} as is_open
    from tasks
    left join erased_users on tasks.user_id = erased_users.user_id
    where
        erased_users.user_id is null
        and not tasks.is_deleted
),

final as (
    select
        task_id,
        user_id,

        status,
        priority,
        category,
        labels,
        parent_id,
        recurrence,
        previous_id,

        due_date,
        created_at,
        updated_at,
        completed_at,

        is_open,
        {{ is_overdue('is_open', 'due_date', live_date()) }} as is_overdue,
        {{ cycle_time_hours('status', 'created_at', 'completed_at') }} as cycle_time_hours,
        version
    from states
)

select * from final
