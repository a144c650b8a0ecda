{% set columns = [
    'changes', 'events', 'tasks_created', 'tasks_updated', 'tasks_completed', 'tasks_reopened', 'tasks_cancelled',
    'tasks_deleted', 'tasks_restored', 'is_addition', 'followed_events', 'merged_at'
] %}
{#- A corrected change is due no more where it was counted: the sums differ, and everything is counted anew. -#}
{% set followed = high_water_mark(
    'select coalesce(sum(changes), 0) from ' ~ this ~ ' where {not_erased}',
    'select count(*) from ' ~ ref('int_kept_events') ~ ' where merged_at <= {mark}',
    erased_users(),
    lately=followed_events()
) %}
{% set mark = followed.mark %}
with

changes as (
    select *
    from {{ ref('int_kept_events') }}
    {% if mark -%}
        where merged_at > timestamp '{{ mark }}'
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

        {{ 'true' if mark else 'false' }} as is_addition,
        (select count(*) from {{ ref('int_kept_events') }}) as followed_events,
        max(merged_at) as merged_at,

        event_date as activity_date
    from changes
    group by event_date, user_id
),

{% if is_incremental() and (followed.erased or not mark) -%}
    gone_activity as (
        select
            held.activity_date,
            held.user_id
        from {{ this }} as held
        {% if mark -%}
            where held.user_id in ({{ erased_users() }})
        {%- else -%}
            left join activity on held.activity_date = activity.activity_date and held.user_id = activity.user_id
            where activity.user_id is null
        {%- endif %}
    ),

{% endif -%}
final as (
    {{ merge_rows(
        'activity', 'gone_activity' if followed.erased or not mark else none, ['activity_date', 'user_id'], columns
    ) }}
)

select * from final
