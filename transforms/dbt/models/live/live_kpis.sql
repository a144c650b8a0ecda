with

live_tasks as (
    select * from {{ ref('live_tasks') }}
),

profiles as (
    select
        user_id,
        updated_at
    from {{ ref('int_current_users') }}
    where not is_deleted
),

erased_users as (
    select user_id
    from {{ ref('int_current_users') }}
    where is_deleted
),

activity as (
    select
        user_id,
        max(activity_date) as last_day
    from {{ ref('live_user_activity') }}
    group by user_id
),

-- tasks may arrive before their owner's profile
owners as (
    select distinct tasks.user_id
    from {{ ref('int_current_tasks') }} as tasks
    left join erased_users on tasks.user_id = erased_users.user_id
    where erased_users.user_id is null
),

users as (
    select
        coalesce(profiles.user_id, owners.user_id) as user_id,
        greatest(
            coalesce(profiles.updated_at, cast(activity.last_day as timestamp(6))),
            coalesce(cast(activity.last_day as timestamp(6)), profiles.updated_at)
        ) as last_updated
    from profiles
    full outer join owners on profiles.user_id = owners.user_id
    left join activity on coalesce(profiles.user_id, owners.user_id) = activity.user_id
),

{{ key_figures(live_date()) }},

-- without a completed task there is no cycle time
final as (
    select * from named where value is not null
)

select * from final
