{% set columns = [
    'changes', 'events', 'tasks_created', 'tasks_updated', 'tasks_completed', 'tasks_reopened', 'tasks_cancelled',
    'tasks_deleted', 'tasks_restored', 'first_event_at', 'last_event_at', 'merged_at'
] %}
{% set mark = high_water_mark(
    'select coalesce(sum(changes), 0) from ' ~ this ~ ' where user_id not in (' ~ erased_users() ~ ')',
    'select count(*) from ' ~ ref('int_kept_events') ~ ' where merged_at <= {mark} and user_id not in ('
    ~ erased_users() ~ ')'
) %}
{% if mark -%}
    {% set days = query_column(
        'select distinct cast(event_date as varchar) from ' ~ ref('int_kept_events')
        ~ " where merged_at > timestamp '" ~ mark ~ "'"
    ) -%}
    {% set changed_days = "(date '" ~ (days or ['1970-01-01']) | join("', date '") ~ "')" -%}
{% endif -%}
{% set touched =
    '(held.activity_date in ' ~ changed_days ~ ' or held.user_id in (' ~ erased_users() ~ '))'
    if mark else 'true'
%}
with

changes as (
    select *
    from {{ ref('int_kept_events') }}
    {% if mark -%}
        where event_date in {{ changed_days }}
    {%- endif %}
),

-- A purge comes weeks after the user's last word on the task: it is no activity.
activity as (
    select
        user_id,

        count(*) as changes,
        count_if(event_type != 'purged') as events,
        count_if(event_type = 'created') as tasks_created,
        count_if(event_type = 'updated') as tasks_updated,
        count_if(event_type = 'completed') as tasks_completed,
        count_if(event_type = 'reopened') as tasks_reopened,
        count_if(event_type = 'cancelled') as tasks_cancelled,
        count_if(event_type = 'deleted') as tasks_deleted,
        count_if(event_type = 'restored') as tasks_restored,

        min(occurred_at) as first_event_at,
        max(case when event_type != 'purged' then occurred_at end) as last_event_at,

        max(merged_at) as merged_at,

        event_date as activity_date
    from changes
    group by event_date, user_id
),

{% if is_incremental() -%}
    gone_activity as (
        select
            held.activity_date,
            held.user_id
        from {{ this }} as held
        left join activity on held.activity_date = activity.activity_date and held.user_id = activity.user_id
        where
            activity.user_id is null
            and {{ touched }}
    ),

{% endif -%}
final as (
    {{ merge_rows('activity', 'gone_activity', ['activity_date', 'user_id'], columns) }}
)

select * from final
