{% set columns = [
    'changes', 'created_tasks', 'completed_tasks', 'reopened_tasks', 'cancelled_tasks', 'deleted_tasks',
    'restored_tasks', 'overdue_change', 'is_addition', 'merged_at'
] %}
{#- A corrected change is due no more where it was counted: the sums differ, and everything is counted anew. -#}
{% set mark = high_water_mark(
    'select coalesce(sum(changes), 0) from ' ~ this,
    'select count(*) from ' ~ ref('int_kept_events') ~ ' where merged_at <= {mark}'
).mark %}
with

events as (
    select
        *,
        {{ is_open_after_change() }} as is_open,
        {{ was_open_before_change() }} as was_open
    from {{ ref('int_kept_events') }}
    {% if mark -%}
        where merged_at > timestamp '{{ mark }}'
    {%- endif %}
),

-- An open task is overdue from the day after the due day, or from the day of the change if that is later.
changes as (
    select
        event_date,
        {{ backlog_effect() }} as effect,
        case
            when is_open and due_date is not null then greatest(event_date, {{ overdue_from('due_date') }})
        end as overdue_from,
        case
            when was_open and previous_due_date is not null
                then greatest(event_date, {{ overdue_from('previous_due_date') }})
        end as overdue_until,
        merged_at
    from events
),

steps as (
    select
        event_date as backlog_date,
        1 as changes,
        effect,
        0 as overdue_step,
        merged_at
    from changes
    union all
    select
        overdue_from as backlog_date,
        0 as changes,
        null as effect,
        1 as overdue_step,
        merged_at
    from changes
    where overdue_from is not null
    union all
    select
        overdue_until as backlog_date,
        0 as changes,
        null as effect,
        -1 as overdue_step,
        merged_at
    from changes
    where overdue_until is not null
),

days as (
    select
        backlog_date,

        sum(changes) as changes,
        count_if(effect = 'created') as created_tasks,
        count_if(effect = 'completed') as completed_tasks,
        count_if(effect = 'reopened') as reopened_tasks,
        count_if(effect = 'cancelled') as cancelled_tasks,
        count_if(effect = 'deleted') as deleted_tasks,
        count_if(effect = 'restored') as restored_tasks,
        sum(overdue_step) as overdue_change,

        {{ 'true' if mark else 'false' }} as is_addition,
        max(merged_at) as merged_at
    from steps
    group by backlog_date
),

{% if is_incremental() and not mark -%}
    gone_days as (
        select held.backlog_date
        from {{ this }} as held
        left join days on held.backlog_date = days.backlog_date
        where days.backlog_date is null
    ),

{% endif -%}
final as (
    {{ merge_rows('days', none if mark else 'gone_days', ['backlog_date'], columns) }}
)

select * from final
