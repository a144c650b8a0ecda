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
        labels,
        parent_id,
        recurrence,
        previous_id,

        due_date,
        created_at,
        updated_at,
        completed_at,

        is_open,
        {{ is_overdue('is_open', 'due_date', as_of_date()) }} as is_overdue,
        cycle_time_hours,
        version
    from live_tasks
)

select * from final
