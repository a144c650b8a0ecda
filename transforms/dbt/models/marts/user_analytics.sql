with

users as (
    select * from {{ ref('int_users') }}
),

final as (
    select
        user_id,

        email_masked as email,
        name_masked as name,

        first_seen,
        last_updated,

        total_events,
        event_types as max_event_types
    from users
)

select * from final
