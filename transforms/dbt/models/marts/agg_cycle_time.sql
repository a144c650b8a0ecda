with

completed_tasks as (
    select * from {{ ref('fct_tasks') }} where {{ is_completed('status') }}
),

final as (
    select
        priority,
        coalesce(category, 'uncategorized') as category,

        count(*) as completed_tasks,
        {{ nearest_rank('cycle_time_hours', 0.5) }} as p50_hours,
        {{ nearest_rank('cycle_time_hours', 0.9) }} as p90_hours
    from completed_tasks
    group by priority, coalesce(category, 'uncategorized')
)

select * from final
