with

live_tasks as (
    select * from {{ ref('fct_tasks') }}
),

tasks_per_user as (
    select
        user_id,

        count(*) as total_tasks,
        count_if({{ is_completed('status') }}) as completed_tasks,
        count_if(status = 'pending') as pending_tasks,
        count_if(status = 'in_progress') as in_progress_tasks,

        cast(min(created_at) as date) as first_task_date,
        cast(max(created_at) as date) as last_task_date
    from live_tasks
    group by user_id
)

select * from tasks_per_user
