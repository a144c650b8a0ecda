with

users as (
    select * from {{ ref('stg_users') }}
),

events_per_user as (
    select * from {{ ref('int_events_per_user') }}
),

-- Profiles and events travel separately, so either may arrive first.
users_with_events as (
    select
        coalesce(users.user_id, events_per_user.user_id) as user_id,
        users.email_masked,
        users.email_domain,
        users.name_masked,
        coalesce(users.is_deleted, false) as is_deleted,
        users.user_id is not null as is_known_profile,
        coalesce(
            least(users.created_at, events_per_user.first_event_at),
            users.created_at,
            events_per_user.first_event_at
        ) as first_seen,
        coalesce(
            greatest(users.updated_at, events_per_user.last_event_at),
            users.updated_at,
            events_per_user.last_event_at
        ) as last_updated
    from users
    full outer join events_per_user on users.user_id = events_per_user.user_id
),

final as (
    select
        user_id,

        email_masked as email,
        email_domain,
        name_masked as name,

        -- Hive tables hold milliseconds
        cast(first_seen as timestamp(3)) as first_seen,
        cast(last_updated as timestamp(3)) as last_updated,

        is_known_profile
    from users_with_events
    where not is_deleted
)

select * from final
