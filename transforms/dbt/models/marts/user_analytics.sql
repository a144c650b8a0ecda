with

users as (
    select * from {{ ref('stg_users') }}
),

events as (
    select * from {{ ref('stg_task_events') }}
),

events_per_user as (
    select
        user_id,
        min(occurred_at) as first_event_at,
        max(occurred_at) as last_event_at,
        count(*) as total_events,
        count(distinct event_type) as event_types
    from events
    group by user_id
),

-- Profiles and events travel separately, so either may arrive first.
users_with_events as (
    select
        coalesce(users.user_id, events_per_user.user_id) as user_id,
        users.email_masked,
        users.name_masked,
        coalesce(users.is_deleted, false) as is_deleted,
        coalesce(
            least(users.created_at, events_per_user.first_event_at),
            users.created_at,
            events_per_user.first_event_at
        ) as first_seen,
        coalesce(
            greatest(users.updated_at, events_per_user.last_event_at),
            users.updated_at,
            events_per_user.last_event_at
        ) as last_updated,
        coalesce(events_per_user.total_events, 0) as total_events,
        coalesce(events_per_user.event_types, 0) as event_types
    from users
    full outer join events_per_user on users.user_id = events_per_user.user_id
),

final as (
    select
        user_id,

        email_masked as email,
        name_masked as name,

        -- Hive tables hold milliseconds
        cast(first_seen as timestamp(3)) as first_seen,
        cast(last_updated as timestamp(3)) as last_updated,

        total_events,
        event_types as max_event_types
    from users_with_events
    where not is_deleted
)

select * from final
