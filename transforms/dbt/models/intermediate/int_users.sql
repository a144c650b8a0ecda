with

changes as (
    select * from {{ ref('int_user_changes') }}
),

latest_profiles as (
    select
        *,
        row_number() over (partition by user_id order by merged_at desc) as place
    from changes
    where is_known_profile
),

activity as (
    select
        user_id,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at,
        cast(sum(changes) as bigint) as changes,
        cast(sum(total_events) as bigint) as total_events,
        bool_or(has_created) as has_created,
        bool_or(has_updated) as has_updated,
        bool_or(has_completed) as has_completed,
        bool_or(has_reopened) as has_reopened,
        bool_or(has_cancelled) as has_cancelled,
        bool_or(has_deleted) as has_deleted,
        bool_or(has_restored) as has_restored,
        max(merged_at) as merged_at
    from changes
    group by user_id
),

final as (
    select
        activity.user_id,

        profiles.email_masked,
        profiles.email_domain,
        profiles.name_masked,
        profiles.user_id is not null as is_known_profile,
        profiles.created_at,
        profiles.updated_at,

        activity.first_event_at,
        activity.last_event_at,
        activity.changes,
        activity.total_events,
        activity.has_created,
        activity.has_updated,
        activity.has_completed,
        activity.has_reopened,
        activity.has_cancelled,
        activity.has_deleted,
        activity.has_restored,

        activity.merged_at
    from activity
    left join latest_profiles as profiles
        on
            activity.user_id = profiles.user_id
            and profiles.place = 1
)

select * from final
