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
        -- Hive tables hold milliseconds
        cast(created_at as timestamp(3)) as created_at,
        cast(updated_at as timestamp(3)) as updated_at,
        cast(completed_at as timestamp(3)) as completed_at,

        coalesce(status in ('pending', 'in_progress') and due_date < {{ as_of_date() }}, false) as is_overdue,
        case when status = 'completed' then date_diff('millisecond', created_at, completed_at) / 3.6e6 end
            as cycle_time_hours,
        version
    from live_tasks
)

select * from final
