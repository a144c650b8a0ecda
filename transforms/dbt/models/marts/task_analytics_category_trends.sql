with

live_tasks as (
    select * from {{ ref('fct_tasks') }}
),

tasks_per_category as (
    select
        coalesce(category, 'uncategorized') as category,

        count(*) as total_tasks,
        count_if({{ is_completed('status') }}) as completed_tasks
    from live_tasks
    group by coalesce(category, 'uncategorized')
)

select * from tasks_per_category
