with

live_tasks as (
    select * from {{ ref('fct_tasks') }}
),

users as (
    select * from {{ ref('user_analytics') }}
),

{{ key_figures(as_of_date()) }},

-- without a completed task there is no cycle time
final as (
    select * from named where value is not null
)

select * from final
