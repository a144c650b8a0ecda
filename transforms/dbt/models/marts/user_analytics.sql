with

users as (
    select * from {{ ref('dim_users') }}
),

events_per_user as (
    select * from {{ ref('int_events_per_user') }}
),

final as (
    select
        users.user_id,

        users.email,
        users.name,

        users.first_seen,
        users.last_updated,

        coalesce(events_per_user.total_events, 0) as total_events,
        coalesce(events_per_user.event_types, 0) as max_event_types
    from users
    left join events_per_user on users.user_id = events_per_user.user_id
)

select * from final
