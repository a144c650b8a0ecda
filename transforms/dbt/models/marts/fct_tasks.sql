with

live_tasks as (
    select * from {{ ref('int_live_tasks') }}
),

final as (
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

        is_open,
        {{ is_overdue('is_open', 'due_date') }} as is_overdue,
        case when status = 'completed' then date_diff('millisecond', created_at, completed_at) / 3.6e6 end
            as cycle_time_hours,
        version
    from live_tasks
)

select * from final
