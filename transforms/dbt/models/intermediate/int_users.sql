{% set columns = [
    'email_masked', 'email_domain', 'name_masked', 'is_known_profile', 'first_seen', 'last_updated', 'total_events',
    'event_types', 'merged_at'
] %}
{% set unchanged = 'user_id not in (' ~ erased_users() ~ ')'
    ~ ' and user_id not in (select user_id from ' ~ ref('stg_users') ~ ' where merged_at > {utc})'
    ~ ' and user_id not in (select user_id from ' ~ ref('int_daily_activity') ~ ' where merged_at > {mark})'
%}
{% set mark = high_water_mark(
    'select coalesce(sum(total_events), 0) + count_if(is_known_profile) from ' ~ this ~ ' where ' ~ unchanged,
    '(select coalesce(sum(events), 0) from ' ~ ref('int_daily_activity') ~ ' where ' ~ unchanged ~ ')'
    ~ ' + (select count(*) from ' ~ ref('stg_users') ~ ' where ' ~ unchanged ~ ')'
) %}
{% set changed_users -%}
    select user_id from {{ ref('stg_users') }} where merged_at > {{ utc(mark) }}
    union distinct
    select user_id from {{ ref('int_daily_activity') }} where merged_at > timestamp '{{ mark }}'
{%- endset %}
{% set is_changed = 'user_id in (' ~ changed_users ~ ')' if mark else 'true' %}
with

erased_users as (
    {{ erased_users() }}
),

profiles as (
    select *
    from {{ ref('stg_users') }}
    where
        not is_deleted
        and {{ is_changed }}
),

activity as (
    select
        user_id,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at,
        sum(events) as total_events,
        max(case when tasks_created > 0 then 1 else 0 end)
        + max(case when tasks_updated > 0 then 1 else 0 end)
        + max(case when tasks_completed > 0 then 1 else 0 end)
        + max(case when tasks_reopened > 0 then 1 else 0 end)
        + max(case when tasks_cancelled > 0 then 1 else 0 end)
        + max(case when tasks_deleted > 0 then 1 else 0 end)
        + max(case when tasks_restored > 0 then 1 else 0 end) as event_types,
        max(merged_at) as merged_at
    from {{ ref('int_daily_activity') }}
    where
        user_id not in (select user_id from erased_users)
        and {{ is_changed }}
    group by user_id
),

-- Profiles and events travel separately, so either may arrive first.
users as (
    select
        coalesce(profiles.user_id, activity.user_id) as user_id,
        profiles.email_masked,
        profiles.email_domain,
        profiles.name_masked,
        profiles.user_id is not null as is_known_profile,
        coalesce(
            least(profiles.created_at, activity.first_event_at), profiles.created_at, activity.first_event_at
        ) as first_seen,
        coalesce(
            greatest(profiles.updated_at, activity.last_event_at),
            profiles.updated_at,
            activity.last_event_at,
            activity.first_event_at
        ) as last_updated,
        cast(coalesce(activity.total_events, 0) as bigint) as total_events,
        cast(coalesce(activity.event_types, 0) as bigint) as event_types,
        greatest(
            coalesce(cast(profiles.merged_at as timestamp(6)), activity.merged_at),
            coalesce(activity.merged_at, cast(profiles.merged_at as timestamp(6)))
        ) as merged_at
    from profiles
    full outer join activity on profiles.user_id = activity.user_id
),

{% if is_incremental() -%}
    gone_users as (
        select held.user_id
        from {{ this }} as held
        {% if mark -%}
            where held.user_id in (select user_id from erased_users)
        {%- else -%}
            left join users on held.user_id = users.user_id
            where users.user_id is null
        {%- endif %}
    ),

{% endif -%}
final as (
    {{ merge_rows('users', 'gone_users', ['user_id'], columns) }}
)

select * from final
