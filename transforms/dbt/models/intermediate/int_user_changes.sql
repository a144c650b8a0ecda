{% set columns = [
    'email_masked', 'email_domain', 'name_masked', 'is_known_profile', 'created_at', 'updated_at', 'first_event_at',
    'last_event_at', 'changes', 'total_events', 'has_created', 'has_updated', 'has_completed', 'has_reopened',
    'has_cancelled', 'has_deleted', 'has_restored', 'followed_events'
] %}
{% set changed_profiles = 'select user_id from ' ~ ref('stg_users') ~ ' where merged_at > {utc}' %}
{#- A corrected change is due no more where it was counted: the sums differ, and everything is counted anew. -#}
{% set followed = high_water_mark(
    'select coalesce(sum(changes), 0) + count(distinct case when is_known_profile and user_id not in ('
    ~ changed_profiles ~ ') then user_id end) from ' ~ this ~ ' where {not_erased}',
    '(select count(*) from ' ~ ref('int_kept_events') ~ ' where merged_at <= {mark})'
    ~ ' + (select count(*) from ' ~ ref('stg_users') ~ ' where merged_at <= {utc} and not is_deleted)',
    erased_users(),
    lately=followed_events(),
    key='user_id'
) %}
{% set mark = followed.mark %}
with

profiles as (
    select *
    from {{ ref('stg_users') }}
    where
        not is_deleted
        and {{ 'merged_at > ' ~ utc(mark) if mark else 'true' }}
),

activity as (
    select
        user_id,
        min(occurred_at) as first_event_at,
        max(case when event_type != 'purged' then occurred_at end) as last_event_at,
        count(*) as changes,
        count_if(event_type != 'purged') as total_events,
        bool_or(event_type = 'created') as has_created,
        bool_or(event_type = 'updated') as has_updated,
        bool_or(event_type = 'completed') as has_completed,
        bool_or(event_type = 'reopened') as has_reopened,
        bool_or(event_type = 'cancelled') as has_cancelled,
        bool_or(event_type = 'deleted') as has_deleted,
        bool_or(event_type = 'restored') as has_restored,
        max(merged_at) as merged_at
    from {{ ref('int_kept_events') }}
    {% if mark -%}
        where merged_at > timestamp '{{ mark }}'
    {%- endif %}
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
        profiles.created_at,
        profiles.updated_at,
        activity.first_event_at,
        activity.last_event_at,
        coalesce(activity.changes, 0) as changes,
        coalesce(activity.total_events, 0) as total_events,
        coalesce(activity.has_created, false) as has_created,
        coalesce(activity.has_updated, false) as has_updated,
        coalesce(activity.has_completed, false) as has_completed,
        coalesce(activity.has_reopened, false) as has_reopened,
        coalesce(activity.has_cancelled, false) as has_cancelled,
        coalesce(activity.has_deleted, false) as has_deleted,
        coalesce(activity.has_restored, false) as has_restored,
        (select count(*) from {{ ref('int_kept_events') }}) as followed_events,
        greatest(
            coalesce(cast(profiles.merged_at as timestamp(6)), activity.merged_at),
            coalesce(activity.merged_at, cast(profiles.merged_at as timestamp(6)))
        ) as merged_at
    from profiles
    full outer join activity on profiles.user_id = activity.user_id
),

{% if is_incremental() and (followed.erased or not mark) -%}
    gone_users as (
        select
            held.user_id,
            held.merged_at
        from {{ this }} as held
        {% if mark -%}
            where held.user_id in ({{ erased_users() }})
        {%- else -%}
            left join users on held.user_id = users.user_id and held.merged_at = users.merged_at
            where users.user_id is null
        {%- endif %}
    ),

{% endif -%}
final as (
    {{ merge_rows('users', 'gone_users' if followed.erased or not mark else none, ['user_id', 'merged_at'], columns) }}
)

select * from final
