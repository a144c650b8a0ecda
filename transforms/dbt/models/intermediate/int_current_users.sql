{% set columns = ['user_id', 'is_deleted', 'created_at', 'updated_at', 'version', 'sequence_number'] %}
with

states as (
    select {{ columns | join(', ') }}
    from {{ ref('stg_users') }}
    union all
    select {{ columns | join(', ') }}
    from {{ ref('stg_changes') }}
    where entity_type = 'USER'
),

-- an erased user who comes back starts again at version 1
ordered as (
    select
        *,
        row_number() over (
            partition by user_id
            order by created_at desc, version desc, {{ sequence_order('sequence_number') }} desc
        ) as place
    from states
),

final as (
    select {{ columns | join(', ') }}
    from ordered
    where place = 1
)

select * from final
