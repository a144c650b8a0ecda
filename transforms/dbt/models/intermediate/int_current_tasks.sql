{% set columns = [
    'task_id', 'user_id', 'status', 'priority', 'category', 'labels', 'parent_id', 'recurrence', 'previous_id',
    'is_deleted', 'due_at', 'due_date', 'created_at', 'updated_at', 'completed_at', 'version', 'sequence_number'
] %}
with

states as (
    select {{ columns | join(', ') }}
    from {{ ref('stg_tasks') }}
    union all
    select {{ columns | join(', ') }}
    from {{ ref('stg_changes') }}
    where entity_type = 'TASK'
),

ordered as (
    select
        *,
        row_number() over (
            partition by task_id
            order by version desc, {{ sequence_order('sequence_number') }} desc
        ) as place
    from states
),

final as (
    select {{ columns | join(', ') }}
    from ordered
    where place = 1
)

select * from final
