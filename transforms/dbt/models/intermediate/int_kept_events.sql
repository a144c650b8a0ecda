{% set columns = [
    'task_id', 'user_id', 'event_type', 'status', 'previous_status', 'was_deleted', 'priority', 'category', 'due_date',
    'previous_due_date', 'occurred_at', 'ingested_at', 'version', 'compared_at', 'merged_at'
] %}
{% set followed = high_water_mark(
    'select count(*) from ' ~ this ~ ' where {not_erased}',
    'select count(*) from ' ~ ref('stg_task_events') ~ ' where merged_at <= {utc} and {not_erased}',
    erased_users()
) %}
{% set mark = followed.mark %}
with

erased_users as (
    {{ erased_users() }}
),

events as (
    select *
    from {{ ref('stg_task_events') }}
    {% if mark -%}
        where merged_at > {{ utc(mark) }}
    {%- endif %}
),

-- Silver loses the events of an erased user some time after it learns of the erasure; gold need not wait for that.
kept_events as (
    select
        events.event_id,
        events.task_id,
        events.user_id,
        events.event_type,
        events.status,
        events.previous_status,
        events.was_deleted,
        events.priority,
        events.category,
        events.due_date,
        events.previous_due_date,
        events.occurred_at,
        events.ingested_at,
        events.version,
        {% if mark -%}
            cast(null as timestamp(6)) as compared_at,
        {%- else -%}
            cast(timestamp '{{ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') }}' as timestamp(6)) as compared_at,
        {%- endif %}
        cast(events.merged_at as timestamp(6)) as merged_at,
        events.event_date
    from events
    left join erased_users on events.user_id = erased_users.user_id
    where erased_users.user_id is null
),

{% if is_incremental() and (followed.erased or not mark) -%}
    gone_events as (
        select
            held.event_id,
            held.event_date
        from {{ this }} as held
        {% if mark -%}
            where held.user_id in (select user_id from erased_users)
        {%- else -%}
            left join kept_events on held.event_id = kept_events.event_id and held.event_date = kept_events.event_date
            where kept_events.event_id is null
        {%- endif %}
    ),

{% endif -%}
final as (
    {{ merge_rows(
        'kept_events', 'gone_events' if followed.erased or not mark else none, ['event_id', 'event_date'], columns
    ) }}
)

select * from final
