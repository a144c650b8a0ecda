with

users as (
    select * from {{ ref('int_users') }}
),

final as (
    select
        user_id,

        email_masked as email,
        name_masked as name,

        {{ first_seen() }} as first_seen,
        {{ last_updated() }} as last_updated,

        total_events,
        cast(
            if(has_created, 1, 0)
            + if(has_updated, 1, 0)
            + if(has_completed, 1, 0)
            + if(has_reopened, 1, 0)
            + if(has_cancelled, 1, 0)
            + if(has_deleted, 1, 0)
            + if(has_restored, 1, 0)
            as bigint
        ) as max_event_types
    from users
)

select * from final
